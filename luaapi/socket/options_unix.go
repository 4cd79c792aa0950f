//go:build unix

package socket

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// sockopt is where an option lives.
type sockopt struct{ level, name int }

var sockopts = map[string]sockopt{
	"reuseaddr":         {unix.SOL_SOCKET, unix.SO_REUSEADDR},
	"reuseport":         {unix.SOL_SOCKET, unix.SO_REUSEPORT},
	"keepalive":         {unix.SOL_SOCKET, unix.SO_KEEPALIVE},
	"broadcast":         {unix.SOL_SOCKET, unix.SO_BROADCAST},
	"linger":            {unix.SOL_SOCKET, unix.SO_LINGER},
	"rcvbuf":            {unix.SOL_SOCKET, unix.SO_RCVBUF},
	"sndbuf":            {unix.SOL_SOCKET, unix.SO_SNDBUF},
	"tcp-nodelay":       {unix.IPPROTO_TCP, unix.TCP_NODELAY},
	"ipv6-v6only":       {unix.IPPROTO_IPV6, unix.IPV6_V6ONLY},
	"ip-multicast-loop": {unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP},
	"ip-multicast-ttl":  {unix.IPPROTO_IP, unix.IP_MULTICAST_TTL},
}

// sockopts6 are the names of multicast options on an IPv6 socket.
var sockopts6 = map[string]sockopt{
	"ip-multicast-loop": {unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP},
	"ip-multicast-ttl":  {unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS},
}

func isV6(fd uintptr) bool {
	sa, err := unix.Getsockname(int(fd))
	_, v6 := sa.(*unix.SockaddrInet6)
	return err == nil && v6
}

func (o *option) where(fd uintptr) sockopt {
	if so, ok := sockopts6[o.name]; ok && isV6(fd) {
		return so
	}
	return sockopts[o.name]
}

func (o *option) set(fd uintptr) error {
	s := int(fd)
	at := o.where(fd)
	var err error
	switch o.kind {
	case flagOption:
		n := 0
		if o.on {
			n = 1
		}
		err = unix.SetsockoptInt(s, at.level, at.name, n)
	case numberOption:
		err = unix.SetsockoptInt(s, at.level, at.name, o.n)
	case lingerOption:
		l := unix.Linger{Linger: int32(o.n)}
		if o.on {
			l.Onoff = 1
		}
		err = unix.SetsockoptLinger(s, at.level, at.name, &l)
	case memberOption:
		err = o.setMember(s)
	case interfaceOption:
		err = o.setInterface(fd)
	}
	return os.NewSyscallError("setsockopt", err)
}

func (o *option) setMember(s int) error {
	ifi, ip := &net.Interface{}, net.IPv4zero
	if o.ifi != "" {
		var err error
		if ifi, ip, err = interfaceOf(o.ifi); err != nil {
			return err
		}
	}
	add := o.name == "ip-add-membership"
	if group := o.ip.To4(); group != nil {
		m := &unix.IPMreq{}
		copy(m.Multiaddr[:], group)
		copy(m.Interface[:], ip.To4())
		if add {
			return unix.SetsockoptIPMreq(s, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, m)
		}
		return unix.SetsockoptIPMreq(s, unix.IPPROTO_IP, unix.IP_DROP_MEMBERSHIP, m)
	}
	m := &unix.IPv6Mreq{Interface: uint32(ifi.Index)}
	copy(m.Multiaddr[:], o.ip.To16())
	if add {
		return unix.SetsockoptIPv6Mreq(s, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, m)
	}
	return unix.SetsockoptIPv6Mreq(s, unix.IPPROTO_IPV6, unix.IPV6_LEAVE_GROUP, m)
}

func (o *option) setInterface(fd uintptr) error {
	ifi, ip, err := interfaceOf(o.ifi)
	if err != nil {
		return err
	}
	if isV6(fd) {
		return unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, ifi.Index)
	}
	var a [4]byte
	copy(a[:], ip.To4())
	return unix.SetsockoptInet4Addr(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_IF, a)
}

func (o *option) get(fd uintptr) error {
	s := int(fd)
	at := o.where(fd)
	switch o.kind {
	case flagOption, numberOption:
		n, err := unix.GetsockoptInt(s, at.level, at.name)
		o.on, o.n = n != 0, n
		return os.NewSyscallError("getsockopt", err)
	case lingerOption:
		l, err := unix.GetsockoptLinger(s, at.level, at.name)
		if err == nil {
			o.on, o.n = l.Onoff != 0, int(l.Linger)
		}
		return os.NewSyscallError("getsockopt", err)
	case interfaceOption:
		if isV6(fd) {
			n, err := unix.GetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF)
			if ifi, e := net.InterfaceByIndex(n); e == nil {
				o.ifi = ifi.Name
			}
			return os.NewSyscallError("getsockopt", err)
		}
		a, err := unix.GetsockoptInet4Addr(s, unix.IPPROTO_IP, unix.IP_MULTICAST_IF)
		o.ifi = net.IP(a[:]).String()
		return os.NewSyscallError("getsockopt", err)
	}
	return syscall.ENOPROTOOPT // a membership cannot be asked for
}

// readable tells whether a listener has a connection to accept, or is closed.
func readable(ln net.Listener) bool {
	h, ok := ln.(fdHolder)
	if !ok {
		return true
	}
	n := 0
	err := onFd(h, func(fd uintptr) (err error) {
		for {
			n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
			if err != unix.EINTR {
				return err
			}
		}
	})
	return err != nil || n > 0
}

// reuseAddr lets a connection start from an address that was bound before.
func reuseAddr(_, _ string, c syscall.RawConn) error {
	var inner error
	err := c.Control(func(fd uintptr) {
		inner = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	})
	if err != nil {
		return err
	}
	return inner
}
