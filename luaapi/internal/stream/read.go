package stream

import (
	"bytes"
	"io"
	"strings"
	"time"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/internal/side"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// limitDefault is how much a call that reads to a mark takes unless told.
const limitDefault = 1 << 20

// unread answers what came and was not asked for yet.
func (s *Conn) unread() []byte { return s.in[s.at:] }

// skip marks n bytes of unread as taken. An idle connection keeps no buffer.
func (s *Conn) skip(n int) {
	s.at += n
	if s.at == len(s.in) && s.in != nil {
		s.env.putBuf(s.in)
		s.in, s.at = nil, 0
	}
}

// keep adds bytes to unread.
func (s *Conn) keep(b []byte) {
	if len(b) == 0 {
		return
	}
	if s.in == nil {
		s.in = s.env.getBuf()
	}
	if s.at > 0 && len(s.in)+len(b) > cap(s.in) {
		s.in = s.in[:copy(s.in, s.in[s.at:])]
		s.at = 0
	}
	s.in = append(s.in, b...)
}

// begin starts a call that reads.
func (s *Conn) begin(L *lua.LState, d time.Duration) error {
	if s.closed {
		return io.EOF
	}
	s.env.rt.Breathe(L) // all that is wanted may be there already
	if !s.rd.Enter(s.env.rt, L, d) {
		return side.ErrTimeout
	}
	if s.closed { // meanwhile
		s.rd.Leave()
		return io.EOF
	}
	return nil
}

// receive reads once into buf, waiting until something comes. What it answers
// is at least one byte or an error.
func (s *Conn) receive(L *lua.LState, buf []byte) (int, error) {
	if s.eof || s.closed {
		return 0, io.EOF
	}
	s.rd.Rearm(s.c.SetReadDeadline)
	s.rd.Buf, s.rd.N, s.rd.Err = buf, 0, nil
	var err error
	if s.raw != nil {
		err = s.env.rt.Poll(L, s.raw, vm.ToRead, (*readWaker)(s), (*readJob)(s))
		if err == nil {
			err = s.rd.Err
		}
	} else {
		err = s.receiveAside(L)
	}
	n := s.rd.N
	s.rd.Buf = nil
	if s.env.rt.Current().Cancelled() {
		s.rd.Woken() // Wake may have set a deadline
	}
	s.rn += int64(n)
	if n > 0 {
		return n, nil
	}
	if err == io.EOF {
		s.eof = true
	}
	return 0, err
}

// receiveAside is receive for a connection that cannot be tried: it reads into
// a buffer of its own, since the shared ones belong to who holds the baton.
func (s *Conn) receiveAside(L *lua.LState) error {
	if s.rd.Poll {
		s.rd.Limit = time.Now().Add(time.Millisecond)
	}
	s.armRead()
	buf := make([]byte, min(len(s.rd.Buf), maxBuf))
	var n int
	var err error
	s.env.rt.Wait(L, (*readWaker)(s), func() { n, err = s.c.Read(buf) })
	s.rd.N = copy(s.rd.Buf, buf[:n])
	return err
}

// scratch is where a read of unknown length goes.
func (s *Conn) scratch() []byte { return s.env.rt.Scratch() }

// fill receives once and adds what came to unread.
func (s *Conn) fill(L *lua.LState) error {
	b := s.scratch()
	n, err := s.receive(L, b)
	s.keep(b[:n])
	return err
}

// Recv answers what has come, at most n bytes, waiting for the first.
func (s *Conn) Recv(L *lua.LState, n int, d time.Duration) (string, error) {
	if err := s.begin(L, d); err != nil {
		return "", err
	}
	defer s.rd.Leave()
	if b := s.unread(); len(b) > 0 {
		return s.taken(min(n, len(b))), nil
	}
	b := s.scratch()[:min(n, maxBuf)]
	s.bulk = n > maxBuf/2 && s.raw != nil
	got, err := s.receive(L, b)
	bulk := s.bulk && got > 0
	if s.bulk = false; bulk {
		b = s.env.blank() // that is where Try has put it, and nobody has run since
	}
	if len(s.unread()) > 0 { // put back meanwhile, to come first
		s.keep(b[:got])
		return s.taken(min(n, len(s.unread()))), nil
	}
	if bulk && got >= maxBuf/2 {
		s.env.spare = nil // it is the string's now
		return unsafe.String(&b[0], got), err
	}
	return string(b[:got]), err
}

// blank answers maxBuf bytes to receive into that may become a string: bulk
// data is then copied once, by the kernel. They are not cleared first, which a
// slice from make would be. It is for the moment: after a wait another fiber may
// have received into it.
func (e *Env) blank() []byte {
	if e.spare == nil {
		var b strings.Builder
		b.Grow(maxBuf)
		b.WriteByte(0)
		e.spare = unsafe.Slice(unsafe.StringData(b.String()), maxBuf)
	}
	return e.spare
}

// taken takes the first n bytes of unread as a string.
func (s *Conn) taken(n int) string {
	str := string(s.unread()[:n])
	s.skip(n)
	return str
}

// until reads until find says where the wanted data ends: it looks at all that
// is there, of which the first from bytes were seen before, and answers how
// many bytes to return and how many to drop after them, or take < 0. mark is
// the longest that is dropped. More than max bytes to return is "too long".
// What came is returned with the error.
func (s *Conn) until(L *lua.LState, d time.Duration, max int, mark []byte, find func(b []byte, from int) (take, drop int)) (string, error) {
	if err := s.begin(L, d); err != nil {
		return "", err
	}
	defer s.rd.Leave()
	s.seen = 0
	for {
		b := s.unread()
		if take, drop := find(b, s.seen); take >= 0 && take <= max {
			str := string(b[:take])
			s.skip(take + drop)
			return str, nil
		} else if take > max || len(b) > max && !begun(b, max, mark) {
			return s.taken(max), tooLong{}
		}
		s.seen = len(b)
		if len(b) > 0 {
			if err := s.fill(L); err != nil {
				return s.taken(len(s.unread())), err
			}
			continue
		}
		// Nothing there before: look at what comes where it comes to.
		scratch := s.scratch()
		n, err := s.receive(L, scratch)
		if len(s.unread()) > 0 { // put back meanwhile, to come first
			s.keep(scratch[:n])
			continue
		}
		if err != nil {
			return "", err
		}
		if take, drop := find(scratch[:n], 0); take >= 0 && take <= max {
			s.keep(scratch[take+drop : n])
			return string(scratch[:take]), nil
		}
		s.keep(scratch[:n])
	}
}

// begun tells whether b ends in the first part of mark, after max bytes or fewer.
func begun(b []byte, max int, mark []byte) bool {
	for i := len(b) - len(mark) + 1; i <= max; i++ {
		if i >= 0 && bytes.HasPrefix(mark, b[i:]) {
			return true
		}
	}
	return false
}

type tooLong struct{}

func (tooLong) Error() string { return vm.ErrTooLong }

var crlf = []byte("\r\n")

// RecvLine reads a line without its end, "\n" or "\r\n".
func (s *Conn) RecvLine(L *lua.LState, max int, d time.Duration) (string, error) {
	return s.until(L, d, max, crlf, func(b []byte, from int) (int, int) {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return -1, 0
		}
		i += from
		if i > 0 && b[i-1] == '\r' {
			return i - 1, 2
		}
		return i, 1
	})
}

