package fiber

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/vm"
)

// waiter is a fiber that waits for queues or fibers. Guarded by the baton.
type waiter struct {
	vm.Parking
	done  bool       // its value was taken, or it was handed one
	from  *queue     // that handed it
	value lua.LValue // to put, or handed to it
}

// breathe lets others run where there is nothing to wait for.
func breathe(rt *vm.Runtime, L *lua.LState) {
	rt.Breathe(L)
	vm.Check(L)
}
