package vm

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// Parking is a place where one fiber waits once until another fiber wakes it.
// Guarded by the baton.
type Parking struct {
	f    *Fiber
	turn *turn // its place in the queue for the baton, nil unless it waits
	told bool
}

// Park waits until p is unparked, the time is over or the fiber is cancelled;
// the caller finds out which. It is Wait for another fiber: a fiber that is
// woken is in the queue for the baton at once, so fibers run in the order they
// were woken.
func (rt *Runtime) Park(L *lua.LState, p *Parking, timeout time.Duration) {
	f := rt.cur.Load()
	f.flush(L)
	if p.told {
		return
	}
	quit := f.Quit()
	var expired <-chan time.Time
	if timeout != arg.Forever {
		timer := rt.Host.Clock.NewTimer(timeout)
		defer timer.Stop()
		expired = timer.C
	}
	t := turns.Get().(*turn)
	p.f, p.turn = f, t
	thread := L.G.CurrentThread
	f.parked = thread
	f.setWaker(Quits)
	rt.drop()
	woken := false
	select {
	case <-t.ready:
		woken = true
	case <-expired:
	case <-quit:
	}
	if !woken {
		f.setWaker(nil)
		rt.baton.enqueue(t)
		<-t.ready
	}
	p.turn = nil
	rt.baton.done(t)
	rt.entered(f, thread)
	rt.reap()
}

// Unpark wakes the fiber that waits in p, or will. The baton must be held.
func (p *Parking) Unpark() {
	if p.told {
		return
	}
	p.told = true
	if p.turn != nil {
		p.f.setWaker(nil)
		p.f.rt.baton.enqueue(p.turn)
	}
}
