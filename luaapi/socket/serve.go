package socket

import (
	"errors"
	"net"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/addr"
	"github.com/netrepl/netrepl/luaapi/internal/side"
	"github.com/netrepl/netrepl/luaapi/internal/stream"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// Server accepts connections and runs a handler for each in a fiber of its
// own. Guarded by the baton.
type Server struct {
	ln       *Socket
	addr     net.Addr
	loop     *vm.Fiber
	handler  *lua.LFunction
	timeout  time.Duration
	handlers map[*vm.Fiber]*Socket
	waiting  []*vm.Parking // told when the server and its handlers have ended
}

// serve is socket.serve(host, port, handler [, opts]).
func (st *state) serve(L *lua.LState) int {
	if _, ok := L.Get(2).(*lua.LFunction); ok {
		L.Insert(lua.LNil, 2) // the port
	}
	a := addr.Read(L, 1)
	handler := arg.Func(L, 3)
	o := arg.Opts(L, 4)
	sv := &Server{handler: handler, timeout: o.Seconds("timeout", arg.Forever), handlers: map[*vm.Fiber]*Socket{}}
	name := o.String("name", "")
	ln, err := st.listenAt(L, a, o)
	if err != nil {
		return stream.Fail(L, err)
	}
	sv.ln, sv.addr = ln, ln.ln.Addr()
	if name == "" {
		name = "serve " + addr.Show(sv.addr)
	}
	sv.loop = st.rt.Spawn(L.NewFunction(sv.run), nil, vm.SpawnOptions{Name: name, OnEnd: func(L *lua.LState, _ *vm.Error) bool {
		ln.close(L)
		sv.tell()
		return false
	}})
	L.Push(vm.Userdata(sv, st.server))
	return 1
}

// Bounds of the pause after accept failed for want of something.
const (
	pauseMin = 10 * time.Millisecond
	pauseMax = time.Second
)

// quiet is for how long accept must have failed no more before it is said
// again that it fails: with the last descriptors it comes and goes.
const quiet = 10 * time.Second

// run accepts until the listener is closed. When the process is out of
// descriptors it says so once, waits and goes on.
func (sv *Server) run(L *lua.LState) int {
	rt := sv.ln.st.rt
	pause := pauseMin
	var failed time.Time
	for {
		c, err := sv.ln.accept(L)
		switch {
		case err == nil:
			pause = pauseMin
			sv.start(L, c)
		case rt.Current().Cancelled() || errors.Is(err, net.ErrClosed):
			return 0
		case errors.Is(err, syscall.ECONNABORTED):
		default:
			now := rt.Host.Clock.Now()
			if now.Sub(failed) > quiet {
				rt.Logf("%s: accept: %s; waiting", sv, vm.ErrnoText(err))
			}
			failed = now
			rt.Park(L, &vm.Parking{}, pause)
			pause = min(2*pause, pauseMax)
		}
	}
}

// start runs the handler for a connection; it is closed when the handler ends.
func (sv *Server) start(L *lua.LState, c *Socket) {
	st := sv.ln.st
	c.SetTimeout(sv.timeout)
	peer := c.Conn.Net().RemoteAddr()
	top := L.GetTop()
	st.push(L, c)
	st.pushAddr(L, peer)
	args := make([]lua.LValue, L.GetTop()-top)
	for i := range args {
		args[i] = L.Get(top + 1 + i)
	}
	L.SetTop(top)
	var f *vm.Fiber
	f = st.rt.Spawn(sv.handler, args, vm.SpawnOptions{OnEnd: func(L *lua.LState, err *vm.Error) bool {
		delete(sv.handlers, f)
		if err != nil {
			f.SetName(addr.Show(peer))
		}
		c.close(L)
		sv.tell()
		return false
	}})
	sv.handlers[f] = c
}

func (sv *Server) ended() bool {
	done, _, _ := sv.loop.Outcome()
	return done && len(sv.handlers) == 0
}

// tell wakes who waits for the end.
func (sv *Server) tell() {
	if sv.loop == nil || !sv.ended() {
		return
	}
	for _, w := range sv.waiting {
		w.Unpark()
	}
	sv.waiting = nil
}

// String is how it shows itself.
func (sv *Server) String() string {
	if sv.ln.shut.Load() {
		return "server stopped"
	}
	return "server " + addr.Show(sv.addr)
}

func serverString(L *lua.LState) int {
	L.Push(lua.LString(arg.Self[*Server](L, "server").String()))
	return 1
}

func serverMethods() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"stop": serverStop,
		"addr": func(L *lua.LState) int { return addr.Push(L, arg.Self[*Server](L, "server").addr) },
		"wait": serverWait,
		"connections": func(L *lua.LState) int {
			L.Push(lua.LNumber(len(arg.Self[*Server](L, "server").handlers)))
			return 1
		},
	}
}

// serverStop is stop([grace]): no new connections from now on. With grace,
// handlers have that many seconds to end and are then cancelled.
func serverStop(L *lua.LState) int {
	sv := arg.Self[*Server](L, "server")
	drain := arg.Given(L, 2)
	grace := arg.Seconds(L, 2)
	sv.ln.close(L)
	sv.loop.Cancel(vm.Cancelled)
	if drain && !sv.await(L, grace) {
		for f := range sv.handlers {
			f.Cancel(vm.Cancelled)
		}
		sv.await(L, arg.Forever)
	}
	L.Push(lua.LTrue)
	return 1
}

// serverWait is wait([timeout]).
func serverWait(L *lua.LState) int {
	sv := arg.Self[*Server](L, "server")
	if !sv.await(L, arg.Seconds(L, 2)) {
		return stream.Fail(L, side.ErrTimeout)
	}
	L.Push(lua.LTrue)
	return 1
}

// await waits until the server and its handlers have ended.
func (sv *Server) await(L *lua.LState, d time.Duration) bool {
	if sv.ended() {
		return true
	}
	c := &vm.Parking{}
	sv.waiting = append(sv.waiting, c)
	sv.ln.st.rt.Park(L, c, d)
	for i, w := range sv.waiting {
		if w == c {
			sv.waiting = append(sv.waiting[:i], sv.waiting[i+1:]...)
			break
		}
	}
	return sv.ended()
}
