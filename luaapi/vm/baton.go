package vm

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// baton is the one lock of a runtime, handed on first come, first served. Who
// holds it runs Lua. sync.Mutex would not do: it lets newcomers pass a queue.
type baton struct {
	mu     sync.Mutex // guards held, first, last, and queued of each turn
	held   bool
	first  *turn
	last   *turn
	queued atomic.Int32  // length of the queue, for those who only ask
	grants atomic.Uint64 // how often it was taken
}

// turn is one place in the queue.
type turn struct {
	ready  chan struct{} // the baton comes through it
	next   *turn
	queued bool // stands in the queue, or has the baton in ready
}

var turns = sync.Pool{New: func() any { return &turn{ready: make(chan struct{}, 1)} }}

// take waits for the baton.
func (b *baton) take() { b.await(b.queue()) }

// queue takes a place in the queue, to be waited for with await; nil stands for
// the baton itself, when nobody held it.
func (b *baton) queue() *turn {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.held {
		b.held = true
		return nil
	}
	t := turns.Get().(*turn)
	b.push(t)
	return t
}

// enqueue puts t into the queue, unless it stands there already.
func (b *baton) enqueue(t *turn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case t.queued:
	case b.held:
		b.push(t)
	default:
		b.held, t.queued = true, true
		t.ready <- struct{}{}
	}
}

func (b *baton) push(t *turn) {
	t.next, t.queued = nil, true
	if b.last == nil {
		b.first = t
	} else {
		b.last.next = t
	}
	b.last = t
	b.queued.Add(1)
}

// await waits until it is t's turn, and uses t up.
func (b *baton) await(t *turn) {
	if t != nil {
		<-t.ready
	}
	b.done(t)
}

// done follows when the baton has come; it uses t up.
func (b *baton) done(t *turn) {
	if t != nil {
		t.queued = false
		turns.Put(t)
	}
	b.grants.Add(1)
}

// give hands the baton to the first in the queue.
func (b *baton) give() {
	b.mu.Lock()
	t := b.first
	if t == nil {
		b.held = false
		b.mu.Unlock()
		return
	}
	if b.first = t.next; b.first == nil {
		b.last = nil
	}
	b.queued.Add(-1)
	b.mu.Unlock()
	t.ready <- struct{}{}
}

// Waker ends a wait early. Wake is called at most once, by any goroutine, and
// must not block.
type Waker interface{ Wake() }

// WakerFunc is a function as a Waker.
type WakerFunc func()

// Wake calls the function.
func (f WakerFunc) Wake() { f() }

// Wait lets go of the baton while fn runs, and takes it back when fn has
// returned or panicked. fn gets and leaves Go values in what it closes over;
// it must not touch a Lua value. When the fiber is cancelled meanwhile, or was
// before, w is woken, and fn must return soon. A nil w is for what ends soon
// by itself.
func (rt *Runtime) Wait(L *lua.LState, w Waker, fn func()) {
	f := rt.cur.Load()
	f.flush(L)
	p := rt.pause(L, f, w)
	defer p.resume()
	fn()
}

// pause is a wait under way.
type pause struct {
	rt     *Runtime
	f      *Fiber
	thread *lua.LState
	w      Waker
}

func (rt *Runtime) pause(L *lua.LState, f *Fiber, w Waker) pause {
	p := pause{rt, f, L.G.CurrentThread, w}
	if w != nil {
		f.setWaker(w)
	}
	f.parked = p.thread
	rt.drop()
	return p
}

func (p *pause) resume() {
	if p.w != nil {
		p.f.setWaker(nil)
	}
	p.rt.enter(p.f, p.thread)
	if p.rt.reaper.found.Load() {
		p.rt.reap()
	}
}

// enter takes the baton for f, which runs in thread.
func (rt *Runtime) enter(f *Fiber, thread *lua.LState) {
	rt.baton.take()
	rt.entered(f, thread)
}

func (rt *Runtime) entered(f *Fiber, thread *lua.LState) {
	rt.cur.Store(f)
	rt.main.G.CurrentThread = thread
	f.crowded, f.parked = 0, nil
}

// drop gives the baton away.
func (rt *Runtime) drop() {
	rt.cur.Store(nil)
	rt.baton.give()
}

// fairness is how long a fiber whose calls never have to wait may keep others
// queueing.
const fairness = time.Millisecond

// Breathe lets others run when they have been queueing behind this fiber for
// a millisecond. Calls that may wait and did not have to make it.
func (rt *Runtime) Breathe(L *lua.LState) {
	if rt.baton.queued.Load() == 0 {
		return
	}
	f, now := rt.cur.Load(), time.Since(rt.made)
	switch {
	case f.crowded == 0:
		f.crowded = now
	case now-f.crowded >= fairness:
		rt.Wait(L, nil, func() {})
	}
}

// Yield lets every fiber run that could.
func (rt *Runtime) Yield(L *lua.LState) {
	if rt.baton.queued.Load() > 0 {
		rt.Wait(L, nil, func() {})
	} else {
		rt.Wait(L, nil, runtime.Gosched) // one may be on its way into the queue
	}
}

// Job is what Poll does when a descriptor is ready.
type Job interface {
	// Try does the work without blocking and answers whether it is done; false
	// waits until the descriptor is ready again. It is called with the baton
	// held.
	Try(fd uintptr) bool
}

// poller is the part of a fiber that waits for a descriptor; kept, so that a
// wait allocates nothing.
type poller struct {
	f      *Fiber
	L      *lua.LState
	job    Job
	w      Waker
	p      pause
	done   bool
	paused bool
	fn     func(fd uintptr) bool
}

func (p *poller) ready(fd uintptr) bool {
	if p.paused { // the baton is not held here: only report
		return true
	}
	if p.done = p.job.Try(fd); p.done {
		return true
	}
	p.p = p.f.rt.pause(p.L, p.f, p.w)
	p.paused = true
	return false
}

// Direction says what Poll waits for.
type Direction bool

// The two directions of a descriptor.
const (
	ToRead  Direction = false
	ToWrite Direction = true
)

// Poll waits until job is done on a descriptor. Its error (closed, or a
// deadline that passed) ends the wait. The baton is kept when the first try
// succeeds. Nobody else may Poll the same direction of the same descriptor at
// the time.
func (rt *Runtime) Poll(L *lua.LState, raw syscall.RawConn, to Direction, w Waker, job Job) error {
	f := rt.cur.Load()
	f.flush(L)
	rt.Breathe(L) // not after the job: what it put into Scratch must last
	p := f.poll
	if p == nil {
		p = &poller{f: f}
		p.fn = p.ready
		f.poll = p
	}
	p.L, p.job, p.w = L, job, w
	for {
		var err error
		p.done, p.paused = false, false
		if to == ToRead {
			err = raw.Read(p.fn)
		} else {
			err = raw.Write(p.fn)
		}
		if p.paused {
			p.paused = false
			p.p.resume()
			p.p = pause{}
		}
		if p.done {
			err = nil
		}
		if p.done || err != nil {
			p.L, p.job, p.w = nil, nil, nil
			return err
		}
	}
}

// WaitContext is Wait for a Go call that takes a context: it is cancelled with
// the fiber, and after timeout. arg.Forever is no timeout.
func (rt *Runtime) WaitContext(L *lua.LState, timeout time.Duration, fn func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if timeout < arg.Forever {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, timeout)
		defer stop()
	}
	rt.Wait(L, WakerFunc(cancel), func() { fn(ctx) })
}
