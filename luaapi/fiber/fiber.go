// Package fiber is the Lua module fiber: lines of execution that run side by
// side, what they wait for, and queues between them.
package fiber

import (
	_ "embed"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// Stub is the text of fiber.d.lua.
//
//go:embed fiber.d.lua
var Stub string

// Module answers the module for the list of modules.
func Module() vm.Module {
	return vm.Module{
		Name:    "fiber",
		Stub:    Stub,
		Open:    func(rt *vm.Runtime, L *lua.LState) lua.LValue { return rt.Funcs("fiber", functions(rt)) },
		Globals: map[string]lua.LGFunction{"spawn": spawn, "sleep": sleep},
	}
}

// library is what the functions share in one runtime.
type library struct {
	loop *lua.LFunction // the body of every's fibers
	next *lua.LFunction // the iterator of queue:values
}

type libraryKey struct{}

func libraryOf(rt *vm.Runtime) *library {
	l, ok := rt.Values()[libraryKey{}].(*library)
	if !ok {
		l = &library{
			loop: rt.Func("fiber.every", tick),
			next: rt.Func("queue:values", nextValue),
		}
		rt.Values()[libraryKey{}] = l
	}
	return l
}

func functions(rt *vm.Runtime) map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"spawn":  spawn,
		"self":   func(L *lua.LState) int { return pushFiber(L, vm.Of(L).Current()) },
		"list":   listFibers,
		"defer":  deferCall,
		"sleep":  sleep,
		"after":  after,
		"every":  every,
		"now":    now(rt),
		"queue":  newQueue,
		"select": selectReady,
	}
}

func methods() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"join": join,
		"cancel": func(L *lua.LState) int {
			self(L).Cancel(vm.Cancelled)
			return 0
		},
		"status": func(L *lua.LState) int {
			L.Push(lua.LString(self(L).Status()))
			return 1
		},
		"id": func(L *lua.LState) int {
			L.Push(lua.LNumber(self(L).ID()))
			return 1
		},
		"name": name,
	}
}

// handle answers what Lua holds of a fiber: always the same value.
func handle(rt *vm.Runtime, f *vm.Fiber) *lua.LUserData {
	if f.Handle == nil {
		f.Handle = vm.Userdata(f, rt.Class("fiber", methods(), map[string]lua.LGFunction{"__tostring": toString[*vm.Fiber]}))
	}
	return f.Handle
}

func pushFiber(L *lua.LState, f *vm.Fiber) int {
	L.Push(handle(vm.Of(L), f))
	return 1
}

// toString is __tostring of a userdata whose value knows its own text.
func toString[T interface{ String() string }](L *lua.LState) int {
	L.Push(lua.LString(arg.Self[T](L, "value").String()))
	return 1
}

func self(L *lua.LState) *vm.Fiber { return arg.Self[*vm.Fiber](L, "fiber") }

func spawn(L *lua.LState) int {
	fn := arg.Func(L, 1)
	return pushFiber(L, vm.Of(L).Spawn(fn, rest(L, 2), vm.SpawnOptions{}))
}

// rest answers the arguments from i on.
func rest(L *lua.LState, i int) []lua.LValue {
	n := L.GetTop() - i + 1
	if n <= 0 {
		return nil
	}
	values := make([]lua.LValue, n)
	for k := range values {
		values[k] = L.Get(i + k)
	}
	return values
}

func listFibers(L *lua.LState) int {
	rt := vm.Of(L)
	t := L.NewTable()
	for _, f := range rt.Fibers() {
		t.Append(handle(rt, f))
	}
	L.Push(t)
	return 1
}

func deferCall(L *lua.LState) int {
	vm.Of(L).Current().Defer(arg.Func(L, 1))
	return 0
}

func name(L *lua.LState) int {
	f := self(L)
	if arg.Given(L, 2) {
		f.SetName(arg.String(L, 2))
		return pushFiber(L, f)
	}
	if n := f.Name(); n != "" {
		L.Push(lua.LString(n))
	} else {
		L.Push(lua.LNil)
	}
	return 1
}

func join(L *lua.LState) int {
	rt, f := vm.Of(L), self(L)
	timeout := arg.Seconds(L, 2)
	if f == rt.Current() {
		arg.Raise(L, "a fiber cannot wait for itself")
	}
	if ended(f) || timeout == 0 {
		breathe(rt, L)
	} else {
		p := &vm.Parking{}
		f.Watch(p)
		rt.Park(L, p, timeout)
		f.Unwatch(p)
		vm.Check(L)
	}
	if !ended(f) {
		return fail(L, vm.ErrTimeout)
	}
	return pushOutcome(L, f)
}

func ended(f *vm.Fiber) bool {
	ended, _, _ := f.Outcome()
	return ended
}

// pushOutcome pushes what join answers for a fiber that has ended.
func pushOutcome(L *lua.LState, f *vm.Fiber) int {
	_, results, err := f.Outcome()
	if err != nil {
		L.Push(lua.LNil)
		L.Push(err.Value)
		L.Push(lua.LString(err.Trace))
		return 3
	}
	L.Push(lua.LTrue)
	for _, v := range results {
		L.Push(v)
	}
	return 1 + len(results)
}

func fail(L *lua.LState, why string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(why))
	return 2
}
