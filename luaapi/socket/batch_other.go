//go:build unix && !linux

package socket

func (p *packets) receiveBatch(fd int) error { return p.receiveOne(fd) }
