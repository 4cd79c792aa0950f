package fiber

import (
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// delay reads a time to let pass, in seconds: less than nothing is nothing.
func delay(L *lua.LState, i int) time.Duration {
	s := arg.Number(L, i)
	switch {
	case math.IsNaN(s):
		arg.Fail(L, i, "seconds (a number)", "")
	case s <= 0:
		return 0
	case s >= arg.Forever.Seconds():
		return arg.Forever
	}
	return time.Duration(s * float64(time.Second))
}

func sleep(L *lua.LState) int {
	pause(vm.Of(L), L, delay(L, 1))
	return 0
}

// pause waits. Others run even when there is nothing to wait for.
func pause(rt *vm.Runtime, L *lua.LState, d time.Duration) {
	if d > 0 {
		rt.Park(L, &vm.Parking{}, d)
	} else {
		rt.Yield(L)
	}
	vm.Check(L)
}

func after(L *lua.LState) int {
	d, fn := delay(L, 1), arg.Func(L, 2)
	return pushFiber(L, vm.Of(L).Spawn(fn, rest(L, 3), vm.SpawnOptions{Delay: d}))
}

func every(L *lua.LState) int {
	rt := vm.Of(L)
	period := delay(L, 1)
	if period == 0 {
		arg.Fail(L, 1, "seconds above 0", "")
	}
	arg.Func(L, 2)
	return pushFiber(L, rt.Spawn(libraryOf(rt).loop, rest(L, 1), vm.SpawnOptions{}))
}

// tick is the fiber of every(s, fn, ...): the calls are due at whole multiples
// of s after the start; those that a long call has overrun are left out.
func tick(L *lua.LState) int {
	rt := vm.Of(L)
	period, top := delay(L, 1), L.GetTop()
	for next := rt.Current().Started().Add(period); ; {
		now := rt.Host.Clock.Now()
		if late := now.Sub(next); late >= period {
			next = next.Add(late - late%period)
		}
		pause(rt, L, next.Sub(now))
		next = next.Add(period)
		for i := 2; i <= top; i++ {
			L.Push(L.Get(i))
		}
		L.Call(top-2, 0)
	}
}

// now answers fiber.now, which counts from here.
func now(rt *vm.Runtime) lua.LGFunction {
	start := rt.Host.Clock.Now()
	return func(L *lua.LState) int {
		L.Push(lua.LNumber(rt.Host.Clock.Now().Sub(start).Seconds()))
		return 1
	}
}
