package vm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/vm"
)

// notRun are the test scripts in gopher-lua's module that are not run, each with
// the reason. gopher-lua itself runs none of Lua 5.1's among them.
var notRun = map[string]string{
	"_glua-tests/os.lua":        "runs date -a and expects 1 of os.execute; os.setenv is not offered",
	"_lua5.1-tests/all.lua":     "only runs the others, some compiled by string.dump",
	"_lua5.1-tests/big.lua":     "builds a string of 4 GB",
	"_lua5.1-tests/db.lua":      "wants debug.sethook and all of debug.getinfo, which gopher-lua does not have",
	"_lua5.1-tests/errors.lua":  "wants the texts of Lua 5.1's syntax errors; gopher-lua's parser has others",
	"_lua5.1-tests/gc.lua":      "wants gcinfo, __gc and weak tables, which gopher-lua does not have",
	"_lua5.1-tests/main.lua":    "runs a lua binary with the options of PUC Lua's",
	"_lua5.1-tests/nextvar.lua": "wants table.foreach and setn; gopher-lua does not have them",
	"_lua5.1-tests/verybig.lua": "has more constants in one function than the compiler is given: it is quadratic",
}

// changed are lines of those scripts that are replaced, each with the reason.
var changed = map[string][]struct{ from, to, reason string }{
	"_glua-tests/coroutine.lua": {
		{`"can not resume a running thread"`, `"cannot resume"`, "our coroutines have Lua's message"},
		{`"can not resume a dead thread"`, `"cannot resume dead"`, "the same"},
	},
	"_glua-tests/issues.lua": {
		{`assert(message == "attempt to call a`, `local _ = (message == "attempt to call a`, "a call of what is no function is named otherwise"},
		{`"bad argument #1 to pcall"`, `"pcall: argument 1: value expected"`, "our errors of arguments"},
		{`assert(ecode == 1)`, `assert(ecode == 21)`, "the system's number for reading a directory"},
		{`assert(result == string.gsub([[msg`, `local _ = (result == string.gsub([[msg`, "our tracebacks name no frames of gopher-lua's, and say [Go]"},
	},
	"_glua-tests/strings.lua": {
		{`hello hello %c world world %c`, `hello hello c world world c`, "Lua 5.1 drops the % before what is no digit"},
	},
	"_lua5.1-tests/attrib.lua": {
		{`try('K', 'L', false)     -- default option (should reload it)`, ``, "a module whose value is false stays loaded"},
	},
	"_lua5.1-tests/closure.lua": {
		{`assert(select(2, coroutine.resume(co)) == a)`, `coroutine.resume(co)`, "no globals of its own for a coroutine"},
		{`assert(select(2, coroutine.resume(co)) == a.a)`, ``, "the same"},
	},
	"_lua5.1-tests/literals.lua": {
		{`dostring("x = 'a\0a'")`, `x = 'a\0a'`, "source with a zero byte is refused"},
	},
	"_lua5.1-tests/locals.lua": {
		{`assert(getfenv(foo("")) == a)`, ``, "what is loaded has the runtime's globals"},
	},
}

const scriptVariable = "NETREPL_TEST_SCRIPT"

// gopher-lua's test scripts, among them Lua 5.1's, run in our runtime. They use
// the working directory, so each runs in a process of its own.
func TestScriptsOfGopherLua(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/gopher-lua").Output()
	if err != nil {
		t.Skip("the module's sources are not at hand: ", err)
	}
	module := strings.TrimSpace(string(out))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"_glua-tests", "_lua5.1-tests"} {
		scripts, err := filepath.Glob(filepath.Join(module, dir, "*.lua"))
		if err != nil || len(scripts) == 0 {
			t.Fatalf("%s: %v, %d scripts", dir, err, len(scripts))
		}
		for _, script := range scripts {
			name := dir + "/" + filepath.Base(script)
			t.Run(name, func(t *testing.T) {
				if reason := notRun[name]; reason != "" {
					t.Skip(reason)
				}
				t.Parallel()
				src, err := os.ReadFile(script)
				if err != nil {
					t.Fatal(err)
				}
				text := string(src)
				for _, c := range changed[name] {
					if !strings.Contains(text, c.from) {
						t.Errorf("no longer there: %s", c.from)
					}
					text = strings.ReplaceAll(text, c.from, c.to)
				}
				work := t.TempDir()
				if err := os.CopyFS(work, os.DirFS(filepath.Dir(script))); err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(work, filepath.Base(script))
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(self, "-test.run=^TestScript$", "-test.v")
				cmd.Dir = work
				cmd.Env = append(os.Environ(), scriptVariable+"="+filepath.Base(script))
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out[max(0, len(out)-1500):])
				}
			})
		}
	}
}

// TestScript is the process that runs one script.
func TestScript(t *testing.T) {
	script := os.Getenv(scriptVariable)
	if script == "" {
		t.Skip("runs in a process of its own, for TestScriptsOfGopherLua")
	}
	rt := vm.New(vm.SystemHost(strings.NewReader(""), os.Stdout, os.Stdout), vm.Config{Script: script})
	var err error
	rt.Do("load", func(L *lua.LState) {
		var fn *lua.LFunction
		if fn, err = rt.LoadFile(L, script); err == nil {
			rt.Spawn(fn, nil, vm.SpawnOptions{Name: "main", Deep: true})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	rt.WaitIdle()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if code := rt.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
