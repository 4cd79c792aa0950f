package vm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/netrepl/netrepl/luaapi/luatest"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// endless are programs that do not end unless they are cancelled. Each calls
// begin() when it is about to wait, or loops from then on.
var endless = map[string]string{
	"sleep":             `begin() sleep(1e9)`,
	"get":               `local q = fiber.queue() begin() q:get()`,
	"put":               `local q = fiber.queue(1) q:put(1) begin() q:put(2)`,
	"rendezvous":        `local q = fiber.queue(0) begin() q:put(2)`,
	"values":            `for v in fiber.queue():values() do end`,
	"join":              `local f = spawn(sleep, 1e9) begin() f:join()`,
	"select":            `local q = fiber.queue() begin() fiber.select({q, spawn(sleep, 1e9)})`,
	"loop":              `begin() while true do end`,
	"for":               `begin() for i = 1, 1e300 do end`,
	"tail call":         `begin() local function f() return f() end f()`,
	"pcall of a loop":   `begin() while true do pcall(function() while true do end end) end`,
	"pcall of an error": `begin() while true do pcall(error) end`,
	"pcall of a sleep":  `begin() while true do pcall(sleep, 1e9) end`,
	"xpcall": `begin() while true do
		xpcall(function() while true do end end, function() while true do end end)
	end`,
	"pcall of everything": `begin() local function f() while true do pcall(pcall, pcall, f) end end f()`,
	"coroutine":           `coroutine.wrap(function() begin() while true do end end)()`,
	"coroutine in pcall": `begin() while true do
		pcall(coroutine.wrap(function() while true do end end))
	end`,
	"coroutine that swallows errors": `
		local co = coroutine.create(function()
			begin()
			while true do pcall(function() while true do end end) end
		end)
		while true do coroutine.resume(co) end`,
	"coroutine that waits and swallows errors": `
		local co = coroutine.wrap(function() begin() while true do pcall(sleep, 1e9) end end)
		while true do pcall(co) end`,
	"coroutine that yields for ever": `
		local co = coroutine.wrap(function() while true do coroutine.yield() end end)
		begin()
		while true do co() end`,
	"coroutines in coroutines": `
		local function nest(n)
			if n == 0 then begin() while true do pcall(sleep, 1e9) end end
			coroutine.wrap(function() pcall(nest, n - 1) end)()
		end
		nest(50)`,
	"sort":     `table.sort({3, 1, 2}, function() begin() while true do pcall(sleep, 1e9) end end)`,
	"gsub":     `("x"):gsub("x", function() begin() while true do end end)`,
	"find":     `local s = ("a"):rep(1e4) begin() s:find(("a*"):rep(8) .. "[bc]")`,
	"find a-":  `local s = ("a"):rep(1e4) begin() s:find(("a-"):rep(30) .. "[bc]")`,
	"match":    `local s = ("ab"):rep(1e5) begin() s:match("(.-)(b)[^%z]*[xy]%1")`,
	"gmatch":   `local s = ("a"):rep(1e4) begin() for w in s:gmatch(("a?a*"):rep(8) .. "[bc]") do end`,
	"gsub a*":  `local s = ("a"):rep(1e4) begin() s:gsub(("(a*)"):rep(8) .. "[bc]", "")`,
	"backward": `local s = ("a"):rep(1e6) begin() s:find("(a*)a*%1[bc]")`,
	"patterns": `local s = ("a"):rep(1e4) begin() while true do pcall(s.find, s, ("a*"):rep(8) .. "[bc]") end`,
	"__index":  `local t = setmetatable({}, {__index = function() begin() while true do end end}) return t.x`,
	"tostring": `tostring(setmetatable({}, {__tostring = function() begin() sleep(1e9) end}))`,
	"require":  `package.preload.m = function() begin() sleep(1e9) end require("m")`,
	"load":     `load(function() begin() while true do end end)`,
	"the other's require": `
		package.preload.m = function() sleep(1e9) end
		spawn(require, "m")
		sleep(0)
		begin()
		require("m")`,
	"growing arguments": `begin() local function grow(...) return grow(1, 2, 3, 4, 5, 6, 7, 8, ...) end grow()`,
	"allocation":        `begin() while true do local t = {} for i = 1, 100 do t[i] = i .. "" end end`,
}

