package vm_test

import (
	"io"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/luatest"
	"github.com/netrepl/netrepl/luaapi/vm"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	luatest.Run(t, modules, "testdata/guard_test.lua")
}

// A million levels of nesting end in an error, not in the end of the process.
func TestDeepSource(t *testing.T) {
	t.Parallel()
	n := 1_000_000
	if raceEnabled {
		n = 50_000
	}
	for _, kind := range [][3]string{
		{"not ", "x", ""}, {"{", "", "}"}, {"f(", "", ")"}, {"(", "1", ")"}, {"function() return ", "", " end"},
	} {
		if len(kind[0]) > 5 {
			n /= 5
		}
		src := "return " + strings.Repeat(kind[0], n) + kind[1] + strings.Repeat(kind[2], n)
		rt := vm.New(vm.SystemHost(strings.NewReader(""), io.Discard, io.Discard), vm.Config{})
		rt.Do("load", func(L *lua.LState) {
			_, err := rt.Load(L, "chunk", []byte(src))
			switch {
			case kind[0] == "(": // which the compiler does not see
			case err == nil || !strings.Contains(err.Error(), "code is nested too deeply"):
				t.Errorf("%s: %v", kind[0], err)
			}
		})
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What takes more memory than the runtime may have is stopped, and nothing
// else. Not parallel: it is about the heap of the process.
func TestMemoryLimit(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes several times the memory and the time")
	}
	for name, hog := range map[string]string{
		"string": `local s = ("x"):rep(1e6) while true do s = s .. s end`,
		"table":  `local t = {} while true do t[#t + 1] = {} end`,
		"pcall":  `local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end`,
		"coroutine": `local t = {} while true do
			t[#t + 1] = coroutine.wrap(function() coroutine.yield(1) end)
			t[#t]()
		end`,
	} {
		t.Run(name, func(t *testing.T) {
			rt, main, out := start(t, `
				local f = spawn(function() `+hog+` end)
				local ok, err = f:join()
				print(ok, err)
				f, ok = nil
				-- What has been stopped holds nothing: there is room again.
				for i = 1, 20 do
					local t = {}
					for j = 1, 1e5 do t[j] = j .. "" end
					sleep(0)
				end
				print("main goes on")
			`, vm.Config{MemoryLimit: 150 << 20})
			rt.WaitIdle()
			if got := out.String(); !strings.Contains(got, "memory limit of 150 MB exceeded") || !strings.Contains(got, "main goes on") {
				t.Errorf("%s: %q", main.Status(), got)
			}
		})
	}
}
