//go:build unix && !linux

package sys

import "golang.org/x/sys/unix"

// Read reads into p from a socket that does not block.
func Read(fd uintptr, p []byte) (int, error) { return unix.Read(int(fd), p) }

// Write writes p to a socket that does not block.
func Write(fd uintptr, p []byte) (int, error) { return unix.Write(int(fd), p) }

// SendTo sends p as a datagram from a socket that does not block.
func SendTo(fd uintptr, p []byte, to unix.Sockaddr) error { return unix.Sendto(int(fd), p, 0, to) }
