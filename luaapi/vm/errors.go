package vm

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// Error is an error that ended a call: the value as raised and where.
type Error struct {
	Value     lua.LValue
	Trace     string // "stack traceback:" and a line a frame, "" if unknown
	Cancelled bool
}

// Error answers the value as text, without the traceback. A table's
// __tostring is not asked; Text asks it.
func (e *Error) Error() string { return errorText(e.Value) }

func errorText(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString, lua.LNumber:
		return v.String()
	}
	return fmt.Sprintf("(error object is a %s value)", v.Type())
}

// Text answers an error's value as text, through __tostring where it has one.
func (rt *Runtime) Text(L *lua.LState, e *Error) string {
	if L.GetMetaField(e.Value, "__tostring") == lua.LNil {
		return errorText(e.Value)
	}
	r, err := rt.callMain(rt.newThread(false), rt.Global("tostring"), []lua.LValue{e.Value})
	if err != nil || len(r) == 0 {
		return errorText(e.Value)
	}
	return r[0].String()
}

// Global answers a global variable without asking metamethods. The baton must
// be held.
func (rt *Runtime) Global(name string) lua.LValue { return rt.main.G.Global.RawGetString(name) }

// report writes an error that nobody took. The baton must be held.
func (rt *Runtime) report(f *Fiber, err *Error) {
	name := ""
	if n := f.Name(); n != "" {
		name = " " + n
	}
	rt.Logf("[fiber %d%s] error: %s", f.id, name, rt.WithTrace(f.thread, err))
}

// WithTrace answers an error as text with its traceback. The baton must be
// held.
func (rt *Runtime) WithTrace(L *lua.LState, err *Error) string {
	text := rt.Text(L, err)
	if err.Trace == "" {
		return text
	}
	return text + "\n" + err.Trace
}

// killed unwinds the goroutine of a coroutine that nobody can resume any more.
type killed struct{}

// innerTrace is the traceback of an error that leaves a coroutine and goes on
// in the thread that resumed it.
type innerTrace struct {
	value lua.LValue
	trace string
}

// callMain runs fn(args...) as the outermost function of a thread. After an
// error the thread must not be used again.
func (rt *Runtime) callMain(L *lua.LState, fn lua.LValue, args []lua.LValue) (results []lua.LValue, err *Error) {
	defer func() {
		if r := recover(); r != nil {
			results, err = nil, rt.recovered(L, r)
		}
	}()
	base := L.GetTop()
	L.Panic = rt.raiseTraced
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	L.Call(len(args), lua.MultRet)
	if n := L.GetTop() - base; n > 0 {
		results = make([]lua.LValue, n)
		for i := range results {
			results[i] = L.Get(base + i + 1)
		}
	}
	L.SetTop(base)
	return results, nil
}

// recovered turns what a thread's goroutine panicked with into an error.
func (rt *Runtime) recovered(L *lua.LState, r any) *Error {
	switch r := r.(type) {
	case killed:
		return &Error{Value: lua.LString(Cancelled), Cancelled: true}
	case *lua.ApiError:
		e := &Error{Value: r.Object, Trace: r.StackTrace}
		if f := rt.cur.Load(); f != nil && f.Cancelled() && f.reason() == Cancelled {
			e.Value, e.Cancelled = lua.LString(Cancelled), true
		}
		return e
	}
	// A panic in Go: raise it in the thread as it stands, so that open upvalues
	// are closed and the traceback shows where.
	return rt.recovered(L, catch(func() { rt.raisePanic(L, r) }))
}

func catch(fn func()) (r any) {
	defer func() { r = recover() }()
	fn()
	return nil
}

// raisePanic raises a Go panic as a Lua error.
func (rt *Runtime) raisePanic(L *lua.LState, r any) {
	if s, ok := r.(string); ok && strings.Contains(s, "callstack overflow") {
		L.RaiseError("stack overflow") // gopher-lua's growing stack panics with a string
	}
	name := "a Go function"
	if dbg, ok := L.GetStack(0); ok {
		if fn, _ := L.GetInfo("f", dbg, lua.LNil); fn != nil {
			if n := rt.names[fn.(*lua.LFunction)]; n != "" {
				name = n
			}
		}
	}
	rt.logPanic(name, r)
	L.RaiseError("internal error: %s: %v", name, r)
}

// raiseTraced is the Panic of a thread whose error will be shown.
func (rt *Runtime) raiseTraced(L *lua.LState) {
	v := L.Get(-1)
	trace := traceback(rt, L, 0)
	if rt.inner.trace != "" {
		if rt.inner.value == v {
			trace = rt.inner.trace + strings.TrimPrefix(trace, traceHeader)
		}
		rt.inner = innerTrace{}
	}
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: v, StackTrace: trace})
}

// raisePlain is the Panic of a thread whose error somebody catches.
func raisePlain(L *lua.LState) { panicWith(L.Get(-1)) }

// panicWith panics with an error. The trace is not empty, or PCall would make
// one.
func panicWith(v lua.LValue) {
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: v, StackTrace: " "})
}

