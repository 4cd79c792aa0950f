package socket

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/addr"
	"github.com/netrepl/netrepl/luaapi/internal/side"
	"github.com/netrepl/netrepl/luaapi/internal/stream"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// packets is an open datagram socket. Guarded by the baton.
type packets struct {
	rt      *vm.Runtime
	c       packetConn
	raw     syscall.RawConn
	local   net.Addr
	peer    net.Addr // when connected
	queue   []packet // received with another one and not yet asked for
	rd, wr  side.Side
	to      sockaddr // where the call under way sends to
	lastTo  sockaddr // what the script last sent to, and how it wrote it
	lastStr string
	lastNum int

	noSegments bool // the kernel would not cut up a large send

	received, sent int64
	started        time.Time
}

// packetConn is what *net.UDPConn and *net.UnixConn have in common.
type packetConn interface {
	net.PacketConn
	SyscallConn() (syscall.RawConn, error)
	Write([]byte) (int, error)
}

// packet is a datagram and where it came from.
type packet struct {
	data string
	ip   netip.AddrPort
	path string // of a unix socket
}

// maxPacket is the largest datagram that can be asked for.
const maxPacket = 65535

// openPackets makes c the socket's; what was pending has been set.
func (s *Socket) openPackets(c net.PacketConn, peer net.Addr) error {
	pc, ok := c.(packetConn)
	if !ok {
		c.Close()
		return vm.ErrNotSupported
	}
	s.pc = &packets{rt: s.st.rt, c: pc, local: pc.LocalAddr(), peer: peer, started: s.st.rt.Host.Clock.Now()}
	s.pc.raw = rawPackets(pc)
	s.pending = nil
	s.own()
	s.showPackets()
	return nil
}

func (s *Socket) showPackets() {
	show := addr.Show(s.pc.local)
	if s.pc.peer != nil {
		show += " -> " + addr.Show(s.pc.peer)
	}
	s.showAs(show)
}

// listenPackets is the only place where a datagram socket takes an address.
func (s *Socket) listenPackets(a addr.Addr) error {
	lc := &net.ListenConfig{Control: s.beforeBind()}
	network := s.network()
	if network == "udp" && !a.Unix() && a.Host != "" && strings.Contains(a.Host, ".") {
		network = "udp4"
	}
	address := a.String()
	if s.kind == "unix" {
		address = a.Path // "": without a name, or one that the system makes up
	}
	c, err := s.st.rt.Host.Net.ListenPacket(context.Background(), lc, network, address)
	if err != nil {
		return err
	}
	s.ownPath(c.LocalAddr(), false)
	return s.openPackets(c, nil)
}

// dialPackets gives the socket one peer. What it is bound to stays, and so do
// its options.
func (s *Socket) dialPackets(L *lua.LState, a addr.Addr) error {
	if s.pc != nil {
		to, err := s.peerAddr(L, a)
		if err != nil {
			return err
		}
		return s.setPeer(to)
	}
	c, err := s.dialNet(L, &net.Dialer{Control: s.beforeBind()}, a)
	if err != nil {
		return err
	}
	return s.openPackets(c.(net.PacketConn), c.RemoteAddr())
}

// setPeer gives the open socket a peer; nil takes it away, and it receives from
// anywhere again.
func (s *Socket) setPeer(to net.Addr) error {
	if err := s.pc.connect(to); err != nil {
		return err
	}
	s.pc.peer, s.pc.lastTo = to, nil
	s.showPackets()
	return nil
}

// disconnect takes the peer away.
func (s *Socket) disconnect() error {
	if s.pc == nil || s.pc.peer == nil {
		return nil
	}
	return s.setPeer(nil)
}

// Wakers of the two directions.
type packetReadWaker packets

// Wake ends a wait for a datagram.
func (w *packetReadWaker) Wake() { w.c.SetReadDeadline(side.Past) }

type packetWriteWaker packets

// Wake ends a wait for room to send.
func (w *packetWriteWaker) Wake() { w.c.SetWriteDeadline(side.Past) }

// receive answers the next datagram, cut to n bytes.
func (p *packets) receive(L *lua.LState, n int, d time.Duration) (packet, error) {
	if !p.rd.Enter(p.rt, L, d) {
		return packet{}, side.ErrTimeout
	}
	defer p.rd.Leave()
	if len(p.queue) == 0 {
		p.rd.Rearm(p.c.SetReadDeadline)
		p.rd.Err = nil
		var err error
		if p.raw != nil {
			err = p.rt.Poll(L, p.raw, vm.ToRead, (*packetReadWaker)(p), (*packetReadJob)(p))
			if err == nil {
				err = p.rd.Err
			}
		} else {
			err = p.receiveAside(L, d)
		}
		if p.rt.Current().Cancelled() {
			p.rd.Woken()
		}
		if err != nil {
			return packet{}, err
		}
	}
	got := p.queue[0]
	p.queue[0] = packet{}
	if p.queue = p.queue[1:]; len(p.queue) == 0 {
		p.queue = p.queue[:0:0]
	}
	if len(got.data) > n {
		got.data = got.data[:n]
	}
	p.received += int64(len(got.data))
	return got, nil
}

