package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls are made without telling Go's scheduler: they are only for
// descriptors that do not block, so each is over in microseconds, and nobody
// could use the processor meanwhile but fibers that wait for the baton, which
// the caller holds. Telling costs as much as a small call.

// Read reads into p from a descriptor that does not block.
func Read(fd uintptr, p []byte) (int, error) {
	return call(unix.SYS_READ, fd, p)
}

// Write writes p to a descriptor that does not block.
func Write(fd uintptr, p []byte) (int, error) {
	return call(unix.SYS_WRITE, fd, p)
}

func call(trap, fd uintptr, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(trap, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
