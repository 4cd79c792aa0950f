package socket

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
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

// checkAddr refuses an address of another kind than the socket.
func (s *Socket) checkAddr(a addr.Addr) error {
	if a.Unix() != (s.kind == "unix") {
		return syscall.EAFNOSUPPORT
	}
	if a.Unix() && a.Path[0] != '@' && strings.Contains(a.Path, "\x00") {
		return syscall.EINVAL // the system would take the path to end there
	}
	return nil
}

var errConnected = error(syscall.EISCONN)

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

// checkFamily refuses an address in numbers of the other family.
func (s *Socket) checkFamily(host string) error {
	host, _ = splitZone(host)
	ip := net.ParseIP(host)
	if ip != nil && (ip.To4() == nil && s.family == "4" || ip.To4() != nil && s.family == "6") {
		return syscall.EAFNOSUPPORT
	}
	return nil
}

// lookUp turns a host name into an address of the socket's family. It fails
// when the socket was closed meanwhile.
func (s *Socket) lookUp(L *lua.LState, a addr.Addr) (addr.Addr, error) {
	if a.Unix() {
		return a, nil
	}
	if a.Host == "" {
		if s.family == "4" {
			a.Host = "0.0.0.0"
		}
		return a, nil
	}
	if err := s.checkFamily(a.Host); err != nil || net.ParseIP(a.Host) != nil {
		return a, err
	}
	if _, zone := splitZone(a.Host); zone != "" {
		return a, nil
	}
	var ips []net.IP
	var err error
	s.st.rt.WaitContext(L, s.Timeout(), func(ctx context.Context) {
		ips, err = s.st.rt.Host.Net.LookupIP(ctx, "ip"+s.family, a.Host)
	})
	if s.shut.Load() {
		return a, net.ErrClosed
	}
	if err != nil {
		return a, notFound(err, a.Host)
	}
	if len(ips) == 0 {
		return a, hostNotFound(a.Host)
	}
	best := ips[0]
	for _, ip := range ips {
		if (ip.To4() != nil) == s.prefers4() {
			best = ip
			break
		}
	}
	a.Host = best.String()
	return a, nil
}

// prefers4 tells whether it rather takes a name's IPv4 address: as the local
// names of most machines have it, unless it has an IPv6 address itself.
func (s *Socket) prefers4() bool {
	if s.pc == nil {
		return true
	}
	a, ok := s.pc.c.LocalAddr().(*net.UDPAddr)
	return !ok || a.IP.To4() != nil || a.IP.IsUnspecified()
}

func hostNotFound(host string) error {
	return &net.DNSError{Err: vm.ErrHostNotFound, Name: host, IsNotFound: true}
}

// notFound makes of an error that says that a name has no address of the
// family the one that says that there is no such name.
func notFound(err error, host string) error {
	var none *net.AddrError
	if errors.As(err, &none) && none.Addr == host {
		return hostNotFound(host)
	}
	return err
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

func splitZone(host string) (string, string) {
	for i := range len(host) {
		if host[i] == '%' {
			return host[:i], host[i+1:]
		}
	}
	return host, ""
}