// RecvUntil reads up to delim and drops it.
func (s *Conn) RecvUntil(L *lua.LState, delim string, max int, d time.Duration) (string, error) {
	mark := []byte(delim)
	return s.until(L, d, max, mark, func(b []byte, from int) (int, int) {
		start := from - len(mark) + 1
		if start < 0 {
			start = 0
		}
		i := bytes.Index(b[start:], mark)
		if i < 0 {
			return -1, 0
		}
		return start + i, len(mark)
	})
}

// RecvN reads exactly n bytes.
func (s *Conn) RecvN(L *lua.LState, n int, d time.Duration) (string, error) {
	if err := s.begin(L, d); err != nil {
		return "", err
	}
	defer s.rd.Leave()
	if len(s.unread()) >= n {
		return s.taken(n), nil
	}
	if n <= maxBuf/2 {
		for len(s.unread()) < n {
			if err := s.fill(L); err != nil {
				return s.taken(len(s.unread())), err
			}
		}
		return s.taken(n), nil
	}
	return s.recvMany(L, n, true)
}

// RecvAll reads to the end of the stream, which is no error.
func (s *Conn) RecvAll(L *lua.LState, max int, d time.Duration) (string, error) {
	if err := s.begin(L, d); err != nil {
		if err == io.EOF && !s.closed {
			err = nil
		}
		return "", err
	}
	defer s.rd.Leave()
	data, err := s.recvMany(L, max, false)
	if err == io.EOF && !s.closed {
		return data, nil
	}
	if err == nil { // max bytes came: is there one more?
		if len(s.unread()) == 0 {
			err = s.fill(L)
		}
		switch {
		case err == nil:
			err = tooLong{}
		case err == io.EOF && !s.closed:
			err = nil
		}
	}
	return data, err
}

// recvMany reads n bytes straight into what becomes the string. Memory is
// taken as data comes, not as it is announced.
func (s *Conn) recvMany(L *lua.LState, n int, exact bool) (string, error) {
	size := min(n, 2*maxBuf)
	if !exact {
		size = min(n, 4<<10)
	}
	b := make([]byte, 0, max(size, len(s.unread())))
	k := min(n, len(s.unread()))
	b = append(b, s.unread()[:k]...)
	s.skip(k)
	var err error
	for len(b) < n && err == nil {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)] // grows as append does
		}
		room := b[len(b):min(cap(b), n)]
		var got int
		got, err = s.receive(L, room)
		b = b[:len(b)+got]
	}
	return unsafe.String(unsafe.SliceData(b), len(b)), err
}

// Unrecv puts data back, to be received next.
func (s *Conn) Unrecv(data string) {
	if data == "" {
		return
	}
	rest := append([]byte(data), s.unread()...)
	s.env.putBuf(s.in)
	s.in, s.at, s.seen = rest, 0, 0
}
