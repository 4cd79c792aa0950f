package vm_test

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/luatest"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// breaks is a module whose functions panic in Go.
var breaks = vm.Module{Name: "breaks", Open: func(rt *vm.Runtime, L *lua.LState) lua.LValue {
	return rt.Funcs("breaks", map[string]lua.LGFunction{
		"panic": func(L *lua.LState) int {
			var none []int
			return none[L.GetTop()]
		},
		"panic_waiting": func(L *lua.LState) int {
			vm.Of(L).Wait(L, nil, func() { panic("while waiting") })
			return 0
		},
		"panic_nil": func(L *lua.LState) int {
			var f *vm.Fiber
			f.Cancel("x")
			return 0
		},
	})
}}

func TestErrors(t *testing.T) {
	t.Parallel()
	luatest.Run(t, append([]vm.Module{breaks}, modules...), "testdata/errors_test.lua")
}

func TestUncaught(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		src  string
		code int
		log  []string
	}{
		{`return 1`, 0, nil},
		{`error("boo")`, 1, []string{"[fiber 1 main] error: main.lua:1: boo\nstack traceback:\n", "main.lua:1: in main chunk"}},
		{`error({})`, 1, []string{"error: (error object is a table value)\n"}},
		{`error()`, 1, []string{"error: (error object is a nil value)\n"}},
		{`spawn(error, "in a fiber") sleep(0.01) print("main goes on")`, 1, []string{"[fiber 2] error: in a fiber\n"}},
		{`local f = spawn(error, "taken") f:join()`, 0, nil},
		{`spawn(sleep, 60):cancel()`, 0, nil},
		{`spawn(function() fiber.defer(error) end)`, 1, []string{"error: (error object is a nil value)"}},
		{`coroutine.wrap(function() error("in co") end)()`, 1, []string{"main.lua:1: in co\n", "in main chunk"}},
	} {
		code, log := runMain(t, test.src)
		if code != test.code {
			t.Errorf("%s: code %d, want %d", test.src, code, test.code)
		}
		if (log == "") != (test.log == nil) {
			t.Errorf("%s: log %q", test.src, log)
		}
		for _, want := range test.log {
			if !strings.Contains(log, want) {
				t.Errorf("%s: log %q, want %q", test.src, log, want)
			}
		}
	}
}
