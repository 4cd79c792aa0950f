//go:build unix

package stream

import (
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/netrepl/netrepl/luaapi/internal/side"
	"github.com/netrepl/netrepl/luaapi/internal/sys"
)

// rawConn answers how to try a connection without blocking; nil if it cannot
// be (it is not a plain socket).
func rawConn(c net.Conn) syscall.RawConn {
	switch c := c.(type) {
	case *net.TCPConn:
		raw, _ := c.SyscallConn()
		return raw
	case *net.UnixConn:
		raw, _ := c.SyscallConn()
		return raw
	}
	return nil
}

type readJob Conn

// Try reads what is there.
func (j *readJob) Try(fd uintptr) bool {
	sd, buf := &j.rd, j.rd.Buf
	if j.bulk {
		buf = j.env.blank()[:len(buf)]
	}
	for {
		n, err := sys.Read(fd, buf)
		switch {
		case err == nil && n > 0:
			sd.N = n
			return true
		case err == nil:
			sd.Err = io.EOF
			return true
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return j.wait()
		default:
			sd.Err = err
			return true
		}
	}
}

// wait prepares for waiting; true if the call must not wait.
func (j *readJob) wait() bool {
	if j.rd.Poll {
		j.rd.Err = side.ErrTimeout
		return true
	}
	(*Conn)(j).armRead()
	return false
}

type writeJob Conn

// Try sends as much as there is room for.
func (j *writeJob) Try(fd uintptr) bool {
	sd := &j.wr
	for {
		n, err := sys.Write(fd, sd.Buf[sd.N:])
		if n > 0 {
			sd.N += n
		}
		switch {
		case err == nil && sd.N == len(sd.Buf):
			return true
		case err == nil || err == unix.EINTR:
		case err == unix.EAGAIN && sd.Poll:
			sd.Err = side.ErrTimeout
			return true
		case err == unix.EAGAIN:
			(*Conn)(j).armWrite()
			return false
		default:
			sd.Err = err
			return true
		}
	}
}
