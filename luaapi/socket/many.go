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
	msgs := make([]ipv4.Message, len(list))
	bytes := 0
	for i, data := range list {
		msgs[i] = ipv4.Message{Buffers: [][]byte{data}, Addr: to}
		bytes += len(data)
	}
	done := 0
	var err error
	p.rt.Wait(L, (*packetWriteWaker)(p), func() { done, err = p.writeAll(msgs, list, to) })
	return done, p.sentOne(bytes, err)
}

func (p *packets) writeAll(msgs []ipv4.Message, list [][]byte, to net.Addr) (done int, err error) {
	udp, ok := p.c.(*net.UDPConn)
	if !ok {
		for _, data := range list {
			if _, err := p.c.WriteTo(data, to); err != nil {
				return done, err
			}
			done++
		}
		return done, nil
	}
	pc := ipv4.NewPacketConn(udp) // for IPv6 sockets too: WriteBatch only hands the addresses on
	for done < len(msgs) {
		n, err := pc.WriteBatch(msgs[done:min(len(msgs), done+1024)], 0)
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}
