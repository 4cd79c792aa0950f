package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// Errors that I/O functions answer, from the closed list of design.md.
const (
	ErrTimeout      = "timeout"
	ErrClosed       = "closed"
	ErrDenied       = "denied"
	ErrTooLong      = "too long"
	ErrHostNotFound = "host not found"
)

// ErrNotSupported is what a kind of socket, or this system, cannot do.
var ErrNotSupported = errors.New("not supported")

// ErrnoText words a Go error of a system call, a look-up or a deadline in the
// closed list of error strings; "" for nil.
func ErrnoText(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return ""
	case errors.As(err, &errno):
		return errnoText(errno)
	case errors.As(err, &dns):
		if dns.IsTimeout {
			return ErrTimeout
		}
		return ErrHostNotFound
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return ErrClosed
	case errors.Is(err, context.Canceled):
		return Cancelled
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return ErrTimeout
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or directory"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	var addr *net.AddrError
	if errors.As(err, &addr) {
		return strings.ToLower(addr.Err)
	}
	return err.Error()
}

func errnoText(errno syscall.Errno) string {
	text := strings.ToLower(errno.Error())
	if text == "" || strings.HasPrefix(text, "errno ") {
		return fmt.Sprintf("error %d", int(errno))
	}
	return text
}
