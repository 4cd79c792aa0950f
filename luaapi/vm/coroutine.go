package vm

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// coroutine is a thread that runs inside iter.Pull, so that it may yield from
// any place. Guarded by the baton.
//
// What Lua holds is not the running thread but a handle, a thread that never
// runs: the goroutine of a suspended coroutine keeps its own thread reachable,
// and an abandoned coroutine could never be found. The handle says which
// coroutine it is by a negative number in its Options.RegistrySize, the one
// place for a number that nothing reads in a thread that does not run.
type coroutine struct {
	rt     *Runtime
	id     int
	thread *lua.LState
	fn     *lua.LFunction
	handle weak.Pointer[lua.LState]
	state  coState
	fiber  *Fiber // that resumed it, while it runs
	killed bool
	values []lua.LValue // handed over by resume or yield
	err    *Error
	next   func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
}

type coState int

const (
	suspended coState = iota
	running
	dead
)

// resumeDepth is how deep coroutines may resume each other.
const resumeDepth = 200

func (rt *Runtime) newCoroutine(fn *lua.LFunction) *lua.LState {
	rt.reap()
	rt.lastCo++
	co := &coroutine{rt: rt, id: rt.lastCo, fn: fn}
	th, _ := rt.seed.NewThread()
	th.SetContext(&runContext{Context: rt.ctx.Context, rt: rt, co: co})
	co.thread = th
	h := &lua.LState{G: rt.main.G, Env: rt.main.Env, Options: lua.Options{RegistrySize: -co.id}}
	co.handle = weak.Make(h)
	rt.coroutines[co.id] = co
	runtime.AddCleanup(h, rt.reaper.abandoned, co.id)
	return h
}

// coroutineFor answers the coroutine of a handle, nil for a dead one or for a
// thread that is no handle.
func (rt *Runtime) coroutineFor(handle *lua.LState) *coroutine {
	return rt.coroutines[-handle.Options.RegistrySize]
}

// body is what iter.Pull runs.
func (co *coroutine) body(yield func(struct{}) bool) {
	co.yield = yield
	co.values, co.err = co.rt.callMain(co.thread, co.fn, co.values)
}

// resume runs co with the values in co.values until it yields or ends; its
// values are then in co.values, or its error is returned.
func (rt *Runtime) resume(L *lua.LState, co *coroutine) *Error {
	f, prev := rt.cur.Load(), L.G.CurrentThread
	if f.depth++; f.depth > resumeDepth {
		f.depth--
		return &Error{Value: lua.LString("too many nested coroutines (limit 200)")}
	}
	if co.next == nil {
		co.next, co.stop = iter.Pull(co.body)
	}
	co.state, co.fiber = running, f
	L.G.CurrentThread = co.thread
	_, more := co.next()
	L.G.CurrentThread = prev
	co.fiber = nil
	f.depth--
	if more {
		co.state = suspended
		return nil
	}
	co.end()
	return co.err
}

func (co *coroutine) end() {
	co.state = dead
	delete(co.rt.coroutines, co.id)
}

// kill ends a coroutine that is suspended; none of its Lua code runs again.
func (co *coroutine) kill() {
	if co.state != suspended {
		return
	}
	co.killed = true
	if co.stop != nil {
		prev := co.rt.main.G.CurrentThread
		co.rt.main.G.CurrentThread = co.thread
		co.stop()
		co.rt.main.G.CurrentThread = prev
	}
	co.end()
}

func (rt *Runtime) killCoroutines() {
	for _, co := range rt.coroutines {
		co.kill()
	}
}

// reaper ends coroutines whose handle the collector has found unreachable.
type reaper struct {
	rt    *Runtime
	mu    sync.Mutex
	ids   []int
	found atomic.Bool // ids is not empty
	busy  bool        // a goroutine is waiting for the baton to reap
}

// abandoned is called by the collector.
func (r *reaper) abandoned(id int) {
	if r.rt.closing.Load() {
		return
	}
	r.mu.Lock()
	r.ids = append(r.ids, id)
	r.found.Store(true)
	start := !r.busy
	r.busy = true
	r.mu.Unlock()
	if start {
		go r.rt.Do("reaper", func(*lua.LState) {
			r.mu.Lock()
			r.busy = false
			r.mu.Unlock()
			r.rt.reap()
		})
	}
}

