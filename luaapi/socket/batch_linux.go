package socket

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchSize is how many datagrams one system call receives when they have
// queued up.
const batchSize = 16

// mmsghdr is the kernel's struct mmsghdr, see recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// batch is the memory that recvmmsg fills, one for a runtime. Each slot has
// room for the largest datagram; what is never touched is never real.
type batch struct {
	hdrs  [batchSize]mmsghdr
	iovs  [batchSize]unix.Iovec
	names [batchSize]unix.RawSockaddrInet6
	data  [batchSize][maxPacket + 1]byte
	used  int // slots that the last call filled
}

type batchKey struct{}

func newBatch() *batch {
	b := &batch{used: batchSize}
	for i := range b.hdrs {
		b.iovs[i].Base = &b.data[i][0]
		b.iovs[i].SetLen(len(b.data[i]))
		h := &b.hdrs[i].hdr
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		h.Iov = &b.iovs[i]
		h.SetIovlen(1)
	}
	return b
}

// receiveBatch receives what is there into the queue.
func (p *packets) receiveBatch(fd int) error {
	if p.unix() {
		return p.receiveOne(fd)
	}
	b, ok := p.rt.Values()[batchKey{}].(*batch)
	if !ok {
		b = newBatch()
		p.rt.Values()[batchKey{}] = b
	}
	for i := range b.used { // the kernel has written the lengths that came
		b.hdrs[i].hdr.Namelen = uint32(unsafe.Sizeof(b.names[i]))
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.hdrs[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return errno
		}
		b.used = int(n)
		for i := range b.used {
			p.queue = append(p.queue, packet{data: string(b.data[i][:b.hdrs[i].len]), ip: addrPort(&b.names[i])})
		}
		return nil
	}
}

// addrPort reads a socket address as the kernel writes it.
func addrPort(sa *unix.RawSockaddrInet6) netip.AddrPort {
	port := func(p *uint16) uint16 {
		b := (*[2]byte)(unsafe.Pointer(p))
		return uint16(b[0])<<8 | uint16(b[1])
	}
	switch sa.Family {
	case unix.AF_INET:
		sa4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		return netip.AddrPortFrom(netip.AddrFrom4(sa4.Addr), port(&sa4.Port))
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), port(&sa.Port))
	}
	return netip.AddrPort{}
}
