//go:build !unix

package socket

import (
	"net"
	"syscall"
)

// sockaddr is where a datagram goes; not used where sockets cannot be tried.
type sockaddr = any

func rawPackets(packetConn) syscall.RawConn { return nil }

func sockaddrOf(a net.Addr, v6 bool) sockaddr { return nil }

type packetReadJob packets

// Try is not called: there is no raw connection.
func (j *packetReadJob) Try(uintptr) bool { return true }

type packetWriteJob packets

// Try is not called: there is no raw connection.
func (j *packetWriteJob) Try(uintptr) bool { return true }
