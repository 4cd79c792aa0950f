package vm

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// format says what read takes: 'n' a number, 'l' a line, 'L' a line with its
// end, 'a' all, 'c' up to n bytes.
type format struct {
	kind byte
	n    int64
}

var lineFormat = []format{{kind: 'l'}}

// formats reads the arguments from index from on. As in Lua, only the first
// letter of a word counts: "*all", "*line"; the star may be left out.
func formats(L *lua.LState, from int) []format {
	n := L.GetTop()
	if n < from {
		return lineFormat
	}
	fm := make([]format, 0, n-from+1)
	for i := from; i <= n; i++ {
		if _, ok := L.Get(i).(lua.LNumber); ok {
			fm = append(fm, format{'c', arg.Int(L, i, 0, arg.MaxInt)})
			continue
		}
		s, _ := L.Get(i).(lua.LString)
		word := strings.TrimPrefix(string(s), "*")
		if word == "" || strings.IndexByte("nlLa", word[0]) < 0 {
			arg.Fail(L, i, `number of bytes, "*n", "*l", "*L" or "*a"`, "")
		}
		fm = append(fm, format{kind: word[0]})
	}
	return fm
}

var errTooLong = errors.New(ErrTooLong)

// readValues pushes what each format takes; the first that finds nothing is
// nil and the last. An error answers nil, text, number instead.
func (s *stream) readValues(L *lua.LState, fm []format) int {
	s.rt.Breathe(L)
	if err := s.lock(L); err != nil {
		return failed(L, err)
	}
	defer s.unlock()
	if !s.readable {
		return failed(L, syscall.EBADF)
	}
	if len(s.out) > 0 {
		if err := s.flush(L); err != nil {
			return failed(L, err)
		}
	}
	top := L.GetTop()
	for i, f := range fm {
		v, err := s.readValue(L, f)
		if err != nil {
			L.SetTop(top)
			return failed(L, err)
		}
		L.Push(v)
		if v == lua.LNil {
			return i + 1
		}
	}
	return len(fm)
}

func (s *stream) readValue(L *lua.LState, f format) (lua.LValue, error) {
	var text string
	var ok bool
	var err error
	switch f.kind {
	case 'n':
		return s.readNumber(L)
	case 'l', 'L':
		text, ok, err = s.readLine(L, f.kind == 'L')
	case 'a':
		text, err = s.readAll(L)
		ok = true
	case 'c':
		text, ok, err = s.readCount(L, f.n)
	}
	if err != nil || !ok {
		return lua.LNil, err
	}
	return lua.LString(text), nil
}

// more reads another block; false at the end.
func (s *stream) more(L *lua.LState) (bool, error) {
	if len(s.unread()) > maxString {
		return false, errTooLong
	}
	switch err := s.fill(L); err {
	case nil:
		return true, nil
	case io.EOF:
		return false, nil
	default:
		return false, err
	}
}

func (s *stream) readLine(L *lua.LState, keep bool) (string, bool, error) {
	for seen := 0; ; {
		data := s.unread()
		if i := bytes.IndexByte(data[seen:], '\n'); i >= 0 {
			end := seen + i
			if end > maxString {
				return "", false, errTooLong
			}
			if keep {
				end++
			}
			line := string(data[:end])
			s.taken(seen + i + 1)
			return line, true, nil
		}
		seen = len(data)
		if more, err := s.more(L); err != nil {
			return "", false, err
		} else if !more {
			return s.rest()
		}
	}
}

// rest takes all that was read; false if that is nothing.
func (s *stream) rest() (string, bool, error) {
	text := string(s.unread())
	s.taken(len(text))
	return text, text != "", nil
}

// readCount reads n bytes, fewer at the end of the file; with 0 it tells
// whether there is more.
func (s *stream) readCount(L *lua.LState, n int64) (string, bool, error) {
	for int64(len(s.unread())) < max(n, 1) {
		if more, err := s.more(L); err != nil {
			return "", false, err
		} else if !more {
			return s.rest()
		}
	}
	if n > maxString {
		return "", false, errTooLong
	}
	text := string(s.unread()[:n])
	s.taken(int(n))
	return text, true, nil
}

func (s *stream) readAll(L *lua.LState) (string, error) {
	if err := s.expect(L); err != nil {
		return "", err
	}
	for {
		if more, err := s.more(L); err != nil {
			return "", err
		} else if !more {
			text, _, err := s.rest()
			return text, err
		}
	}
}

// expect makes room for the rest of a regular file, or refuses it.
func (s *stream) expect(L *lua.LState) error {
	if s.f == nil || s.pollable {
		return nil
	}
	tooLong := false
	s.await(L, func() {
		info, err := s.f.Stat()
		if err != nil || info.Mode()&os.ModeType != 0 {
			return
		}
		pos, err := s.f.Seek(0, io.SeekCurrent)
		if err != nil {
			return
		}
		n := info.Size() - pos
		if tooLong = n+int64(len(s.unread())) > maxString; !tooLong && n > 0 {
			s.makeRoom(int(n) + blockSize/4)
		}
	})
	if tooLong {
		return errTooLong
	}
	return nil
}

// maxNumeral is the longest text that reads as a number.
const maxNumeral = 200

// readNumber reads a numeral as C's scanf does: what could be the start of one
// is taken even if it turns out to be none.
func (s *stream) readNumber(L *lua.LState) (lua.LValue, error) {
	sc := scanner{s: s, L: L}
	for isSpace(sc.peek()) {
		sc.s.taken(1)
		sc.i = 0
	}
	sc.accept("+-")
	exp, digits := "eE", "0123456789"
	n := 0
	hex := false
	if sc.accept("0") {
		n = 1
		if sc.accept("xX") {
			hex, n, exp, digits = true, 0, "pP", "0123456789abcdefABCDEF"
		}
	}
	for sc.accept(digits) {
		n++
	}
	if sc.accept(".") {
		for sc.accept(digits) {
			n++
		}
	}
	power := false
	if n > 0 && sc.accept(exp) {
		power = true
		sc.accept("+-")
		for sc.accept("0123456789") {
		}
	}
	if sc.err != nil {
		return lua.LNil, sc.err
	}
	text := string(s.unread()[:sc.i])
	s.taken(sc.i)
	if hex && !power {
		text += "p0"
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(v, 0) {
		return lua.LNil, nil
	}
	return lua.LNumber(v), nil
}

func isSpace(c int) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// scanner looks at what comes without taking it.
type scanner struct {
	s   *stream
	L   *lua.LState
	i   int
	err error
}

// peek answers the byte at i, -1 at the end.
func (sc *scanner) peek() int {
	for sc.i >= len(sc.s.unread()) {
		if more, err := sc.s.more(sc.L); !more {
			sc.err = err
			return -1
		}
	}
	return int(sc.s.unread()[sc.i])
}

func (sc *scanner) accept(set string) bool {
	if sc.i >= maxNumeral || sc.err != nil {
		return false
	}
	c := sc.peek()
	if c < 0 || strings.IndexByte(set, byte(c)) < 0 {
		return false
	}
	sc.i++
	return true
}
