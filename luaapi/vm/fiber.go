package vm

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

const (
	flagCancel = 1 << iota // the fiber must stop
	flagWhere              // somebody wants to know where it is
)

// Fiber is one line of Lua execution: a gopher-lua thread run in a goroutine
// of its own. Its methods may be called from any goroutine unless they say
// otherwise.
type Fiber struct {
	rt      *Runtime
	id      int64
	started time.Duration // after the runtime was made
	flag    atomic.Uint32
	pos     atomic.Pointer[string] // last position published

	mu    sync.Mutex // guards what follows
	name  string
	why   string // why it was cancelled
	waker Waker
	quit  chan struct{} // made by Quit, closed by Cancel
	state string
	seen  chan struct{} // closed when a position is published
	tidy  bool          // the clean-up runs: it is not cancelled with the fiber

	// guarded by the baton
	// Handle is what Lua holds of the fiber; made by module fiber.
	Handle   *lua.LUserData
	fn       *lua.LFunction
	args     []lua.LValue
	delay    time.Duration // before the first run
	deep     bool
	thread   *lua.LState
	parked   *lua.LState // the thread that waits, nil while it runs
	dirty    []Flusher
	defers   []*lua.LFunction
	crowded  time.Duration // after the runtime was made: since when others are known to queue behind it
	poll     *poller
	depth    int            // of coroutines resumed inside it
	requires *loadingModule // that it waits for
	returned bool           // from its function: only what it leaves behind is to be done
	ended    bool
	watchers []*Parking // told when it has ended
	results  []lua.LValue
	err      *Error
	hog      bool // was named for computing too long
}

// Flusher holds data that must leave before its fiber waits.
type Flusher interface{ FlushFor(L *lua.LState) }

// SpawnOptions say how a fiber starts.
type SpawnOptions struct {
	Name  string
	Delay time.Duration
	// Deep fibers may recurse 10,000 calls deep instead of 500, for 10 KB more.
	Deep bool
	// Background fibers do not keep the runtime's script alive.
	Background bool
	// OnEnd is called with the baton held when the fiber has ended; what it
	// answers tells whether the error was taken care of.
	OnEnd func(L *lua.LState, err *Error) bool
}

// Spawn makes a fiber that will run fn(args...). Fibers start in the order they
// were made. The baton must be held, or the runtime not started yet.
func (rt *Runtime) Spawn(fn *lua.LFunction, args []lua.LValue, o SpawnOptions) *Fiber {
	f := rt.newFiber(rt.lastID.Add(1), o.Name)
	f.fn, f.args, f.delay, f.deep = fn, args, o.Delay, o.Deep
	rt.fibers.add(f)
	if rt.closing.Load() {
		f.Cancel(Cancelled)
	}
	if !o.Background {
		rt.keep(1)
	}
	rt.goroutines.Add(1)
	if f.delay > 0 {
		f.setState("timer")
		go f.runLater(o)
	} else {
		go f.run(rt.baton.queue(), o)
	}
	return f
}

func (rt *Runtime) newFiber(id int64, name string) *Fiber {
	return &Fiber{rt: rt, id: id, name: name, started: rt.Host.Clock.Now().Sub(rt.made), state: "ready"}
}

// runLater is run after the fiber's delay.
func (f *Fiber) runLater(o SpawnOptions) {
	t := f.rt.Host.Clock.NewTimer(f.delay)
	select {
	case <-t.C:
	case <-f.Quit():
		t.Stop()
	}
	f.run(f.rt.baton.queue(), o)
}

// run is a fiber's goroutine; t is its place in the queue for the baton.
func (f *Fiber) run(t *turn, o SpawnOptions) {
	rt := f.rt
	defer rt.goroutines.Done()
	L := f.begin(t)
	if f.flag.Load()&flagCancel == 0 {
		fn, args := f.fn, f.args
		f.fn, f.args = nil, nil
		f.results, f.err = rt.callMain(L, fn, args)
	}
	if f.err == nil && f.Cancelled() { // before it began, or in its very last call
		f.results, f.err = nil, &Error{Value: lua.LString(f.reason()), Cancelled: f.reason() == Cancelled}
	}
	f.returned = true
	f.flush(L)
	f.end(f.runDefers(L), o)
}

