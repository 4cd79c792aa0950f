package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls are made without telling Go's scheduler: they are only for
// descriptors that do not block, so each is over in microseconds, and nobody
// could use the processor meanwhile but fibers that wait for the baton, which
// the caller holds. Telling costs as much as a small call. recv and send go
// straight to the socket, where read and write pass the file system (measured:
// 450 against 500 ns).

// Read reads into p from a socket that does not block.
func Read(fd uintptr, p []byte) (int, error) {
	return call(unix.SYS_RECVFROM, fd, p, 0)
}

// Write writes p to a socket that does not block.
func Write(fd uintptr, p []byte) (int, error) {
	return call(unix.SYS_SENDTO, fd, p, unix.MSG_NOSIGNAL)
}

func call(trap, fd uintptr, p []byte, flags uintptr) (int, error) {
	n, _, errno := unix.RawSyscall6(trap, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// SendTo sends p as a datagram from a descriptor that does not block.
func SendTo(fd uintptr, p []byte, to unix.Sockaddr) error {
	var sa unix.RawSockaddrInet6 // has room for the other family, too
	var size uintptr
	switch to := to.(type) {
	case *unix.SockaddrInet4:
		sa4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&sa))
		sa4.Family, sa4.Addr = unix.AF_INET, to.Addr
		putPort(&sa4.Port, to.Port)
		size = unix.SizeofSockaddrInet4
	case *unix.SockaddrInet6:
		sa.Family, sa.Addr, sa.Scope_id = unix.AF_INET6, to.Addr, to.ZoneId
		putPort(&sa.Port, to.Port)
		size = unix.SizeofSockaddrInet6
	default:
		return unix.Sendto(int(fd), p, 0, to)
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(&sa)), size)
	if errno != 0 {
		return errno
	}
	return nil
}

// putPort writes a port in the order of the network.
func putPort(p *uint16, port int) {
	b := (*[2]byte)(unsafe.Pointer(p))
	b[0], b[1] = byte(port>>8), byte(port)
}