// receiveAside receives where a socket cannot be tried.
func (p *packets) receiveAside(L *lua.LState, d time.Duration) error {
	if p.rd.Poll {
		p.rd.Limit = time.Now().Add(time.Millisecond)
	}
	p.rd.Arm(p.c.SetReadDeadline)
	buf := make([]byte, maxPacket)
	var n int
	var from net.Addr
	var err error
	p.rt.Wait(L, (*packetReadWaker)(p), func() { n, from, err = p.c.ReadFrom(buf) })
	if err != nil {
		return err
	}
	got := packet{data: string(buf[:n])}
	switch a := from.(type) {
	case *net.UDPAddr:
		got.ip = a.AddrPort()
	case *net.UnixAddr:
		if a != nil {
			got.path = addr.Path(a.Name)
		}
	}
	p.queue = append(p.queue, got)
	return nil
}

// send sends one datagram to a peer, nil for the connected one.
func (p *packets) send(L *lua.LState, data string, to net.Addr, d time.Duration) error {
	if !p.wr.Enter(p.rt, L, d) {
		return side.ErrTimeout
	}
	defer p.wr.Leave()
	p.wr.Rearm(p.c.SetWriteDeadline)
	p.wr.Buf, p.wr.Err = unsafe.Slice(unsafe.StringData(data), len(data)), nil
	var err error
	if p.raw != nil {
		p.to = sockaddrOf(to, p.v6())
		err = p.poll(L)
	} else {
		p.wr.Arm(p.c.SetWriteDeadline)
		buf := p.wr.Buf
		p.rt.Wait(L, (*packetWriteWaker)(p), func() {
			if to == nil {
				_, err = p.c.Write(buf)
			} else {
				_, err = p.c.WriteTo(buf, to)
			}
		})
	}
	return p.sentOne(len(data), err)
}

// poll sends what stands in wr.Buf to p.to.
func (p *packets) poll(L *lua.LState) error {
	err := p.rt.Poll(L, p.raw, vm.ToWrite, (*packetWriteWaker)(p), (*packetWriteJob)(p))
	if err == nil {
		err = p.wr.Err
	}
	return err
}

func (p *packets) sentOne(n int, err error) error {
	p.wr.Buf = nil
	if p.rt.Current().Cancelled() {
		p.wr.Woken()
	}
	if err == nil {
		p.sent += int64(n)
	}
	return err
}

// v6 tells whether the socket's own addresses are IPv6.
func (p *packets) v6() bool {
	a, ok := p.c.LocalAddr().(*net.UDPAddr) // not local: an IPv4 peer gives it one in IPv4
	return ok && a.IP.To4() == nil
}

// unix tells whether it is a unix socket.
func (p *packets) unix() bool {
	_, ok := p.c.(*net.UnixConn)
	return ok
}

// dgramReady answers the open datagram socket of a method's receiver, opening it if
// it can be.
func dgramReady(L *lua.LState) (*Socket, error) {
	s, err := ready(L)
	if err == nil && !s.dgram {
		err = syscall.EOPNOTSUPP
	}
	return s, err
}

// sendTo is sendto(data, host, port), or sendto(data, path) for a unix socket.
// With a table of strings it sends each as a datagram.
func sendTo(L *lua.LState) int {
	s, err := dgramReady(L)
	list, many := L.Get(2).(*lua.LTable)
	var data string
	var datagrams [][]byte
	if many {
		datagrams = packetList(L, list)
	} else {
		if t := L.Get(2).Type(); t != lua.LTString && t != lua.LTNumber {
			arg.Fail(L, 2, "string or table of strings", "")
		}
		data = arg.String(L, 2)
	}
	if err == nil && !many && s.again(L) {
		err = s.pc.sendAgain(L, data, s.Timeout())
		return sent(L, len(data), err)
	}
	a := s.target(L, 3)
	if err != nil {
		return stream.Fail(L, err)
	}
	to, err := s.peerAddr(L, a)
	if err != nil {
		return stream.Fail(L, err)
	}
	if s.pc == nil {
		if err := s.openFor(to); err != nil {
			return stream.Fail(L, err)
		}
	}
	if many {
		n, err := s.pc.sendMany(L, datagrams, to, s.Timeout())
		if err != nil {
			stream.Fail(L, err)
			L.Push(lua.LNumber(n))
			return 3
		}
		return sent(L, n, nil)
	}
	err = s.pc.send(L, data, to, s.Timeout())
	if err == nil && !s.pc.rt.Current().Cancelled() {
		s.remember(L, to)
	}
	return sent(L, len(data), err)
}

