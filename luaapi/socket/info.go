package socket

import (
	"errors"
	"net"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/addr"
	"github.com/netrepl/netrepl/luaapi/internal/stream"
)

func sockSetTimeout(L *lua.LState) int {
	s := arg.Self[*Socket](L, "socket")
	s.SetTimeout(arg.Seconds(L, 2))
	L.Push(lua.LTrue)
	return 1
}

func sockGetTimeout(L *lua.LState) int {
	s := arg.Self[*Socket](L, "socket")
	if s.Timeout() == arg.Forever {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LNumber(s.Timeout().Seconds()))
	}
	return 1
}

var errNotConnected = error(syscall.ENOTCONN)

func (s *Socket) localAddr() (net.Addr, error) {
	switch {
	case s.shut.Load():
		return nil, net.ErrClosed
	case s.Conn.Net() != nil:
		return s.Conn.Net().LocalAddr(), nil
	case s.ln != nil:
		return s.ln.Addr(), nil
	case s.bound != nil:
		return s.bound.Addr(), nil
	case s.pc != nil:
		return s.pc.local, nil
	}
	return nil, errors.New("not bound")
}

func sockName(L *lua.LState) int {
	a, err := arg.Self[*Socket](L, "socket").localAddr()
	if err != nil {
		return stream.Fail(L, err)
	}
	return addr.Push(L, a)
}

func peerName(L *lua.LState) int {
	s := arg.Self[*Socket](L, "socket")
	switch {
	case s.shut.Load():
		return stream.Fail(L, net.ErrClosed)
	case s.Conn.Net() != nil:
		return addr.Push(L, s.Conn.Net().RemoteAddr())
	case s.pc != nil && s.pc.peer != nil:
		return addr.Push(L, s.pc.peer)
	}
	return stream.Fail(L, errNotConnected)
}

// getStats answers bytes received, bytes sent, and the age in seconds.
func getStats(L *lua.LState) int {
	s := arg.Self[*Socket](L, "socket")
	received, sent, started := s.Stats()
	if s.pc != nil {
		received, sent, started = s.pc.received, s.pc.sent, s.pc.started
	} else if s.ln != nil {
		started = s.since
	}
	age := 0.0
	if !started.IsZero() {
		age = s.st.rt.Host.Clock.Now().Sub(started).Seconds()
	}
	L.Push(lua.LNumber(received))
	L.Push(lua.LNumber(sent))
	L.Push(lua.LNumber(age))
	return 3
}

func sockID(L *lua.LState) int {
	L.Push(lua.LNumber(arg.Self[*Socket](L, "socket").id))
	return 1
}
