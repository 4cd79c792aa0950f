package vm_test

import (
	"bytes"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/fiber"
	"github.com/netrepl/netrepl/luaapi/luatest"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// speed tells the Lua tests whether the race detector slows them.
var speed = vm.Module{Name: "SLOW", Open: func(rt *vm.Runtime, L *lua.LState) lua.LValue { return lua.LBool(raceEnabled) }}

var modules = []vm.Module{fiber.Module(), speed}

// syncBuffer is what a runtime prints.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start makes a runtime and starts src as its main fiber.
func start(t testing.TB, src string, config vm.Config) (*vm.Runtime, *vm.Fiber, *syncBuffer) {
	t.Helper()
	log := &syncBuffer{}
	config.Modules = modules
	rt := vm.New(vm.SystemHost(strings.NewReader(""), log, log), config)
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	var main *vm.Fiber
	var err error
	rt.Do("load", func(L *lua.LState) {
		var fn *lua.LFunction
		if fn, err = rt.Load(L, "main.lua", []byte(src)); err == nil {
			main = rt.Spawn(fn, nil, vm.SpawnOptions{Name: "main", Deep: true})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return rt, main, log
}

// runMain runs src to its end as a program does and answers the exit code and
// what was printed to the error output.
func runMain(t *testing.T, src string) (code int, log string) {
	t.Helper()
	rt, _, out := start(t, src, vm.Config{})
	rt.WaitIdle()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	return rt.ExitCode(), strings.ReplaceAll(out.String(), "main goes on\n", "")
}

func TestAnywhere(t *testing.T) {
	t.Parallel()
	luatest.Run(t, modules, "testdata/anywhere_test.lua")
}

func TestCoroutine(t *testing.T) {
	t.Parallel()
	luatest.Run(t, modules, "testdata/coroutine_test.lua")
}

// until waits for a condition that the collector brings about.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); {
		if time.Now().After(deadline) {
			t.Fatalf("not reached: %s", what)
		}
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
	}
}

// Coroutines that nobody refers to any more are ended: their goroutines go.
// Not parallel: it counts the goroutines of the process.
func TestAbandoned(t *testing.T) {
	before := runtime.NumGoroutine()
	n := 10_000
	if raceEnabled {
		n = 2_000
	}
	rt, main, _ := start(t, `
		made = 0
		local function make(fn)
			local co = coroutine.create(fn)
			coroutine.resume(co)
			made = made + 1
		end
		for i = 1, `+lua.LNumber(n/4).String()+` do
			make(function() coroutine.yield() end)
			make(function() while true do pcall(coroutine.yield) end end)
			make(function() error("dead") end)
			make(function()
				local inner = coroutine.wrap(function() coroutine.yield() end)
				inner()
				coroutine.yield()
				inner()
			end)
		end
		peak = fiber.queue()
		peak:get()
	`, vm.Config{})
	until(t, "all are made", func() bool {
		var made lua.LValue
		rt.Do("test", func(L *lua.LState) { made = rt.Global("made") })
		return made == lua.LNumber(n)
	})
	until(t, "their goroutines have ended", func() bool { return runtime.NumGoroutine() < before+20 })
	if main.Status() != "waiting" {
		t.Error(main, main.Status())
	}
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	until(t, "all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}

// What a suspended coroutine refers to is kept, and a coroutine that is
// referred to is not ended.
func TestNotAbandoned(t *testing.T) {
	t.Parallel()
	_, main, _ := start(t, `
		local keep = {}
		for i = 1, 100 do
			local own = {i}
			keep[i] = coroutine.wrap(function()
				coroutine.yield()
				return own[1]
			end)
			keep[i]()
		end
		for i = 1, 10 do collectgarbage() sleep(0) end
		for i = 1, 100 do assert(keep[i]() == i) end
		return "fine"
	`, vm.Config{})
	until(t, "the end", func() bool { return main.Status() == "done" })
}
