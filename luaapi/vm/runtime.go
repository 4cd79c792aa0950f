package vm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// Runtime is one Lua state with its modules and everything it owns: fibers,
// coroutines and, through its Scope, what was opened.
type Runtime struct {
	Host  *Host
	Scope *Scope

	config     Config
	made       time.Time
	main       *lua.LState // makes tables and functions; runs nothing
	seed       *lua.LState // makes threads: carries no context, small options
	ctx        *runContext
	baton      baton
	cur        atomic.Pointer[Fiber] // who holds the baton
	fibers     fiberTable
	lastID     atomic.Int64
	goroutines sync.WaitGroup // of fibers
	life       life
	failed     atomic.Bool // a fiber ended with an error nobody took
	reaper     reaper
	stop       chan struct{} // closed by Close
	closing    atomic.Bool

	// guarded by the baton
	names      map[*lua.LFunction]string
	classes    map[string]*lua.LTable
	modules    map[string]Module
	free       []*lua.LState
	freed      int
	coroutines map[int]*coroutine // by number, until they are dead
	lastCo     int
	inner      innerTrace
	below      map[*lua.LState]*lua.LState // the thread that one stands on
	scratch    []byte
	loading    map[string]*loadingModule // modules being required
	plainCall  *lua.LFunction
	noCall     *lua.LFunction
	values     map[any]any
	patterns   patternCache
	matcher    matcher
}

// Config says what a runtime is made of.
type Config struct {
	Modules []Module
	// Params answers the parameter names of a function for error messages; nil
	// if they are not known. It is asked when an argument is wrong.
	Params func(function string) []string
	// Args are the words after the script's name; Script is its path, "" if
	// there is none. Before are the words before it, the program's name first.
	Args   []string
	Script string
	Before []string
	// MemoryLimit in bytes; 0 is half of what the machine or cgroup has.
	MemoryLimit uint64
}

// Depth of the Lua call stack. Deep fibers get what design.md measured as the
// most that an overflow's handling stays fast with; the others and coroutines
// pay 1 byte a level up front and get less.
const (
	mainDepth  = 10_000
	fiberDepth = 500
)

// deepGrowStep is by how many values the stack of a deep fiber grows: the whole
// stack is copied each time.
const deepGrowStep = 8192

func options(depth int) lua.Options {
	return lua.Options{
		SkipOpenLibs:        true,
		MinimizeStackMemory: true,
		CallStackSize:       depth,
		RegistrySize:        128, // fewer falls back to the default of 5,120
		RegistryMaxSize:     1 << 20,
		RegistryGrowStep:    256,
	}
}

// New makes a runtime. Close it when it is no longer needed.
func New(host *Host, config Config) *Runtime {
	rt := &Runtime{
		Host: host, Scope: &Scope{}, config: config, made: host.Clock.Now(),
		main:       lua.NewState(options(mainDepth)),
		stop:       make(chan struct{}),
		names:      map[*lua.LFunction]string{},
		classes:    map[string]*lua.LTable{},
		modules:    map[string]Module{},
		coroutines: map[int]*coroutine{},
		below:      map[*lua.LState]*lua.LState{},
		loading:    map[string]*loadingModule{},
		values:     map[any]any{},
		scratch:    make([]byte, 64<<10),
	}
	rt.fibers.m = map[int64]*Fiber{}
	rt.life.idle = make(chan struct{}, 1)
	rt.life.exit = make(chan struct{})
	rt.reaper.rt = rt
	L := rt.main
	L.G.MainThread, L.G.CurrentThread = L, L
	rt.seed, _ = L.NewThread()
	rt.seed.Options = options(fiberDepth)
	rt.ctx = &runContext{Context: context.Background(), rt: rt}
	L.SetContext(rt.ctx)
	arg.SetNamer(L, rt)
	rt.openStock(L)
	rt.openModules(L)
	go rt.watch()
	return rt
}

// Values keeps what a module holds for each runtime, by a key of its own type.
// The baton must be held.
func (rt *Runtime) Values() map[any]any { return rt.values }

// Scratch is a buffer for reads made while the baton is held; what is in it is
// lost at the next wait.
func (rt *Runtime) Scratch() []byte { return rt.scratch }

// FunctionName answers the Lua name of a Go function, "" if it is not one of
// ours. The baton must be held.
func (rt *Runtime) FunctionName(fn *lua.LFunction) string { return rt.names[fn] }

// ParamName answers the name of a function's i-th argument, from 1; a method's
// first is self. "" if it is not known.
func (rt *Runtime) ParamName(function string, i int) string {
	if strings.Contains(function, ":") {
		i--
	}
	if rt.config.Params == nil {
		return ""
	}
	params := rt.config.Params(function)
	n := len(params)
	switch {
	case i >= 1 && i <= n && params[i-1] != "...":
		return params[i-1]
	case n > 0 && i >= n && params[n-1] == "...":
		return fmt.Sprintf("argument %d", i)
	}
	return ""
}