// cancelTime is how soon a cancelled fiber has ended. A busy machine may need
// a second attempt.
func cancelTime() time.Duration {
	if raceEnabled {
		return 500 * time.Millisecond
	}
	return 50 * time.Millisecond
}

const withCleanUp = `
	function begin() print("begin") end
	for i = 1, 3 do fiber.defer(function() sleep(0.001) print("clean-up " .. i) end) end
	`

func TestCancel(t *testing.T) {
	t.Parallel()
	for name, src := range endless {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var took time.Duration
			for range 5 {
				if took = cancel(t, src); took < cancelTime() {
					return
				}
			}
			t.Errorf("ended %v after cancel", took)
		})
	}
}

// cancel runs src, cancels it and answers how long it took to end.
func cancel(t *testing.T, src string) time.Duration {
	t.Helper()
	rt, main, out := start(t, withCleanUp+src, vm.Config{})
	await(t, "begin", func() bool {
		return strings.Contains(out.String(), "begin\n") || main.Status() == "waiting"
	})
	began := time.Now()
	main.Cancel(vm.Cancelled)
	await(t, "the end", func() bool { return main.Status() == "cancelled" })
	took := time.Since(began)
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	log := strings.ReplaceAll(out.String(), "begin\n", "")
	if log != "clean-up 3\nclean-up 2\nclean-up 1\n" {
		t.Errorf("printed %q", log)
	}
	return took
}

// await waits for what another goroutine does.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not reached: %s", what)
		}
	}
}

// Close and Exit end the same programs.
func TestCloseEnds(t *testing.T) {
	t.Parallel()
	for name, src := range endless {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			rt, main, out := start(t, withCleanUp+src, vm.Config{})
			await(t, "begin", func() bool {
				return strings.Contains(out.String(), "begin\n") || main.Status() == "waiting"
			})
			rt.Exit(7)
			if !rt.WaitIdle() || rt.ExitCode() != 7 {
				t.Error("exit code", rt.ExitCode())
			}
			if err := rt.Close(); err != nil {
				t.Error(err)
			}
			if n := strings.Count(out.String(), "clean-up"); n != 3 {
				t.Errorf("%d clean-ups ran: %q", n, out.String())
			}
		})
	}
}

// What is spawned while the runtime closes does not outlive it.
func TestCloseWhileSpawning(t *testing.T) {
	t.Parallel()
	for range 20 {
		rt, main, _ := start(t, `
			local function more() while true do spawn(more) sleep(0) end end
			fiber.defer(function() spawn(more) end)
			more()
		`, vm.Config{})
		await(t, "a wait", func() bool { return main.Status() != "running" || len(rt.Fibers()) > 3 })
		if err := rt.Close(); err != nil {
			t.Fatal(err)
		}
		if left := rt.Fibers(); len(left) > 0 {
			t.Fatal(left)
		}
	}
}

// A fiber that computes says where it is; one that waits has a traceback.
func TestPosition(t *testing.T) {
	t.Parallel()
	_, main, _ := start(t, "local n = 0\nwhile true do\n n = n + 1\nend", vm.Config{})
	await(t, "running", func() bool { return main.Status() == "running" })
	await(t, "a position", func() bool { return strings.HasPrefix(main.Position(time.Second), "main.lua:") })
	main.Cancel(vm.Cancelled)
}

// A fiber that computes while others queue is named, once.
func TestHog(t *testing.T) {
	t.Parallel()
	_, main, out := start(t, "spawn(sleep, 0)\nwhile true do end", vm.Config{})
	await(t, "the message", func() bool {
		return strings.Contains(out.String(), "fiber 1 (main) has been computing for over 1s at main.lua:2 while others wait")
	})
	main.Cancel(vm.Cancelled)
	await(t, "the end", func() bool { return main.Status() == "cancelled" })
	if n := strings.Count(out.String(), "computing"); n != 1 {
		t.Errorf("named %d times: %s", n, out.String())
	}
}

func TestFibers(t *testing.T) {
	t.Parallel()
	luatest.Run(t, modules, "testdata/turns_test.lua")
}
