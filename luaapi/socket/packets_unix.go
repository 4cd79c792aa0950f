//go:build unix

package socket

import (
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/netrepl/netrepl/luaapi/internal/addr"
	"github.com/netrepl/netrepl/luaapi/internal/side"
	"github.com/netrepl/netrepl/luaapi/internal/sys"
)

// sockaddr is where a datagram goes; nil is the connected peer.
type sockaddr = unix.Sockaddr

func rawPackets(c packetConn) syscall.RawConn {
	switch c.(type) {
	case *net.UDPConn, *net.UnixConn:
		raw, _ := c.SyscallConn()
		return raw
	}
	return nil
}

// sockaddrOf writes an address for a socket whose own are IPv6 or not.
func sockaddrOf(a net.Addr, v6 bool) sockaddr {
	switch a := a.(type) {
	case *net.UDPAddr:
		if ip4 := a.IP.To4(); ip4 != nil && !v6 {
			sa := &unix.SockaddrInet4{Port: a.Port}
			copy(sa.Addr[:], ip4)
			return sa
		}
		sa := &unix.SockaddrInet6{Port: a.Port}
		copy(sa.Addr[:], a.IP.To16())
		if a.Zone != "" {
			if ifi, err := net.InterfaceByName(a.Zone); err == nil {
				sa.ZoneId = uint32(ifi.Index)
			}
		}
		return sa
	case *net.UnixAddr:
		return &unix.SockaddrUnix{Name: a.Name}
	}
	return nil
}

type packetReadJob packets

// Try receives what is there: one datagram, or several in one call.
func (j *packetReadJob) Try(fd uintptr) bool {
	p := (*packets)(j)
	err := p.receiveBatch(int(fd))
	if err == unix.EAGAIN {
		if p.rd.Poll {
			p.rd.Err = side.ErrTimeout
			return true
		}
		p.rd.Arm(p.c.SetReadDeadline)
		return false
	}
	p.rd.Err = err
	return true
}

// receiveOne receives a datagram.
func (p *packets) receiveOne(fd int) error {
	buf := p.rt.Scratch()
	for {
		n, from, err := unix.Recvfrom(fd, buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		got := packet{data: string(buf[:n])}
		switch a := from.(type) {
		case *unix.SockaddrInet4:
			got.ip = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
		case *unix.SockaddrInet6:
			got.ip = netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
		case *unix.SockaddrUnix:
			got.path = addr.Path(a.Name)
		}
		p.queue = append(p.queue, got)
		return nil
	}
}

type packetWriteJob packets

// Try sends one datagram.
func (j *packetWriteJob) Try(fd uintptr) bool {
	p := (*packets)(j)
	for {
		var err error
		if p.to == nil {
			_, err = sys.Write(fd, p.wr.Buf)
		} else {
			err = sys.SendTo(fd, p.wr.Buf, p.to)
		}
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN && p.wr.Poll:
			err = side.ErrTimeout
		case err == unix.EAGAIN:
			p.wr.Arm(p.c.SetWriteDeadline)
			return false
		}
		p.wr.Err = err
		return true
	}
}