// newThread answers a thread that runs in the runtime's context.
func (rt *Runtime) newThread(deep bool) *lua.LState {
	if deep {
		rt.seed.Options.CallStackSize, rt.seed.Options.RegistryGrowStep = mainDepth, deepGrowStep
		defer func() { rt.seed.Options = options(fiberDepth) }()
	} else if n := len(rt.free); n > 0 {
		th := rt.free[n-1]
		rt.free = rt.free[:n-1]
		return th
	}
	th, _ := rt.seed.NewThread()
	th.SetContext(rt.ctx)
	return th
}

// freeThread keeps a thread whose function returned for the next fiber. Some
// are let go, so that a stack that once grew is not held for ever.
func (rt *Runtime) freeThread(th *lua.LState, ok bool) {
	rt.freed++
	if !ok || len(rt.free) >= 64 || rt.freed%64 == 0 {
		return
	}
	th.SetTop(0)
	th.Env = rt.main.Env
	rt.free = append(rt.free, th)
}

// life counts what keeps a script alive.
type life struct {
	mu   sync.Mutex
	n    int
	idle chan struct{}
	exit chan struct{} // closed by Exit
	code int
	done bool
}

// keep adds n to the number of fibers that keep the script alive.
func (rt *Runtime) keep(n int) {
	l := &rt.life
	l.mu.Lock()
	l.n += n
	idle := l.n == 0
	l.mu.Unlock()
	if idle {
		select {
		case l.idle <- struct{}{}:
		default:
		}
	}
}

// WaitIdle waits until every fiber that keeps the script alive has ended, or
// until Exit. It answers whether Exit was called.
func (rt *Runtime) WaitIdle() (exited bool) {
	l := &rt.life
	for {
		l.mu.Lock()
		n, done := l.n, l.done
		l.mu.Unlock()
		if done || n == 0 {
			return done
		}
		select {
		case <-l.idle:
		case <-l.exit:
		}
	}
}

// Exit asks the runtime to end with an exit code: every fiber is cancelled.
// The first call counts.
func (rt *Runtime) Exit(code int) {
	l := &rt.life
	l.mu.Lock()
	if l.done {
		l.mu.Unlock()
		return
	}
	l.done, l.code = true, code
	close(l.exit)
	l.mu.Unlock()
	for _, f := range rt.Fibers() {
		f.Cancel(Cancelled)
	}
}

// Exited is closed when Exit has been called.
func (rt *Runtime) Exited() <-chan struct{} { return rt.life.exit }

// ExitCode answers what Exit was given; without it 1 if a fiber failed and
// nobody took its error, 0 otherwise.
func (rt *Runtime) ExitCode() int {
	rt.life.mu.Lock()
	defer rt.life.mu.Unlock()
	switch {
	case rt.life.done:
		return rt.life.code
	case rt.failed.Load():
		return 1
	}
	return 0
}

// Cancelled is why a fiber ends that was cancelled.
const Cancelled = "cancelled"

// closeTime is how long Close waits for fibers to clean up, and again for
// their goroutines when everything is shut.
const closeTime = deferTime + 500*time.Millisecond

// Close cancels every fiber, waits for their clean-up, and closes all that the
// runtime owns. What the system cannot interrupt is left behind.
func (rt *Runtime) Close() error {
	if rt.closing.Swap(true) {
		return nil
	}
	gone := make(chan struct{})
	for _, f := range rt.Fibers() {
		f.Cancel(Cancelled)
	}
	go func() {
		rt.goroutines.Wait()
		close(gone)
	}()
	wait := func() bool {
		select {
		case <-gone:
			return true
		case <-time.After(closeTime):
			return false
		}
	}
	ok := wait()
	rt.Scope.Close()
	if !ok && !wait() {
		close(rt.stop)
		return errors.New("a fiber did not end")
	}
	rt.Do("close", func(L *lua.LState) { rt.killCoroutines() })
	close(rt.stop)
	return nil
}

// Do runs fn with the baton held, as a fiber that is not listed. It is for Go
// code outside of any fiber and must not be called from one.
func (rt *Runtime) Do(name string, fn func(L *lua.LState)) {
	f := rt.newFiber(0, name)
	L := f.begin(rt.baton.queue())
	defer func() {
		f.flush(L)
		rt.drop()
	}()
	fn(L)
}

// Logf writes a line to the host's error output.
func (rt *Runtime) Logf(format string, a ...any) {
	fmt.Fprintf(rt.Host.Err, format+"\n", a...)
}
