package socket

import (
	"context"
	"net"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/internal/addr"
)

var errConnected = error(syscall.EISCONN)

// connected makes c the socket's connection.
func (s *Socket) connected(c net.Conn) {
	s.Conn.Init(s.st.env, c, s.Timeout())
	s.showAs(addr.Show(c.LocalAddr()) + " -> " + addr.Show(c.RemoteAddr()))
	s.own()
}

// dial connects to an address.
func (s *Socket) dial(L *lua.LState, a addr.Addr) error {
	if err := s.checkAddr(a); err != nil {
		return err
	}
	switch {
	case s.ln != nil || s.Conn.Net() != nil:
		return errConnected
	case s.abort != nil:
		return syscall.EALREADY
	case s.dgram:
		return s.dialPackets(L, a)
	}
	c, err := s.dialStream(L, a)
	if err != nil {
		return err
	}
	s.connected(c)
	return s.applyPending(c)
}

// dialStream dials with the socket's local address, options and timeout.
func (s *Socket) dialStream(L *lua.LState, a addr.Addr) (net.Conn, error) {
	d := &net.Dialer{KeepAlive: -1}
	if s.bound == nil && s.local != nil {
		local, err := s.lookUp(L, *s.local)
		if err != nil {
			return nil, err
		}
		if d.LocalAddr, err = net.ResolveTCPAddr("tcp"+s.family, local.String()); err != nil {
			return nil, err
		}
	}
	if s.bound == nil {
		return s.dialNet(L, d, a)
	}
	own := s.bound.Addr()
	d.LocalAddr = own
	d.Control = reuseAddr
	s.bound.Close()
	s.bound = nil
	c, err := s.dialNet(L, d, a)
	switch {
	case err == nil:
		s.ownPath(own, false)
	case err != nil && !s.shut.Load(): // it stays bound; without its address if somebody was faster
		if s.bound, _ = s.st.rt.Host.Net.Bind(s.network(), own.String(), s.bindOpts); s.bound == nil {
			s.shown.Store(nil)
		}
	}
	return c, err
}

// dialNet is the only place where a socket connects. It ends when the socket
// is closed meanwhile.
func (s *Socket) dialNet(L *lua.LState, d *net.Dialer, a addr.Addr) (net.Conn, error) {
	if a.Host == "" && !a.Unix() {
		a.Host = "localhost"
	}
	if err := s.checkFamily(a.Host); err != nil {
		return nil, err
	}
	shut, abort := context.WithCancel(context.Background())
	defer abort()
	s.abort = abort
	var c net.Conn
	var err error
	s.st.rt.WaitContext(L, s.Timeout(), func(ctx context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(shut, cancel)()
		c, err = s.st.rt.Host.Net.Dial(ctx, d, s.network(), a.String())
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
	})
	s.abort = nil
	if s.shut.Load() {
		if err == nil {
			c.Close()
		}
		return nil, net.ErrClosed
	}
	if err != nil {
		err = notFound(err, a.Host)
	}
	return c, err
}

func sockConnect(L *lua.LState) int {
	s, err := ready(L)
	if s.dgram && L.Get(2) == lua.LString("*") { // LuaSocket's way to disconnect
		if err == nil {
			err = s.disconnect()
		}
		return result(L, err)
	}
	a := s.target(L, 2)
	if err == nil {
		err = s.dial(L, a)
	}
	return result(L, err)
}
