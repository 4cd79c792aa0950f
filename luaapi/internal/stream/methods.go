package stream

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// Holder is a Lua value that may have a connection.
type Holder interface {
	// Stream answers the connection, nil while there is none.
	Stream() *Conn
	// Gone tells whether it has been closed.
	Gone() bool
}

// self answers the connection a method was called on; nil and why if there is
// none.
func self(L *lua.LState) (*Conn, error) {
	h := arg.Self[Holder](L, "connection")
	s := h.Stream()
	switch {
	case h.Gone():
		return nil, io.EOF
	case s == nil:
		return nil, syscall.ENOTCONN
	}
	return s, nil
}

// Fail pushes nil and the error's text from the closed list.
func Fail(L *lua.LState, err error) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(text(L, err)))
	return 2
}

func text(L *lua.LState, err error) string {
	if vm.Of(L).Current().Cancelled() {
		return vm.Cancelled
	}
	return vm.ErrnoText(err)
}

// Methods are the methods of every stream, by their Lua names.
func Methods() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"recv":      recv,
		"recvn":     recvn,
		"recvline":  recvline,
		"recvuntil": recvuntil,
		"recvall":   recvall,
		"lines":     lines,
		"chunks":    chunks,
		"unrecv":    unrecv,
		"send":      send,
		"sendall":   send,
		"write":     write,
		"flush":     flush,
		"shutdown":  shutdown,
	}
}

// options reads {timeout=, max=}. s may be nil.
func options(L *lua.LState, i int, s *Conn, max bool) (limit int, d time.Duration) {
	limit, d = limitDefault, arg.Forever
	if s != nil {
		d = s.timeout
	}
	if !arg.Given(L, i) {
		return limit, d
	}
	o := arg.Opts(L, i)
	if max {
		limit = int(o.Int("max", limitDefault, 0, arg.MaxInt))
	}
	d = o.Seconds("timeout", d)
	o.Done()
	return limit, d
}

// received pushes what a read answered: the data, or nil, why, and what came.
func received(L *lua.LState, data string, err error) int {
	if err == nil {
		L.Push(lua.LString(data))
		return 1
	}
	Fail(L, err)
	L.Push(lua.LString(data))
	return 3
}

func recv(L *lua.LState) int {
	s, err := self(L)
	n := int(arg.OptInt(L, 2, maxBuf, 1, arg.MaxInt))
	_, d := options(L, 3, s, false)
	if err != nil {
		return received(L, "", err)
	}
	data, err := s.Recv(L, n, d)
	return received(L, data, err)
}

func recvn(L *lua.LState) int {
	s, err := self(L)
	n := int(arg.Int(L, 2, 0, arg.MaxInt))
	max, d := options(L, 3, s, true)
	if err != nil {
		return received(L, "", err)
	}
	if n > max {
		return received(L, "", tooLong{})
	}
	data, err := s.RecvN(L, n, d)
	return received(L, data, err)
}

func recvline(L *lua.LState) int {
	s, err := self(L)
	max, d := options(L, 2, s, true)
	if err != nil {
		return received(L, "", err)
	}
	data, err := s.RecvLine(L, max, d)
	return received(L, data, err)
}

func recvuntil(L *lua.LState) int {
	s, err := self(L)
	delim := arg.String(L, 2)
	if delim == "" {
		arg.Fail(L, 2, "string of at least one byte", "")
	}
	max, d := options(L, 3, s, true)
	if err != nil {
		return received(L, "", err)
	}
	data, err := s.RecvUntil(L, delim, max, d)
	return received(L, data, err)
}

func recvall(L *lua.LState) int {
	s, err := self(L)
	max, d := options(L, 2, s, true)
	if err != nil {
		return received(L, "", err)
	}
	data, err := s.RecvAll(L, max, d)
	return received(L, data, err)
}

