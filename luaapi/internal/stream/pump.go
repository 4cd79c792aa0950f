package stream

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/side"
)

// Pump copies from a to b and from b to a in Go until both have ended, and
// answers the bytes each way. When one end stops sending, the other is told so
// and may go on; when one breaks, both directions end. Two TCP connections are
// spliced by the kernel where it can. Nobody else may use them meanwhile.
func Pump(L *lua.LState, a, b *Conn) (forth, back int64, err error) {
	rt := a.env.rt
	for _, s := range []*Conn{a, b} {
		if s.closed {
			return 0, 0, io.EOF
		}
		if err := s.Flush(L); err != nil {
			return 0, 0, err
		}
		for _, sd := range []*side.Side{&s.rd, &s.wr} {
			if !sd.Enter(rt, L, arg.Forever) {
				return 0, 0, side.ErrTimeout
			}
			defer sd.Leave()
		}
		if s.closed { // while it waited
			return 0, 0, io.EOF
		}
		s.rd.Rearm(s.c.SetReadDeadline)
		s.wr.Rearm(s.c.SetWriteDeadline)
	}
	heads := [2]string{a.taken(len(a.unread())), b.taken(len(b.unread()))}
	conns := [2]net.Conn{a.c, b.c}
	ended := [2]bool{a.eof, b.eof}
	var n [2]int64
	var errs [2]error
	env := a.env
	if env.pumped == nil {
		env.pumped = map[*Conn]pumpWaker{}
	}
	env.pumped[a], env.pumped[b] = conns, conns
	rt.Wait(L, pumpWaker(conns), func() {
		var both sync.WaitGroup
		for i := range conns {
			both.Go(func() {
				n[i], errs[i] = forward(conns[1-i], conns[i], heads[i], ended[i])
				if errs[i] != nil {
					pumpWaker(conns).Wake()
				}
			})
		}
		both.Wait()
	})
	for i, s := range []*Conn{a, b} {
		delete(env.pumped, s)
		s.eof = s.eof || errs[i] == nil
		s.rd.Woken()
		s.wr.Woken()
		head := int64(len(heads[i]))
		if n[i] < head {
			s.Unrecv(heads[i][n[i]:])
		}
		s.rn += max(0, n[i]-head)
		s.wn += n[1-i]
	}
	err = errs[0]
	if err == nil || isTimeout(err) && errs[1] != nil {
		err = errs[1]
	}
	if err != nil && (a.closed || b.closed) {
		err = net.ErrClosed
	}
	return n[0], n[1], err
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// pumpWaker ends both directions.
type pumpWaker [2]net.Conn

// Wake sets deadlines that have passed.
func (w pumpWaker) Wake() {
	w[0].SetDeadline(side.Past)
	w[1].SetDeadline(side.Past)
}

// forward sends head and all that comes from src to dst, then tells dst that
// there is no more.
func forward(dst, src net.Conn, head string, ended bool) (n int64, err error) {
	if head != "" {
		k, err := io.WriteString(dst, head)
		if n = int64(k); err != nil {
			return n, err
		}
	}
	if !ended {
		k, err := io.Copy(dst, src)
		if n += k; err != nil {
			return n, err
		}
	}
	if h, ok := dst.(halfCloser); ok {
		err = h.CloseWrite()
		if errors.Is(err, net.ErrClosed) || isNotConnected(err) {
			err = nil
		}
	}
	return n, err
}

// isNotConnected tells whether the peer was gone before it could be told.
func isNotConnected(err error) bool { return errors.Is(err, syscall.ENOTCONN) }
