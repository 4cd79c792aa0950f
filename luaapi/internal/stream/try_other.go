//go:build !unix

package stream

import (
	"net"
	"syscall"
)

// rawConn answers nil: sockets cannot be tried without blocking here.
func rawConn(net.Conn) syscall.RawConn { return nil }

type readJob Conn

// Try is not called: there is no rawConn.
func (j *readJob) Try(uintptr) bool { return true }

type writeJob Conn

// Try is not called: there is no rawConn.
func (j *writeJob) Try(uintptr) bool { return true }
