package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const modulePath = "github.com/netrepl/netrepl"

const internal = 7 // the rank of luaapi/internal/...

// rank is where a package stands: it may import only what stands lower, that
// is, has a higher rank. Packages in luaapi/internal may import each other.
func rank(path string) int {
	switch first, rest, _ := strings.Cut(path, "/"); {
	case path == "":
		return 0
	case path == "repl/launch":
		return 1
	case path == "repl/term":
		return 2
	case first == "repl":
		return 3
	case path == "luaapi":
		return 4
	case rest == "stub":
		return 6
	case strings.HasPrefix(rest, "internal/"):
		return internal
	case rest == "vm":
		return 8
	case rest == "arg":
		return 9
	}
	return 5 // a module, or luatest
}

// only names the packages that alone may import a library.
var only = map[string]string{
	"github.com/chzyer/readline": "repl/term",
	"github.com/spf13/pflag":     "luaapi/internal/args",
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	own := func(path string) (string, bool) {
		if path == modulePath {
			return "", true
		}
		return strings.CutPrefix(path, modulePath+"/")
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		words := strings.Fields(line)
		from, _ := own(words[0])
		for _, imported := range words[1:] {
			to, ok := own(imported)
			switch {
			case ok && rank(from) == internal && rank(to) == internal:
			case ok && rank(to) <= rank(from):
				t.Errorf("%s imports %s", from, to)
			case !ok && only[imported] != "" && only[imported] != from:
				t.Errorf("%s imports %s", from, imported)
			}
		}
	}
}

// The world outside is reached in few places: standard input and output, the
// process's arguments and its end in main.go, the network in the host. Modules
// have the host for files and the environment, too.
func TestOneDoor(t *testing.T) {
	t.Parallel()
	allowed := func(file, pkg, name string) bool {
		any := func(prefixes ...string) bool {
			for _, p := range prefixes {
				if strings.HasPrefix(name, p) {
					return true
				}
			}
			return false
		}
		host := strings.HasPrefix(file, "luaapi/vm/")
		module := strings.HasPrefix(file, "luaapi/") && !host && !strings.HasPrefix(file, "luaapi/luatest/")
		switch pkg {
		case "os":
			switch name {
			case "Stdin", "Stdout", "Stderr", "Args", "Exit":
				return file == "main.go"
			}
			return !module || !any("Open", "Create", "ReadFile", "WriteFile", "Remove", "Rename", "Mkdir", "Getenv", "LookupEnv", "Environ")
		case "fmt":
			return file == "main.go" || !any("Print")
		case "net":
			return host || name == "Dialer" || name == "Listener" || name == "ListenConfig" || !any("Dial", "Listen", "Lookup")
		}
		return true
	}
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		path = filepath.ToSlash(path)
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := s.X.(*ast.Ident); ok && !allowed(path, pkg.Name, s.Sel.Name) {
				t.Errorf("%s: %s.%s", files.Position(s.Pos()), pkg.Name, s.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
