package socket

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

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