// over tells whether an error only means that the peer is gone.
func over(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// lines answers an iterator over lines; a last line without an end is one. It
// ends when the peer is gone and raises on anything else.
func lines(L *lua.LState) int {
	s, err := self(L)
	if err != nil {
		L.RaiseError("%s", text(L, err))
	}
	max, d := options(L, 2, s, true)
	L.Push(L.NewFunction(func(L *lua.LState) int {
		line, err := s.RecvLine(L, max, d)
		return iterated(L, line, err)
	}))
	return 1
}

func chunks(L *lua.LState) int {
	s, err := self(L)
	if err != nil {
		L.RaiseError("%s", text(L, err))
	}
	n := int(arg.OptInt(L, 2, maxBuf, 1, arg.MaxInt))
	_, d := options(L, 3, s, false)
	L.Push(L.NewFunction(func(L *lua.LState) int {
		data, err := s.Recv(L, n, d)
		return iterated(L, data, err)
	}))
	return 1
}

func iterated(L *lua.LState, data string, err error) int {
	switch {
	case err == nil || over(err) && data != "":
		L.Push(lua.LString(data))
	case over(err) || errors.Is(err, net.ErrClosed):
		L.Push(lua.LNil)
	default:
		L.RaiseError("%s", text(L, err))
	}
	return 1
}

func unrecv(L *lua.LState) int {
	s, err := self(L)
	data := arg.String(L, 2)
	if err != nil {
		return Fail(L, err)
	}
	s.Unrecv(data)
	L.Push(lua.LTrue)
	return 1
}

// send is send(data [, i [, j]]) with a string, send(list) with a table.
func send(L *lua.LState) int {
	s, err := self(L)
	var data string
	from := 1
	if list, ok := L.Get(2).(*lua.LTable); ok {
		data = joined(L, list)
	} else {
		if t := L.Get(2).Type(); t != lua.LTString && t != lua.LTNumber {
			arg.Fail(L, 2, "string", "")
		}
		data = arg.String(L, 2)
		data, from = slice(L, data, 3)
	}
	var n int
	if err == nil {
		n, err = s.Send(L, data, s.timeout)
	}
	if err != nil {
		Fail(L, err)
		L.Push(lua.LNumber(from - 1 + n))
		return 3
	}
	L.Push(lua.LNumber(from - 1 + len(data)))
	return 1
}

// slice cuts data as string.sub does with the arguments i and i+1, and answers
// the index of its first byte.
func slice(L *lua.LState, data string, i int) (string, int) {
	if !arg.Given(L, i) && !arg.Given(L, i+1) {
		return data, 1
	}
	from := int(arg.OptInt(L, i, 1, -arg.MaxInt, arg.MaxInt))
	to := int(arg.OptInt(L, i+1, -1, -arg.MaxInt, arg.MaxInt))
	if from < 0 {
		from = max(len(data)+from+1, 1)
	}
	if to < 0 {
		to = len(data) + to + 1
	}
	from, to = max(from, 1), min(to, len(data))
	if from > to {
		return "", from
	}
	return data[from-1 : to], from
}

func joined(L *lua.LState, list *lua.LTable) string {
	var b strings.Builder
	for i := 1; i <= list.Len(); i++ {
		switch v := list.RawGetInt(i).(type) {
		case lua.LString:
			b.WriteString(string(v))
		case lua.LNumber:
			b.WriteString(v.String())
		default:
			arg.Fail(L, 2, "table of strings", "a table with "+arg.DescribeValue(v)+" at "+lua.LNumber(i).String())
		}
	}
	return b.String()
}

func write(L *lua.LState) int {
	s, err := self(L)
	n := L.GetTop()
	for i := 2; i <= n; i++ {
		data := arg.String(L, i)
		if err == nil {
			err = s.Write(L, data)
		}
	}
	if err != nil {
		return Fail(L, err)
	}
	L.Push(L.Get(1))
	return 1
}

func flush(L *lua.LState) int {
	s, err := self(L)
	if err == nil {
		err = s.Flush(L)
	}
	if err != nil {
		return Fail(L, err)
	}
	L.Push(lua.LTrue)
	return 1
}

func shutdown(L *lua.LState) int {
	s, err := self(L)
	how := arg.OptEnum(L, 2, "both", "read", "write", "both")
	if err == nil {
		err = s.Shutdown(L, how)
	}
	if err != nil {
		return Fail(L, err)
	}
	L.Push(lua.LTrue)
	return 1
}