// begin waits for the baton, in whose queue t is the place, and takes a thread.
func (f *Fiber) begin(t *turn) *lua.LState {
	rt := f.rt
	rt.baton.await(t)
	rt.cur.Store(f)
	f.setState("running")
	f.thread = rt.newThread(f.deep)
	rt.main.G.CurrentThread = f.thread
	return f.thread
}

// deferTime is how long the clean-up of a fiber may take.
const deferTime = time.Second

// runDefers calls what fiber.defer registered, last first, under a fresh flag.
// It answers the thread the fiber goes on in: one that ended with an error may
// have no room left.
func (f *Fiber) runDefers(L *lua.LState) *lua.LState {
	if len(f.defers) == 0 {
		return L
	}
	rt := f.rt
	f.mu.Lock()
	f.tidy, f.quit = true, nil
	why, cancelled := f.why, f.flag.And(^uint32(flagCancel))&flagCancel != 0
	f.mu.Unlock()
	t := time.AfterFunc(deferTime, func() { f.Cancel("clean-up took too long") })
	defer t.Stop()
	renew := func() {
		L = rt.newThread(false)
		f.thread, rt.main.G.CurrentThread = L, L
	}
	if f.err != nil {
		renew()
	}
	for len(f.defers) > 0 && !f.Cancelled() {
		fn := f.defers[len(f.defers)-1]
		f.defers = f.defers[:len(f.defers)-1]
		if _, err := rt.callMain(L, fn, nil); err != nil {
			renew()
			rt.report(f, err)
			rt.failed.Store(true)
		}
		f.flush(L)
	}
	f.defers = nil
	if cancelled {
		f.mu.Lock()
		f.why = why
		f.flag.Or(flagCancel)
		f.mu.Unlock()
	}
	return L
}

func (f *Fiber) end(L *lua.LState, o SpawnOptions) {
	rt := f.rt
	f.ended = true
	f.fn, f.args = nil, nil
	handled := o.OnEnd != nil && o.OnEnd(L, f.err)
	for _, w := range f.watchers {
		handled = true
		w.Unpark()
	}
	f.watchers = nil
	if f.err != nil && !f.err.Cancelled && !handled {
		rt.report(f, f.err)
		rt.failed.Store(true)
	}
	f.thread = nil
	rt.freeThread(L, f.err == nil && !f.deep)
	state := "done"
	if f.err != nil {
		state = "failed"
		if f.err.Cancelled {
			state = "cancelled"
		}
	}
	f.setState(state)
	rt.fibers.remove(f)
	rt.drop()
	if !o.Background {
		rt.keep(-1)
	}
}

// flush sends what the fiber wrote and has not sent. The baton must be held.
func (f *Fiber) flush(L *lua.LState) {
	for len(f.dirty) > 0 {
		d := f.dirty[len(f.dirty)-1]
		f.dirty = f.dirty[:len(f.dirty)-1]
		d.FlushFor(L)
	}
}

// MarkDirty makes d be flushed before the running fiber waits or ends. The
// baton must be held; d must not be marked already.
func (rt *Runtime) MarkDirty(d Flusher) {
	f := rt.cur.Load()
	f.dirty = append(f.dirty, d)
}

// Returned tells whether the fiber's function has ended, so that it only waits
// for what it wrote to leave, or cleans up. The baton must be held.
func (f *Fiber) Returned() bool { return f.returned }

// Current answers the fiber that holds the baton.
func (rt *Runtime) Current() *Fiber { return rt.cur.Load() }

// ID answers the fiber's number, from 1, unique in its runtime; 0 inside Do.
func (f *Fiber) ID() int64 { return f.id }

// Name answers the fiber's name, "" if it has none.
func (f *Fiber) Name() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.name
}

// SetName names the fiber for listings and error messages.
func (f *Fiber) SetName(name string) {
	f.mu.Lock()
	f.name = name
	f.mu.Unlock()
}

// Started answers when the fiber was made.
func (f *Fiber) Started() time.Time { return f.rt.made.Add(f.started) }

// String is how a fiber shows in listings: fiber 3 (echo).
func (f *Fiber) String() string {
	if n := f.Name(); n != "" {
		return fmt.Sprintf("fiber %d (%s)", f.id, n)
	}
	return fmt.Sprintf("fiber %d", f.id)
}

