//go:build !linux

package socket

import "net"

func (p *packets) writeSegments(*net.UDPConn, [][]byte, *net.UDPAddr) (n int, ok bool, err error) {
	return 0, false, nil
}
