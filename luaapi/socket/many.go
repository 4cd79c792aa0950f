package socket

import (
	"net"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/net/ipv4"

	"github.com/netrepl/netrepl/luaapi/internal/side"
)

// sendMany sends each of list as a datagram, several in a system call where
// the system can, and answers how many have left.
func (p *packets) sendMany(L *lua.LState, list [][]byte, to net.Addr, d time.Duration) (int, error) {
	if !p.wr.Enter(p.rt, L, d) {
		return 0, side.ErrTimeout
	}
	defer p.wr.Leave()
	if p.wr.Poll {
		p.wr.Limit = time.Now().Add(time.Millisecond)
	}
	p.wr.Arm(p.c.SetWriteDeadline)
	bytes := 0
	for _, data := range list {
		bytes += len(data)
	}
	done := 0
	var err error
	p.rt.Wait(L, (*packetWriteWaker)(p), func() { done, err = p.writeAll(list, to) })
	return done, p.sentOne(bytes, err)
}

// batchMax is how many datagrams one sendmmsg takes, the kernel's UIO_MAXIOV.
const batchMax = 1024

func (p *packets) writeAll(list [][]byte, to net.Addr) (done int, err error) {
	udp, ok := p.c.(*net.UDPConn)
	if !ok {
		for ; done < len(list); done++ {
			if _, err := p.c.WriteTo(list[done], to); err != nil {
				return done, err
			}
		}
		return done, nil
	}
	pc := ipv4.NewPacketConn(udp) // for IPv6 sockets too: WriteBatch only hands the addresses on
	for done < len(list) {
		n, ok, err := p.writeSegments(udp, list[done:], to.(*net.UDPAddr))
		if !ok {
			n, err = pc.WriteBatch(messages(list[done:min(len(list), done+batchMax)], to), 0)
		}
		if err != nil { // n is -1 then
			return done, err
		}
		done += n
	}
	return done, nil
}

func messages(list [][]byte, to net.Addr) []ipv4.Message {
	msgs := make([]ipv4.Message, len(list))
	for i, data := range list {
		msgs[i] = ipv4.Message{Buffers: [][]byte{data}, Addr: to}
	}
	return msgs
}
