package stream

import (
	"io"
	"time"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/side"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// collect is how much write collects before it sends.
const collect = 64 << 10

// Write collects data to be sent later. After an error it has not.
func (s *Conn) Write(L *lua.LState, data string) error {
	if err := s.fault(); err != nil {
		return err
	}
	if len(s.out) >= collect { // left by a timeout
		if err := s.flush(L, s.timeout); err != nil {
			return err
		}
	}
	if s.out == nil {
		s.out = s.env.getBuf()
	}
	s.out = append(s.out, data...)
	if !s.dirty {
		s.dirty = true
		s.env.rt.MarkDirty(s)
	}
	if len(s.out) >= collect {
		err := s.flush(L, s.timeout)
		if !isTimeout(err) {
			return err
		}
		s.werr = err
	}
	return nil
}

// fault answers why nothing can be sent any more; a failed flush is told once.
func (s *Conn) fault() error {
	if s.closed {
		return io.EOF
	}
	err := s.werr
	s.werr = nil
	return err
}

// FlushFor sends what was collected; a failure is the next call's result. A
// peer that does not read keeps a fiber that has ended no longer than Close.
func (s *Conn) FlushFor(L *lua.LState) {
	s.dirty = false
	if len(s.out) > 0 && !s.closed {
		f, d := s.env.rt.Current(), s.timeout
		if d == arg.Forever && f.Returned() {
			d = CloseTime
		}
		err := s.flush(L, d)
		if f.Cancelled() && isTimeout(err) {
			return // the next who sends goes on with what is left
		}
		if err != nil {
			s.werr = err
		}
	}
}

// Flush sends what was collected.
func (s *Conn) Flush(L *lua.LState) error {
	if err := s.fault(); err != nil {
		return err
	}
	return s.flush(L, s.timeout)
}

func (s *Conn) flush(L *lua.LState, d time.Duration) error {
	if len(s.out) == 0 {
		return nil
	}
	data := s.out
	s.out = nil
	n, err := s.transmit(L, data, d)
	s.putBack(data, n, err)
	return err
}

// putBack keeps what transmit has not sent of the collected data, all[n:], to
// be sent next: after a timeout the connection stays usable, and nothing may
// be missing in the middle. After another error it is of no use.
func (s *Conn) putBack(all []byte, n int, err error) {
	if n < len(all) && isTimeout(err) && !s.closed {
		rest := append(s.env.getBuf(), all[n:]...)
		later := s.out
		s.out = append(rest, later...)
		s.env.putBuf(later)
	}
	s.env.putBuf(all)
}

// Send sends all of data, after what was collected, and answers how many of
// its bytes have left.
func (s *Conn) Send(L *lua.LState, data string, d time.Duration) (int, error) {
	if err := s.fault(); err != nil {
		return 0, err
	}
	if len(s.out) > 0 {
		if len(s.out)+len(data) <= collect {
			before := len(s.out)
			all := append(s.out, data...)
			s.out = nil
			n, err := s.transmit(L, all, d)
			s.putBack(all[:before], n, err)
			return max(0, n-before), err
		}
		came := time.Now()
		if err := s.flush(L, d); err != nil {
			return 0, err
		}
		if d > 0 && d < arg.Forever {
			d = max(0, d-time.Since(came))
		}
	}
	return s.transmit(L, unsafe.Slice(unsafe.StringData(data), len(data)), d)
}

// transmit sends all of data now.
func (s *Conn) transmit(L *lua.LState, data []byte, d time.Duration) (int, error) {
	if len(data) == 0 {
		return 0, nil
	}
	rt := s.env.rt
	if !s.wr.Enter(rt, L, d) {
		return 0, side.ErrTimeout
	}
	defer s.wr.Leave()
	if s.closed {
		return 0, io.EOF
	}
	s.wr.Rearm(s.c.SetWriteDeadline)
	s.wr.Buf, s.wr.N, s.wr.Err = data, 0, nil
	var err error
	if s.raw != nil {
		err = rt.Poll(L, s.raw, vm.ToWrite, (*writeWaker)(s), (*writeJob)(s))
		if err == nil {
			err = s.wr.Err
		}
	} else {
		if s.wr.Poll {
			s.wr.Limit = time.Now().Add(time.Millisecond)
		}
		s.armWrite()
		var n int
		rt.Wait(L, (*writeWaker)(s), func() { n, err = s.c.Write(data) })
		s.wr.N = n
	}
	if rt.Current().Cancelled() {
		s.wr.Woken() // Wake may have set a deadline
	}
	s.wr.Buf = nil
	s.wn += int64(s.wr.N)
	return s.wr.N, err
}

// CloseRead and CloseWrite end one direction; CloseWrite sends what was
// collected first.
type halfCloser interface {
	CloseRead() error
	CloseWrite() error
}

// Shutdown ends a direction: "read", "write" or "both".
func (s *Conn) Shutdown(L *lua.LState, how string) error {
	if err := s.fault(); err != nil {
		return err
	}
	h, ok := s.c.(halfCloser)
	if !ok {
		return vm.ErrNotSupported
	}
	if how != "read" {
		if err := s.flush(L, s.timeout); err != nil {
			return err
		}
		if err := h.CloseWrite(); err != nil {
			return err
		}
	}
	if how != "write" {
		if err := h.CloseRead(); err != nil {
			return err
		}
		s.eof = true
	}
	return nil
}
