package socket

import (
	"errors"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Bounds of one send with segmentation: the kernel's UDP_MAX_SEGMENTS, and the
// largest payload of a UDP datagram over IPv4, which the whole may not exceed.
const (
	maxSegments = 64
	maxPayload  = 65507
)

// run answers how many of the first datagrams can leave in one call: those of
// one size, and after them a shorter one.
func run(list [][]byte) (n, bytes int) {
	size := len(list[0])
	if size == 0 {
		return 0, 0
	}
	for _, data := range list {
		if n == maxSegments || len(data) > size || len(data) == 0 || bytes+len(data) > maxPayload {
			break
		}
		n, bytes = n+1, bytes+len(data)
		if len(data) < size {
			break
		}
	}
	return n, bytes
}

// writeSegments hands the kernel several datagrams as one buffer and lets it
// cut them apart (UDP_SEGMENT, see udp(7)): the way through its stack, which is
// most of what a small datagram costs, is then gone once for all. It answers
// how many have left; ok is false if this socket or route cannot do it.
func (p *packets) writeSegments(c *net.UDPConn, list [][]byte, to *net.UDPAddr) (n int, ok bool, err error) {
	n, size := run(list)
	if n < 2 || p.noSegments || c.RemoteAddr() != nil { // Go refuses an address when it has connected
		return 0, false, nil
	}
	buf := make([]byte, 0, size)
	for _, data := range list[:n] {
		buf = append(buf, data...)
	}
	oob := make([]byte, unix.CmsgSpace(2))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Pointer(&oob[unix.CmsgLen(0)])) = uint16(len(list[0]))
	_, _, err = c.WriteMsgUDP(buf, oob, to)
	for _, no := range []error{unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.ENOPROTOOPT, unix.EOPNOTSUPP} {
		if errors.Is(err, no) {
			p.noSegments = true
			return 0, false, nil
		}
	}
	if err != nil {
		return 0, true, err
	}
	return n, true, nil
}
