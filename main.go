// Command netrepl runs Lua scripts in which sockets, servers and protocols are
// values, and opens a prompt for the same. This file is the only one that
// names the process's input, output, arguments and exit.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/netrepl/netrepl/luaapi"
	"github.com/netrepl/netrepl/luaapi/vm"
	"github.com/netrepl/netrepl/repl"
	"github.com/netrepl/netrepl/repl/launch"
)

func main() { os.Exit(run(os.Args[1:])) }

// wrongUsage is the exit status after a wrong command line.
const wrongUsage = 2

// run does what a command line says and answers the exit status.
func run(words []string) int {
	cmd := &luaapi.Command{
		Name:     "netrepl",
		Synopsis: "[flags] [script.lua [args...]]",
		About: "Runs a script or some code. With neither it opens a prompt, or runs its input if " +
			"that is no terminal. A word such as doc is a command; ./doc and doc.lua are scripts.",
		FlagsFirst: true,
		Flags: []luaapi.Param{
			{Name: "eval", Short: "e", Type: value("CODE"), List: true, Doc: "run code"},
			{Name: "print", Short: "p", Type: value("EXPR"), List: true, Doc: "print the values of an expression"},
			{Name: "load", Short: "l", Type: value("MODULE"), List: true, Doc: "require a module"},
			{Name: "interactive", Short: "i", Type: luaapi.Boolean, Doc: "open the prompt in the script that runs"},
			{Name: "version", Short: "v", Type: luaapi.Boolean, Doc: "print the version"},
		},
		Examples: []string{
			"netrepl scripts/hello_server.lua --port 9999",
			`netrepl -p 'socket.connect("localhost", 9999):recvline()'`,
		},
		Notes: []luaapi.Note{commandNotes()},
	}
	v, err := cmd.Parse(words)
	if err != nil {
		return explain(cmd, err)
	}
	if v.Bool("version") {
		fmt.Println(version())
		return 0
	}
	plan := launch.Plan{Prompt: v.Bool("interactive")}
	kinds := map[string]launch.Kind{"eval": launch.Eval, "print": launch.Print, "load": launch.Load}
	for _, g := range v.Given {
		if text, ok := g.Value.(string); ok {
			plan.Steps = append(plan.Steps, launch.Step{Kind: kinds[g.Name], Text: text})
		}
	}
	if len(v.Words) > 0 {
		first, rest := v.Words[0], v.Words[1:]
		c := findCommand(first)
		switch {
		case v.Dash == 0 || first == "-" || strings.ContainsRune(first, '/') || strings.HasSuffix(first, ".lua"):
		case c != nil:
			return c.main(rest)
		case !exists(first):
			return explain(cmd, cmd.UnknownWord("command", first, commandNames()))
		}
		plan.Script, plan.Args = first, rest
		plan.Before = append(os.Args[:1:1], words[:len(words)-len(v.Words)]...)
	}
	return plan.Run(launch.Process{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Exit: os.Exit})
}

// value is the type of a flag that takes any text.
func value(place string) luaapi.Type {
	t := luaapi.String
	t.Place = place
	return t
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// explain prints help or what is wrong with a command line.
func explain(cmd *luaapi.Command, err error) int {
	if errors.Is(err, luaapi.ErrHelp) {
		io.WriteString(os.Stdout, cmd.Help())
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return wrongUsage
}

// version answers the version and what it was built of.
func version() string {
	text := "netrepl " + repl.Version
	lib := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := info.Main.Version; v != "" && v != "(devel)" {
			text += " (" + v + ")"
		}
		for _, d := range info.Deps {
			if d.Path == "github.com/yuin/gopher-lua" {
				lib = ", gopher-lua " + d.Version
			}
		}
	}
	return fmt.Sprintf("%s, Lua 5.1%s, %s %s/%s", text, lib, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// command is a word that netrepl knows.
type command struct {
	luaapi.Command
	run func(words []string) error
}

func commandList() []command {
	return []command{
		{luaapi.Command{
			Name: "netrepl doc", About: "Prints the documentation of a name, or lists the modules.",
			Args: []luaapi.Param{{Name: "name", Type: luaapi.String, Optional: true, Doc: "such as socket.connect"}},
		}, func(words []string) error {
			return luaapi.Docs().Text(os.Stdout, strings.Join(words, ""))
		}},
		{luaapi.Command{
			Name: "netrepl stubs", About: "Writes the modules' files for an editor's Lua server (LuaLS).",
			Args: []luaapi.Param{{Name: "dir", Type: luaapi.String, Doc: "the folder, made if there is none"}},
		}, func(words []string) error { return writeStubs(words[0]) }},
		{luaapi.Command{
			Name: "netrepl help", About: "Shows how netrepl or one of its commands is used.",
			Args: []luaapi.Param{{Name: "command", Type: luaapi.String, Optional: true}},
		}, func(words []string) error {
			if len(words) > 0 && findCommand(words[0]) == nil {
				return luaapi.Docs().Text(os.Stdout, words[0])
			}
			run(append(words, "--help"))
			return nil
		}},
	}
}

func (c *command) word() string { return strings.TrimPrefix(c.Name, "netrepl ") }

func findCommand(word string) *command {
	for _, c := range commandList() {
		if c.word() == word {
			return &c
		}
	}
	return nil
}

func commandNames() (names []string) {
	for _, c := range commandList() {
		names = append(names, c.word())
	}
	return names
}

// commandNotes lists the commands for --help.
func commandNotes() luaapi.Note {
	n := luaapi.Note{Title: "commands"}
	for _, c := range commandList() {
		n.Rows = append(n.Rows, []string{strings.TrimPrefix(c.Usage(), "usage: netrepl "), c.About})
	}
	return n
}

// main runs the command and answers the exit status.
func (c *command) main(words []string) int {
	v, err := c.Parse(words)
	if err != nil {
		return explain(&c.Command, err)
	}
	if err := c.run(v.Words); err != nil {
		fmt.Fprintf(os.Stderr, "netrepl: %s\n", err)
		return launch.Failed
	}
	return 0
}

func writeStubs(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return vm.FileError(err)
	}
	modules := luaapi.Modules()
	for _, m := range modules {
		if err := os.WriteFile(filepath.Join(dir, m.Name+".d.lua"), []byte(m.Stub), 0o666); err != nil {
			return vm.FileError(err)
		}
	}
	fmt.Printf("wrote %d files to %s\n", len(modules), dir)
	return nil
}