// plainly calls its first argument with the rest under raisePlain; PCall calls
// it, since PCall sets a Panic of its own.
func (rt *Runtime) plainly(L *lua.LState) int {
	L.Panic = raisePlain
	defer rt.rethrow(L, lastUpvalue(L))
	L.Call(L.GetTop()-1, lua.MultRet)
	return L.GetTop()
}

// rethrow, deferred, turns a Go panic that passes into a Lua error. The upvalues
// opened since are closed: their frames end.
func (rt *Runtime) rethrow(L *lua.LState, opened **lua.Upvalue) {
	r := recover()
	if r == nil {
		return
	}
	closeUpvalues(opened)
	switch r := r.(type) {
	case *lua.ApiError, killed:
		panic(r)
	default:
		rt.raisePanic(L, r)
	}
}

// raise is error(value [, level]). As in Lua, a text gets the position of the
// caller (level 1), or of the function that called that one (2), and so on.
func raise(L *lua.LState) int {
	v, level := L.Get(1), int(arg.OptInt(L, 2, 1, 0, 1<<30))
	switch v.(type) {
	case lua.LString, lua.LNumber:
		v = lua.LString(position(L, level) + v.String())
	}
	L.Error(v, 0)
	return 0
}

// position answers "file:line: " of the Lua function at a level of the stack,
// "" for 0, for a Go function and beyond the end.
func position(L *lua.LState, level int) string {
	dbg, ok := L.GetStack(level)
	if level == 0 || !ok {
		return ""
	}
	if fn, err := L.GetInfo("Slf", dbg, lua.LNil); err != nil || fn.(*lua.LFunction).IsG {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", dbg.Source, dbg.CurrentLine)
}

// assert is assert(value [, message, ...]). A message that is no text is raised
// as it is.
func assert(L *lua.LState) int {
	if lua.LVAsBool(arg.Any(L, 1)) {
		return L.GetTop()
	}
	var v lua.LValue = lua.LString("assertion failed!")
	if arg.Given(L, 2) {
		v = L.Get(2)
	}
	switch v.(type) {
	case lua.LString, lua.LNumber:
		v = lua.LString(position(L, 1) + v.String())
	}
	L.Error(v, 0)
	return 0
}

// pcall is Lua's, and lets pass what ends a coroutine.
func (rt *Runtime) pcall(L *lua.LState) int {
	arg.Any(L, 1)
	L.Insert(rt.plainCall, 1)
	return rt.protect(L, L.GetTop()-1)
}

// protect calls what stands at the bottom of the stack with nargs arguments
// and answers as pcall does.
func (rt *Runtime) protect(L *lua.LState, nargs int) int {
	// Should the call stack be full, this raises it. PCall would damage the stack
	// when its own call is the one that overflows: gopher-lua resets a stack that
	// is full to one of eight frames fewer.
	L.Push(rt.noCall)
	L.Call(0, 0)
	handler := hasHandler(L)
	had := *handler
	*handler = true
	err := L.PCall(nargs, lua.MultRet, nil)
	*handler = had
	if co := coroutineOf(L); co != nil && co.killed {
		panic(killed{})
	}
	if err != nil {
		L.SetTop(0)
		L.Push(lua.LFalse)
		L.Push(err.(*lua.ApiError).Object)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// xpcall is Lua's (with Lua 5.2's arguments for the function): the handler
// runs where the error is raised, with the stack as it stands.
func (rt *Runtime) xpcall(L *lua.LState) int {
	arg.Any(L, 1)
	handler := arg.Any(L, 2)
	L.Remove(2)
	call := L.NewFunction(func(L *lua.LState) int {
		L.Panic = func(L *lua.LState) {
			v := L.Get(-1)
			L.Panic = raisePlain
			if overflown(v) {
				v = rt.handleElsewhere(L, handler, v)
			} else {
				L.Push(handler)
				L.Push(v)
				L.Call(1, 1)
				v = L.Get(-1)
			}
			panicWith(v)
		}
		defer rt.rethrow(L, lastUpvalue(L))
		L.Call(L.GetTop()-1, lua.MultRet)
		return L.GetTop()
	})
	L.Insert(call, 1)
	return rt.protect(L, L.GetTop()-1)
}

// overflown tells whether an error says that a thread has no room left.
func overflown(err lua.LValue) bool {
	s, ok := err.(lua.LString)
	return ok && (strings.HasSuffix(string(s), "stack overflow") || strings.HasSuffix(string(s), "registry overflow"))
}

// handleElsewhere calls an error handler in a thread of its own, on top of L.
func (rt *Runtime) handleElsewhere(L *lua.LState, handler, v lua.LValue) lua.LValue {
	th := rt.newThread(false)
	th.SetContext(L.Context())
	rt.below[th] = L
	defer delete(rt.below, th)
	rt.main.G.CurrentThread = th
	r, err := rt.callMain(th, handler, []lua.LValue{v})
	rt.main.G.CurrentThread = L
	switch {
	case err != nil:
		return err.Value
	case len(r) == 0:
		return lua.LNil
	}
	return r[0]
}
