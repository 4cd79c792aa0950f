package vm

import (
	"context"

	lua "github.com/yuin/gopher-lua"
)

// runContext is the context that every thread of a runtime carries. The VM
// calls Done once an instruction: it answers from the flag of the fiber that
// holds the baton, and is never cancelled for good. co is the coroutine whose
// thread this is, nil for a fiber's own.
type runContext struct {
	context.Context
	rt *Runtime
	co *coroutine
}

var closedChan = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (c *runContext) Done() <-chan struct{} {
	f := c.rt.cur.Load()
	if f == nil || f.flag.Load() == 0 {
		return nil
	}
	return c.rt.interrupt(f)
}

// Err says why the fiber that holds the baton must stop.
func (c *runContext) Err() error {
	if f := c.rt.cur.Load(); f != nil && f.flag.Load()&flagCancel != 0 {
		return cancelError(f.reason())
	}
	return nil
}

type cancelError string

func (e cancelError) Error() string { return string(e) }

// interrupt looks at what is asked of the running fiber; not called unless
// something is.
func (rt *Runtime) interrupt(f *Fiber) <-chan struct{} {
	if f.flag.Load()&flagWhere != 0 {
		f.flag.And(^uint32(flagWhere))
		f.publish(where(rt.main.G.CurrentThread, 0))
	}
	if f.flag.Load()&flagCancel != 0 {
		return closedChan
	}
	return nil
}

// Of answers the runtime of a thread.
func Of(L *lua.LState) *Runtime { return L.Context().(*runContext).rt }

func coroutineOf(L *lua.LState) *coroutine { return L.Context().(*runContext).co }

// Check raises if the running fiber has been cancelled. Go code that loops
// long calls it every 1,000 steps or so.
func Check(L *lua.LState) {
	c := L.Context()
	if c.Done() != nil {
		L.RaiseError("%s", c.Err().Error())
	}
}
