package fiber

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// waiter is a fiber that waits for queues or fibers. All but wake is guarded
// by the baton.
type waiter struct {
	wake  chan struct{} // has room for every message it can get
	told  bool          // a queue has woken it
	done  bool          // its value was taken, or it was handed one
	from  *queue        // that handed it
	value lua.LValue    // to put, or handed to it
}

// newWaiter makes a waiter that n sources, or any number of queues, may wake.
func newWaiter(n int) *waiter { return &waiter{wake: make(chan struct{}, n)} }

// tell wakes a waiter.
func (w *waiter) tell() {
	if !w.told {
		w.told = true
		w.wake <- struct{}{}
	}
}

// breathe lets others run where there is nothing to wait for.
func breathe(rt *vm.Runtime, L *lua.LState) {
	rt.Breathe(L)
	vm.Check(L)
}

// wait waits until the waiter is woken, the time is over or the fiber is
// cancelled. The caller undoes what it registered and then checks for cancel.
func (w *waiter) wait(rt *vm.Runtime, L *lua.LState, timeout time.Duration) {
	quit := rt.Current().Quit()
	var expired <-chan time.Time
	if timeout != arg.Forever {
		t := rt.Host.Clock.NewTimer(timeout)
		defer t.Stop()
		expired = t.C
	}
	rt.Wait(L, vm.Quits, func() {
		select {
		case <-w.wake:
		case <-expired:
		case <-quit:
		}
	})
}