// Status answers "running", "waiting", "ready", "timer", "done", "failed" or
// "cancelled".
func (f *Fiber) Status() string {
	f.mu.Lock()
	state, waits := f.state, f.waker != nil
	f.mu.Unlock()
	switch {
	case state != "running":
		return state
	case waits:
		return "waiting"
	case f.rt.cur.Load() != f:
		return "ready"
	}
	return state
}

func (f *Fiber) setState(s string) {
	f.mu.Lock()
	f.state = s
	f.mu.Unlock()
}

// Cancel makes the fiber end: what it waits for is woken, and the next Lua
// instruction raises why. It never needs the baton. A fiber that cleans up
// already is left to it.
func (f *Fiber) Cancel(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flag.Load()&flagCancel != 0 || f.tidy && why == Cancelled {
		return
	}
	f.why = why
	f.flag.Or(flagCancel)
	if f.quit != nil {
		close(f.quit)
	}
	if f.waker != nil {
		f.waker.Wake()
	}
}

// Cancelled tells whether the fiber has been told to stop.
func (f *Fiber) Cancelled() bool { return f.flag.Load()&flagCancel != 0 }

func (f *Fiber) reason() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.why
}

// Quit answers a channel that is closed when the fiber is cancelled.
func (f *Fiber) Quit() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.quit == nil {
		f.quit = make(chan struct{})
		if f.flag.Load()&flagCancel != 0 {
			close(f.quit)
		}
	}
	return f.quit
}

// quitting stands for a wait that Quit ends.
type quitting struct{}

func (quitting) Wake() {}

// Quits is the Waker of a wait that watches the fiber's Quit channel.
var Quits Waker = quitting{}

func (f *Fiber) setWaker(w Waker) {
	f.mu.Lock()
	f.waker = w
	if w != nil && f.flag.Load()&flagCancel != 0 {
		w.Wake()
	}
	f.mu.Unlock()
}

// Defer registers a function that runs once when the fiber ends. The baton
// must be held.
func (f *Fiber) Defer(fn *lua.LFunction) { f.defers = append(f.defers, fn) }

// Outcome answers whether the fiber has ended, and with what. The baton must
// be held.
func (f *Fiber) Outcome() (ended bool, results []lua.LValue, err *Error) {
	return f.ended, f.results, f.err
}

// Watch makes the fiber unpark p when it has ended. Its error counts as taken.
// The baton must be held.
func (f *Fiber) Watch(p *Parking) { f.watchers = append(f.watchers, p) }

// Unwatch takes Watch back. The baton must be held.
func (f *Fiber) Unwatch(p *Parking) {
	if i := slices.Index(f.watchers, p); i >= 0 {
		f.watchers = slices.Delete(f.watchers, i, i+1)
	}
}

// Position answers where the fiber is running or waiting, "" if that is not
// known: a running one is asked and has wait to answer.
func (f *Fiber) Position(wait time.Duration) string {
	f.mu.Lock()
	if f.seen == nil {
		f.seen = make(chan struct{})
	}
	seen := f.seen
	f.mu.Unlock()
	f.flag.Or(flagWhere)
	defer f.flag.And(^uint32(flagWhere))
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-seen:
	case <-t.C:
	}
	if p := f.pos.Load(); p != nil {
		return *p
	}
	return ""
}

func (f *Fiber) publish(pos string) {
	f.pos.Store(&pos)
	f.mu.Lock()
	if f.seen != nil {
		close(f.seen)
		f.seen = nil
	}
	f.mu.Unlock()
}

// hogTime is how long a fiber may compute while others queue before it is
// named.
const hogTime = time.Second

// nameHog says once which fiber computes while others queue.
func (rt *Runtime) nameHog() {
	f := rt.cur.Load()
	if f == nil {
		return
	}
	f.mu.Lock()
	named := f.hog
	f.hog = true
	f.mu.Unlock()
	if named {
		return
	}
	at := f.Position(10 * time.Millisecond)
	if at == "" {
		at = "?"
	}
	rt.Logf("%s has been computing for over %v at %s while others wait", f, hogTime, at)
}

// logPanic writes the Go stack of a panic in a binding.
func (rt *Runtime) logPanic(function string, r any) {
	rt.Logf("internal error in %s: %v\n%s", function, r, debug.Stack())
}
