//go:build unix

package socket

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// connect gives the socket a peer; nil takes it away.
func (p *packets) connect(to net.Addr) error {
	return onFd(p.c, func(fd uintptr) error {
		if to != nil {
			if err := unix.Connect(int(fd), sockaddrOf(to, p.v6())); err != nil {
				return os.NewSyscallError("connect", err)
			}
		} else if err := p.disconnect(int(fd)); err != nil {
			return err
		}
		if _, ok := p.local.(*net.UDPAddr); !ok {
			return nil
		}
		sa, err := unix.Getsockname(int(fd)) // a peer gives the socket an own address too
		switch sa := sa.(type) {
		case *unix.SockaddrInet4:
			p.local = &net.UDPAddr{IP: append(net.IP(nil), sa.Addr[:]...), Port: sa.Port}
		case *unix.SockaddrInet6:
			p.local = &net.UDPAddr{IP: append(net.IP(nil), sa.Addr[:]...), Port: sa.Port, Zone: zoneName(sa.ZoneId)}
		}
		return err
	})
}

func zoneName(id uint32) string {
	if id == 0 {
		return ""
	}
	if ifi, err := net.InterfaceByIndex(int(id)); err == nil {
		return ifi.Name
	}
	return ""
}
