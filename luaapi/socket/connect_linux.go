package socket

import (
	"net"
	"os"
	"unsafe"

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

// disconnect connects to no address. A port that the system chose is lost by
// that, and taken again.
func (p *packets) disconnect(fd int) error {
	none := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&none)), unsafe.Sizeof(none))
	if errno != 0 {
		return os.NewSyscallError("connect", errno)
	}
	port := -1
	switch sa, _ := unix.Getsockname(fd); sa := sa.(type) {
	case *unix.SockaddrInet4:
		port = sa.Port
	case *unix.SockaddrInet6:
		port = sa.Port
	}
	if port != 0 {
		return nil
	}
	return os.NewSyscallError("bind", unix.Bind(fd, sockaddrOf(p.c.LocalAddr(), p.v6())))
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
