package luaapi_test

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// output is safe for several goroutines.
type output struct {
	mu sync.Mutex
	b  strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// run runs a chunk with all modules, as a script is run, and answers what it
// printed and its exit status.
func run(t *testing.T, chunk, src string) (out, errs string, code int) {
	t.Helper()
	var o, e output
	rt := luaapi.New(vm.SystemHost(strings.NewReader(""), &o, &e), vm.Config{})
	rt.Do("load", func(L *lua.LState) {
		fn, err := rt.Load(L, chunk, []byte(src))
		if err != nil {
			fmt.Fprintln(&e, err)
			rt.Exit(1)
			return
		}
		rt.Spawn(fn, nil, vm.SpawnOptions{Name: "main"})
	})
	late := time.AfterFunc(10*time.Second, func() {
		fmt.Fprintln(&e, "has not ended")
		rt.Exit(1)
	})
	rt.WaitIdle()
	late.Stop()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	return o.String(), e.String(), rt.ExitCode()
}

func TestStubsAreValid(t *testing.T) {
	t.Parallel()
	if err := luaapi.Docs().Err(); err != nil {
		t.Error(err)
	}
	for _, m := range luaapi.Docs().Modules() {
		if m.Doc == "" {
			t.Errorf("%s: no prose", m.Name)
		}
	}
}

// A module holds what its stub declares, and declares what it holds.
func TestRegisteredIsDeclared(t *testing.T) {
	t.Parallel()
	stock := classes(t, "")
	for _, m := range luaapi.Modules() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			declared := luaapi.Docs().Declared(m.Name)
			compare(t, "module", members(t, m.Name), declared.Module)
			compare(t, "globals", slices.Collect(maps.Keys(m.Globals)), declared.Globals)
			registered := classes(t, m.Name)
			for name := range stock {
				delete(registered, name)
			}
			for name, methods := range declared.Methods {
				switch {
				case registered[name] != nil:
					compare(t, "class "+name, registered[name], methods)
				case !parents(m.Name)[name]:
					t.Errorf("class %s is declared, not registered", name)
				}
			}
			for name := range registered {
				if declared.Methods[name] == nil {
					t.Errorf("class %s is registered, not declared", name)
				}
			}
		})
	}
}

func compare(t *testing.T, what string, registered, declared []string) {
	t.Helper()
	for _, n := range registered {
		if !slices.Contains(declared, n) {
			t.Errorf("%s: %s is registered, not declared", what, n)
		}
	}
	for _, n := range declared {
		if !slices.Contains(registered, n) {
			t.Errorf("%s: %s is declared, not registered", what, n)
		}
	}
}

// open requires a module in a runtime of its own and calls fn in it.
func open(t *testing.T, module string, fn func(rt *vm.Runtime, L *lua.LState, v lua.LValue)) {
	t.Helper()
	rt := luaapi.New(vm.SystemHost(strings.NewReader(""), io.Discard, io.Discard), vm.Config{})
	defer rt.Close()
	rt.Do("open", func(L *lua.LState) {
		v := lua.LValue(lua.LNil)
		if module != "" {
			v = rt.Require(L, module)
		}
		fn(rt, L, v)
	})
}

// members names what a module holds, of tables within it too.
func members(t *testing.T, module string) (names []string) {
	open(t, module, func(_ *vm.Runtime, _ *lua.LState, v lua.LValue) {
		var walk func(prefix string, t *lua.LTable)
		walk = func(prefix string, t *lua.LTable) {
			t.ForEach(func(k, v lua.LValue) {
				names = append(names, prefix+k.String())
				if inner, ok := v.(*lua.LTable); ok && inner.Metatable == lua.LNil {
					walk(prefix+k.String()+".", inner)
				}
			})
		}
		if table, ok := v.(*lua.LTable); ok {
			walk("", table)
		}
	})
	return names
}

// classes names the kinds of userdata there are once the examples of a module
// have run, and their methods. A kind that no example makes is not found.
func classes(t *testing.T, module string) map[string][]string {
	rt := luaapi.New(vm.SystemHost(strings.NewReader(""), io.Discard, io.Discard), vm.Config{})
	rt.Do("examples", func(L *lua.LState) {
		for x := range luaapi.Docs().Examples() {
			if fn, err := rt.Load(L, x.File, []byte(x.Code)); x.File == module+".d.lua" && err == nil {
				rt.Spawn(fn, nil, vm.SpawnOptions{})
			}
		}
	})
	rt.WaitIdle()
	all := map[string][]string{}
	rt.Do("classes", func(L *lua.LState) {
		for name, mt := range rt.Classes() {
			if index, ok := mt.RawGetString("__index").(*lua.LTable); ok {
				index.ForEach(func(k, _ lua.LValue) { all[name] = append(all[name], k.String()) })
			}
		}
	})
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	return all
}

// parents names the classes that others inherit from. There may be no value of
// one.
func parents(module string) map[string]bool {
	all := map[string]bool{}
	for _, m := range luaapi.Docs().Modules() {
		if m.Name == module {
			for _, c := range m.Classes {
				for _, p := range c.Parents {
					all[p] = true
				}
			}
		}
	}
	return all
}

// Every example of every stub runs by itself.
func TestExamples(t *testing.T) {
	t.Parallel()
	n := 0
	for x := range luaapi.Docs().Examples() {
		n++
		t.Run(fmt.Sprintf("%s:%d", x.File, x.Line), func(t *testing.T) {
			t.Parallel()
			// Lines of an error are then lines of the stub.
			src := strings.Repeat("\n", x.Line-1) + x.Code
			if _, errs, code := run(t, x.File, src); code != 0 || errs != "" {
				t.Errorf("%s: exit status %d\n%s\n%s", x.Name, code, errs, x.Code)
			}
		})
	}
	if n == 0 {
		t.Error("no examples")
	}
}

func TestModulesAreGlobals(t *testing.T) {
	t.Parallel()
	for _, m := range luaapi.Modules() {
		src := fmt.Sprintf("assert(%s == require %q and rawequal(%s, package.loaded[%q]))", m.Name, m.Name, m.Name, m.Name)
		if _, errs, code := run(t, "t", src); code != 0 {
			t.Error(errs)
		}
	}
	// A script's own global stands before the module's.
	if _, errs, code := run(t, "t", "json = 5 assert(json == 5) assert(require('json').encode(1) == '1')"); code != 0 {
		t.Error(errs)
	}
}

func TestArgumentErrorsNameParameters(t *testing.T) {
	t.Parallel()
	_, errs, code := run(t, "t", "\nbit.tohex({})")
	if want := "t:2: bit.tohex: x: number expected, got a table"; code != 1 || !strings.Contains(errs, want) {
		t.Errorf("got %q, want %q", errs, want)
	}
}