func sent(L *lua.LState, n int, err error) int {
	if err != nil {
		return stream.Fail(L, err)
	}
	L.Push(lua.LNumber(n))
	return 1
}

// again tells whether the arguments name the address that was sent to last; a
// loop that sends then neither parses nor looks it up. Only addresses in
// numbers are remembered: a name may mean another one soon.
func (s *Socket) again(L *lua.LState) bool {
	if s.pc == nil || s.pc.lastTo == nil {
		return false
	}
	host, ok := L.Get(3).(lua.LString)
	port, num := L.Get(4).(lua.LNumber)
	return ok && num && int(port) == s.pc.lastNum && string(host) == s.pc.lastStr && float64(port) == float64(s.pc.lastNum)
}

func (s *Socket) remember(L *lua.LState, to net.Addr) {
	host, ok := L.Get(3).(lua.LString)
	port, num := L.Get(4).(lua.LNumber)
	if !ok || !num || net.ParseIP(string(host)) == nil {
		return
	}
	s.pc.lastStr, s.pc.lastNum = string(host), int(port)
	s.pc.lastTo = sockaddrOf(to, s.pc.v6())
}

// sendAgain is send to the address of the last call.
func (p *packets) sendAgain(L *lua.LState, data string, d time.Duration) error {
	if !p.wr.Enter(p.rt, L, d) {
		return side.ErrTimeout
	}
	defer p.wr.Leave()
	p.wr.Rearm(p.c.SetWriteDeadline)
	p.wr.Buf, p.wr.Err, p.to = unsafe.Slice(unsafe.StringData(data), len(data)), nil, p.lastTo
	return p.sentOne(len(data), p.poll(L))
}

// openFor opens a fresh socket of the family of a peer.
func (s *Socket) openFor(to net.Addr) error {
	a := addr.Addr{}
	if u, ok := to.(*net.UDPAddr); ok {
		a.Host = "::"
		if u.IP.To4() != nil && s.family != "6" {
			a.Host = "0.0.0.0"
		}
	}
	return s.listenPackets(a) // a unix socket without a name can only send
}

// peerAddr turns an address into Go's, looking a name up.
func (s *Socket) peerAddr(L *lua.LState, a addr.Addr) (net.Addr, error) {
	if err := s.checkAddr(a); err != nil {
		return nil, err
	}
	if s.kind == "unix" {
		return &net.UnixAddr{Name: a.Path, Net: "unixgram"}, nil
	}
	if a.Host == "" {
		a.Host = "localhost"
	}
	a, err := s.lookUp(L, a)
	if err != nil {
		return nil, err
	}
	host, zone := splitZone(a.Host)
	return &net.UDPAddr{IP: net.ParseIP(host), Zone: zone, Port: a.Port}, nil
}

// packetList reads a table of strings.
func packetList(L *lua.LState, t *lua.LTable) [][]byte {
	list := make([][]byte, t.Len())
	for i := range list {
		switch v := t.RawGetInt(i + 1).(type) {
		case lua.LString:
			list[i] = unsafe.Slice(unsafe.StringData(string(v)), len(v))
		case lua.LNumber:
			list[i] = []byte(v.String())
		default:
			arg.Fail(L, 2, "table of strings", "a table with "+arg.DescribeValue(v)+" at "+lua.LNumber(i+1).String())
		}
	}
	return list
}

// recvFrom is recvfrom([n]) -> data, host, port.
func recvFrom(L *lua.LState) int {
	s, got, err := receivePacket(L)
	if err != nil {
		return stream.Fail(L, err)
	}
	L.Push(lua.LString(got.data))
	if s.kind == "unix" {
		L.Push(lua.LString(got.path))
		return 2
	}
	return 1 + s.st.pushIP(L, got.ip)
}

func receivePacket(L *lua.LState) (*Socket, packet, error) {
	s, err := dgramReady(L)
	n := int(arg.OptInt(L, 2, maxPacket, 1, arg.MaxInt))
	d := s.Timeout()
	if arg.Given(L, 3) {
		o := arg.Opts(L, 3)
		d = o.Seconds("timeout", d)
		o.Done()
	}
	if err == nil && s.pc == nil {
		err = errNotConnected
	}
	if err != nil {
		return s, packet{}, err
	}
	got, err := s.pc.receive(L, min(n, maxPacket), d)
	return s, got, err
}

func dgramRecv(L *lua.LState) int {
	_, got, err := receivePacket(L)
	if err != nil {
		return stream.Fail(L, err)
	}
	L.Push(lua.LString(got.data))
	return 1
}

func dgramSend(L *lua.LState) int {
	s, err := dgramReady(L)
	data := arg.String(L, 2)
	if err == nil && (s.pc == nil || s.pc.peer == nil) {
		err = errNotConnected
	}
	if err == nil {
		err = s.pc.send(L, data, nil, s.Timeout())
	}
	return sent(L, len(data), err)
}
