package socket

import (
	"context"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/addr"
	"github.com/netrepl/netrepl/luaapi/internal/side"
	"github.com/netrepl/netrepl/luaapi/internal/stream"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// Socket is what a script holds: a socket that is fresh, bound, listening,
// connected or closed. Guarded by the baton, but for Shut and String.
type Socket struct {
	stream.Conn // once connected, for streams
	*setup

	st       *state
	kind     string         // "tcp", "udp", "unix"
	ud       *lua.LUserData // what Lua holds of it, the same each time
	id       int64          // in the scope, 0 while it is not open
	dgram    bool
	accepted bool
	shut     atomic.Bool
}

// setup is what a connection that was accepted does without: thousands of
// those are held.
type setup struct {
	family   string // "", "4", "6"
	bindOpts vm.BindOptions
	pending  []option // set when it is opened
	local    *addr.Addr
	bound    vm.Bound
	ln       net.Listener
	since    time.Time // when ln began to listen
	pc       *packets
	path     string                 // of a unix socket, removed when it is closed
	unlink   runtime.Cleanup        // the same, when it is collected
	turns    side.Side              // of those who accept
	abort    context.CancelFunc     // ends the connect under way, nil if there is none
	shown    atomic.Pointer[string] // its addresses
}

// Stream answers the connection, nil while there is none.
func (s *Socket) Stream() *stream.Conn {
	if s.Conn.Net() == nil {
		return nil
	}
	return &s.Conn
}

// Gone tells whether it was closed.
func (s *Socket) Gone() bool { return s.shut.Load() }

// Shut closes it at once. Any goroutine.
func (s *Socket) Shut() {
	if s.ln != nil {
		s.ln.Close()
	}
	if s.pc != nil {
		s.pc.c.Close()
	}
	s.Conn.Shut()
	if s.bound != nil {
		s.bound.Close()
	}
	s.unlink.Stop()
	if s.path != "" {
		s.st.rt.Host.Files.Remove(s.path)
	}
}

// ownPath makes the path of a unix socket go when the socket goes. The
// listener's is removed by Go when it is closed.
func (s *Socket) ownPath(a net.Addr, listens bool) {
	u, ok := a.(*net.UnixAddr)
	if !ok || u.Name == "" || u.Name[0] == '@' {
		return
	}
	if !listens {
		s.path = u.Name
	}
	files := s.st.rt.Host.Files
	s.unlink = runtime.AddCleanup(s, func(path string) { files.Remove(path) }, u.Name)
}

// String is how it shows itself: kind first.
func (s *Socket) String() string {
	if s.shut.Load() {
		return s.kind + " closed"
	}
	if show := s.shown.Load(); show != nil {
		return s.kind + " " + *show
	}
	if s.accepted {
		c := s.Conn.Net()
		return s.kind + " " + addr.Show(c.LocalAddr()) + " <- " + addr.Show(c.RemoteAddr())
	}
	return s.kind + " unbound"
}

func (s *Socket) showAs(text string) { s.shown.Store(&text) }

func toString(L *lua.LState) int {
	L.Push(lua.LString(arg.Self[*Socket](L, "socket").String()))
	return 1
}

// network is Go's name for it.
func (s *Socket) network() string {
	switch {
	case s.kind == "unix" && s.dgram:
		return "unixgram"
	case s.kind == "unix":
		return "unix"
	}
	return s.kind + s.family
}

// own makes the scope own it, now that it is open.
func (s *Socket) own() {
	if s.id == 0 {
		s.id = vm.Own(s.st.rt.Scope, s)
	}
}

// finish marks it closed and lets the scope go of it.
func (s *Socket) finish() {
	s.shut.Store(true)
	if s.abort != nil {
		s.abort()
	}
	s.st.rt.Scope.Disown(s.id)
}

// close closes it, sending first what was written.
func (s *Socket) close(L *lua.LState) {
	if s.shut.Load() {
		return
	}
	if s.Conn.Net() != nil {
		s.Conn.Close(L)
	}
	s.finish()
	s.Shut()
}

func sockClose(L *lua.LState) int {
	arg.Self[*Socket](L, "socket").close(L)
	L.Push(lua.LTrue)
	return 1
}

// result pushes true, or nil and why not.
func result(L *lua.LState, err error) int {
	if err != nil {
		return stream.Fail(L, err)
	}
	L.Push(lua.LTrue)
	return 1
}

// ready answers the socket a method was called on; an error if it is closed.
func ready(L *lua.LState) (*Socket, error) {
	s := arg.Self[*Socket](L, "socket")
	if s.shut.Load() {
		return s, net.ErrClosed
	}
	return s, nil
}

// target reads an address for a socket: a path for a unix one.
func (s *Socket) target(L *lua.LState, i int) addr.Addr {
	if s.kind == "unix" {
		path := arg.String(L, i)
		if len(path) > 5 && path[:5] == "unix:" {
			path = path[5:]
		}
		if path == "" {
			arg.Fail(L, i, "path of a socket", "")
		}
		return addr.Addr{Path: path}
	}
	a := addr.Read(L, i)
	if a.Unix() {
		arg.Fail(L, i, "host", "")
	}
	return a
}
