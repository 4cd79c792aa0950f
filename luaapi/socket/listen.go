package socket

import (
	"net"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/addr"
	"github.com/netrepl/netrepl/luaapi/internal/side"
	"github.com/netrepl/netrepl/luaapi/internal/stream"
)

func (s *Socket) bind(L *lua.LState, a addr.Addr) error {
	if err := s.checkAddr(a); err != nil {
		return err
	}
	if s.opened() {
		return syscall.EINVAL
	}
	a, err := s.lookUp(L, a)
	if err != nil {
		return err
	}
	if s.opened() { // by another fiber meanwhile
		return syscall.EINVAL
	}
	if s.dgram {
		return s.listenPackets(a)
	}
	b, err := s.st.rt.Host.Net.Bind(s.network(), a.String(), s.bindOpts)
	if err != nil {
		return err
	}
	s.bound = b
	s.own()
	s.showAs(addr.Show(b.Addr()) + " bound")
	return nil
}

// opened tells whether it has an address already, or is about to.
func (s *Socket) opened() bool {
	return s.bound != nil || s.ln != nil || s.pc != nil || s.Conn.Net() != nil || s.abort != nil
}

func (s *Socket) listen(backlog int) error {
	switch {
	case s.dgram:
		return syscall.EOPNOTSUPP
	case s.Conn.Net() != nil || s.abort != nil:
		return syscall.EINVAL
	}
	if s.bound == nil {
		if s.ln != nil {
			return syscall.EINVAL
		}
		if s.kind == "unix" {
			return syscall.EDESTADDRREQ
		}
		b, err := s.st.rt.Host.Net.Bind(s.network(), ":0", s.bindOpts)
		if err != nil {
			return err
		}
		s.bound = b
		s.own()
	}
	b := s.bound
	s.bound = nil
	ln, err := b.Listen(backlog)
	if err != nil {
		b.Close()
		s.finish()
		return err
	}
	s.ln, s.since = ln, s.st.rt.Host.Clock.Now()
	s.ownPath(ln.Addr(), true)
	s.showAs(addr.Show(ln.Addr()) + " listening")
	return s.applyPending(ln)
}

// acceptWaker ends a wait for a connection.
type acceptWaker struct{ ln net.Listener }

// Wake sets a deadline that has passed.
func (w acceptWaker) Wake() { setDeadline(w.ln, time.Unix(1, 0)) }

func setDeadline(ln net.Listener, t time.Time) {
	if d, ok := ln.(interface{ SetDeadline(time.Time) error }); ok {
		d.SetDeadline(t)
	}
}

// pollTime is how long a call that must not wait may take to fetch what is
// there.
const pollTime = 10 * time.Millisecond

// accept waits for a connection. Fibers that accept take turns.
func (s *Socket) accept(L *lua.LState) (*Socket, error) {
	if s.dgram {
		return nil, syscall.EOPNOTSUPP
	}
	ln, rt, t := s.ln, s.st.rt, &s.turns
	if ln == nil {
		return nil, syscall.EINVAL
	}
	if !t.Enter(rt, L, s.Timeout()) {
		return nil, side.ErrTimeout
	}
	defer t.Leave()
	if t.Poll {
		if !readable(ln) {
			rt.Breathe(L)
			return nil, side.ErrTimeout
		}
		// A deadline that has passed would refuse even a connection that waits;
		// somebody else may take it.
		t.Limit = time.Now().Add(pollTime)
	}
	set := func(at time.Time) error { setDeadline(ln, at); return nil }
	t.Arm(set)
	var c net.Conn
	var err error
	rt.Wait(L, acceptWaker{ln}, func() { c, err = ln.Accept() })
	if rt.Current().Cancelled() {
		t.Woken() // Wake may have set a deadline
	}
	if err != nil {
		return nil, err
	}
	n := &Socket{st: s.st, kind: s.kind, accepted: true, setup: s.st.none}
	n.Conn.Init(s.st.env, c, arg.Forever)
	n.own()
	return n, nil
}

func sockBind(L *lua.LState) int {
	s, err := ready(L)
	a := s.target(L, 2)
	if err == nil {
		err = s.bind(L, a)
	}
	return result(L, err)
}

func sockListen(L *lua.LState) int {
	s, err := ready(L)
	n := int(arg.OptInt(L, 2, backlog, 0, 1<<30))
	if err == nil {
		err = s.listen(n)
	}
	return result(L, err)
}

func sockAccept(L *lua.LState) int {
	s, err := ready(L)
	if err != nil {
		return stream.Fail(L, err)
	}
	c, err := s.accept(L)
	if err != nil {
		return stream.Fail(L, err)
	}
	s.st.push(L, c)
	return 1 + s.st.pushAddr(L, c.Conn.Net().RemoteAddr())
}