// reap ends the coroutines that nobody can resume any more. The baton must be
// held.
func (rt *Runtime) reap() {
	r := &rt.reaper
	if !r.mu.TryLock() {
		return
	}
	ids := r.ids
	r.ids = nil
	r.found.Store(false)
	r.mu.Unlock()
	for _, id := range ids {
		if co := rt.coroutines[id]; co != nil {
			co.kill()
		}
	}
}

func (rt *Runtime) openCoroutine(L *lua.LState) {
	L.SetGlobal("coroutine", rt.Funcs("coroutine", map[string]lua.LGFunction{
		"create": func(L *lua.LState) int {
			L.Push(rt.newCoroutine(arg.Func(L, 1)))
			return 1
		},
		"resume": func(L *lua.LState) int {
			h := checkThread(L, 1)
			if err := rt.resumeWith(L, h, 2); err != nil {
				L.SetTop(0)
				L.Push(lua.LFalse)
				L.Push(err.Value)
				return 2
			}
			L.Insert(lua.LTrue, 1)
			return L.GetTop()
		},
		"wrap": func(L *lua.LState) int {
			h := rt.newCoroutine(arg.Func(L, 1))
			L.Push(L.NewFunction(func(L *lua.LState) int {
				if err := rt.resumeWith(L, h, 1); err != nil {
					rt.inner = innerTrace{err.Value, err.Trace}
					L.Error(err.Value, 0)
				}
				return L.GetTop()
			}))
			return 1
		},
		"yield": func(L *lua.LState) int {
			co := coroutineOf(L)
			if co == nil {
				L.RaiseError("attempt to yield from outside a coroutine")
			}
			co.values = take(L, 1, co.values)
			if !co.yield(struct{}{}) {
				panic(killed{})
			}
			return give(L, co)
		},
		"running": func(L *lua.LState) int {
			if co := coroutineOf(L); co != nil {
				if h := co.handle.Value(); h != nil {
					L.Push(h)
					return 1
				}
			}
			L.Push(lua.LNil)
			return 1
		},
		"status": func(L *lua.LState) int {
			L.Push(lua.LString(rt.coStatus(L, rt.coroutineFor(checkThread(L, 1)))))
			return 1
		},
	}))
}

func checkThread(L *lua.LState, i int) *lua.LState {
	th, ok := L.Get(i).(*lua.LState)
	if !ok {
		arg.Fail(L, i, "coroutine", "")
	}
	return th
}

func (rt *Runtime) coStatus(L *lua.LState, co *coroutine) string {
	switch {
	case co == nil:
		return "dead"
	case co.state == suspended:
		return "suspended"
	case co == coroutineOf(L):
		return "running"
	case co.fiber == rt.cur.Load():
		return "normal"
	}
	return "running"
}

// resumeWith resumes the coroutine of a handle with the arguments from index
// from on and leaves its values on an otherwise empty stack.
func (rt *Runtime) resumeWith(L *lua.LState, h *lua.LState, from int) *Error {
	co := rt.coroutineFor(h)
	if co == nil {
		return &Error{Value: lua.LString("cannot resume dead coroutine")}
	}
	if co.state == running {
		msg := "cannot resume non-suspended coroutine"
		if co.fiber != rt.cur.Load() {
			msg += " (it runs in " + co.fiber.String() + ")"
		}
		return &Error{Value: lua.LString(msg)}
	}
	co.values = take(L, from, co.values)
	if err := rt.resume(L, co); err != nil {
		return err
	}
	give(L, co)
	runtime.KeepAlive(h)
	return nil
}

// take moves the arguments from index from on into buf.
func take(L *lua.LState, from int, buf []lua.LValue) []lua.LValue {
	clear(buf)
	buf = buf[:0]
	for i := from; i <= L.GetTop(); i++ {
		buf = append(buf, L.Get(i))
	}
	return buf
}

// give replaces the stack by the values handed over.
func give(L *lua.LState, co *coroutine) int {
	L.SetTop(0)
	for i, v := range co.values {
		L.Push(v)
		co.values[i] = nil
	}
	return len(co.values)
}
