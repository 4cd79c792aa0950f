package vm

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// ioLib is what the io library of a runtime holds. Guarded by the baton.
type ioLib struct {
	rt      *Runtime
	files   *lua.LTable // metatable
	stdin   *stream
	in, out *lua.LUserData // the default files
}

type ioKey struct{}

// openIO makes Lua 5.1's io library, with what 5.2 added: formats for lines,
// write that answers the file, close of a process that answers how it ended.
//
// Files are read 64 KB ahead and collect as much before they write. Standard
// output and error are not collected: what is written is there at once, in one
// piece, and in order with what print writes.
func (rt *Runtime) openIO(L *lua.LState) {
	lib := &ioLib{rt: rt, stdin: stdStream(rt, rt.Host.In, nil)}
	lib.files = rt.Class("file", map[string]lua.LGFunction{
		"close":   lib.fileClose,
		"flush":   fileFlush,
		"lines":   fileLines,
		"read":    fileRead,
		"seek":    fileSeek,
		"setvbuf": fileSetvbuf,
		"write":   fileWrite,
	}, map[string]lua.LGFunction{
		"__tostring": func(L *lua.LState) int {
			L.Push(lua.LString(arg.Self[*file](L, "file").String()))
			return 1
		},
	})
	t := rt.Funcs("io", map[string]lua.LGFunction{
		"close":   lib.fileClose,
		"flush":   lib.flush,
		"input":   lib.input,
		"lines":   lib.lines,
		"open":    lib.open,
		"output":  lib.output,
		"popen":   lib.popen,
		"read":    lib.read,
		"tmpfile": lib.tmpfile,
		"type":    ioType,
		"write":   lib.write,
	})
	stderr := stdStream(rt, nil, rt.Host.Err)
	lib.in = lib.wrap(&file{s: lib.stdin})
	lib.out = lib.wrap(&file{s: stdStream(rt, nil, rt.Host.Out)})
	t.RawSetString("stdin", lib.in)
	t.RawSetString("stdout", lib.out)
	t.RawSetString("stderr", lib.wrap(&file{s: stderr}))
	L.G.Global.RawSetString("io", t)
	rt.values[ioKey{}] = lib
}

// writeOut writes to the host's output. The baton is kept.
func (rt *Runtime) writeOut(s string) error {
	_, err := io.WriteString(rt.Host.Out, s)
	return err
}

// readInput reads standard input to its end, or one byte more than a chunk may
// have.
func (rt *Runtime) readInput(L *lua.LState) ([]byte, error) {
	s := rt.values[ioKey{}].(*ioLib).stdin
	if err := s.lock(L); err != nil {
		return nil, err
	}
	defer s.unlock()
	text, _, err := s.readCount(L, maxSource+1)
	return []byte(text), err
}

func (lib *ioLib) wrap(f *file) *lua.LUserData { return Userdata(f, lib.files) }

// openFlag answers the flag of OpenFile for a mode of io.open: r, w or a, then
// + and b in any order.
func openFlag(mode string) (flag int, ok bool) {
	if mode == "" {
		return 0, false
	}
	rest := mode[1:]
	switch rest {
	case "", "b", "+", "b+", "+b":
	default:
		return 0, false
	}
	both := strings.Contains(rest, "+")
	switch mode[0] {
	case 'r':
		flag = os.O_RDONLY
	case 'w':
		flag = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	case 'a':
		flag = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	default:
		return 0, false
	}
	if both {
		flag = flag&^os.O_WRONLY | os.O_RDWR
	}
	return flag, true
}

func (lib *ioLib) open(L *lua.LState) int {
	name, mode := arg.String(L, 1), arg.OptString(L, 2, "r")
	flag, ok := openFlag(mode)
	if !ok {
		arg.Fail(L, 2, `mode "r", "w" or "a" with "+", "b" or both after it`, "")
	}
	ud, err := lib.openFile(L, name, flag)
	if err != nil {
		return pushError(L, FileError(err).Error(), err)
	}
	L.Push(ud)
	return 1
}

// openFile opens a file; a cancelled fiber leaves the opening behind.
func (lib *ioLib) openFile(L *lua.LState, name string, flag int) (*lua.LUserData, error) {
	var f *os.File
	var err error
	lib.rt.detach(L, func() {
		f, err = lib.rt.Host.Files.OpenFile(name, flag, 0o666)
	}, func() {
		if err == nil {
			f.Close()
		}
	})
	if err != nil {
		return nil, err
	}
	s := fileStream(lib.rt, f)
	s.readable = flag&os.O_WRONLY == 0
	s.writable = flag&(os.O_WRONLY|os.O_RDWR) != 0
	return lib.wrap(own(s)), nil
}

// mustOpen opens a file for a function that raises what goes wrong.
func (lib *ioLib) mustOpen(L *lua.LState, name string, flag int) *lua.LUserData {
	ud, err := lib.openFile(L, name, flag)
	if err != nil {
		arg.Raise(L, "%s", FileError(err))
	}
	return ud
}

// tmpfile is opened for reading and writing and removed when it is closed;
// where the system allows it, its name is gone at once.
func (lib *ioLib) tmpfile(L *lua.LState) int {
	files := lib.rt.Host.Files
	var f *os.File
	var err error
	removed := false
	lib.rt.detach(L, func() {
		if f, err = files.CreateTemp(); err == nil {
			removed = files.Remove(f.Name()) == nil
		}
	}, func() {
		if err == nil {
			f.Close()
			files.Remove(f.Name())
		}
	})
	if err != nil {
		return pushError(L, FileError(err).Error(), err)
	}
	s := fileStream(lib.rt, f)
	s.readable, s.writable = true, true
	if !removed {
		s.after = func() { files.Remove(f.Name()) }
	}
	L.Push(lib.wrap(own(s)))
	return 1
}

// popen runs a command in the shell with a pipe to its output ("r") or from
// its input ("w"). close waits until it has ended. A command whose file is
// closed otherwise, with the runtime or by the collector, is not killed: it
// finds its pipe closed.
func (lib *ioLib) popen(L *lua.LState) int {
	rt := lib.rt
	command := arg.String(L, 1)
	mode := arg.OptEnum(L, 2, "r", "r", "w")
	r, w, err := os.Pipe()
	if err != nil {
		return pushError(L, command+": "+ErrnoText(err), err)
	}
	ours, its := r, w
	sh := shell{command: command, out: w}
	if mode == "w" {
		ours, its = w, r
		sh = shell{command: command, in: r}
	}
	var p *process
	rt.Wait(L, nil, func() { p, err = rt.start(sh) })
	its.Close()
	if err != nil {
		ours.Close()
		return pushError(L, command+": "+ErrnoText(err), err)
	}
	s := fileStream(rt, ours)
	s.readable, s.writable = mode == "r", mode == "w"
	s.process = p
	L.Push(lib.wrap(own(s)))
	return 1
}

func ioType(L *lua.LState) int {
	var v lua.LValue = lua.LNil
	if ud, ok := arg.Any(L, 1).(*lua.LUserData); ok {
		if f, ok := ud.Value.(*file); ok {
			v = lua.LString("file")
			if f.s.closed.Load() {
				v = lua.LString("closed file")
			}
		}
	}
	L.Push(v)
	return 1
}

// standard answers the stream of a default file.
func standard(L *lua.LState, ud *lua.LUserData, kind string) *stream {
	s := ud.Value.(*file).s
	if s.closed.Load() {
		arg.Raise(L, "standard %s file is closed", kind)
	}
	return s
}

// input is io.input([file | name]), output the same for writing.
func (lib *ioLib) input(L *lua.LState) int  { return lib.standard(L, &lib.in, os.O_RDONLY) }
func (lib *ioLib) output(L *lua.LState) int { return lib.standard(L, &lib.out, outputFlag) }

const outputFlag = os.O_WRONLY | os.O_CREATE | os.O_TRUNC

func (lib *ioLib) standard(L *lua.LState, ud **lua.LUserData, flag int) int {
	switch v := L.Get(1).(type) {
	case *lua.LNilType:
	case lua.LString, lua.LNumber:
		*ud = lib.mustOpen(L, v.String(), flag)
	default:
		arg.Value[*file](L, 1, "file or name")
		*ud = v.(*lua.LUserData)
	}
	L.Push(*ud)
	return 1
}

// While these wait, another fiber may replace the default file: it must not be
// collected under them.

func (lib *ioLib) read(L *lua.LState) int {
	defer runtime.KeepAlive(lib.in)
	return standard(L, lib.in, "input").readValues(L, formats(L, 1))
}

func (lib *ioLib) write(L *lua.LState) int {
	defer runtime.KeepAlive(lib.out)
	return standard(L, lib.out, "output").writeValues(L, 1, lib.out)
}

func (lib *ioLib) flush(L *lua.LState) int {
	defer runtime.KeepAlive(lib.out)
	return standard(L, lib.out, "output").flushNow(L)
}

// lines is io.lines([name, formats...]). A file it opens is closed at its end.
func (lib *ioLib) lines(L *lua.LState) int {
	fm := formats(L, 2)
	if !arg.Given(L, 1) {
		standard(L, lib.in, "input")
		return pushLines(L, lib.in, fm, false)
	}
	return pushLines(L, lib.mustOpen(L, arg.String(L, 1), os.O_RDONLY), fm, true)
}

func pushLines(L *lua.LState, ud *lua.LUserData, fm []format, own bool) int {
	s := ud.Value.(*file).s
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if ud.Value.(*file).s.closed.Load() {
			L.RaiseError("file is already closed")
		}
		L.SetTop(0)
		n := s.readValues(L, fm)
		if L.Get(-n) != lua.LNil {
			return n
		}
		if n > 1 { // nil, error, number
			L.RaiseError("%s", L.Get(1-n).String())
		}
		if own {
			s.close(L)
		}
		L.SetTop(0)
		L.Push(lua.LNil)
		return 1
	}))
	return 1
}

// self reads the file of a method; a closed one is an error.
func self(L *lua.LState) *stream {
	s := arg.Self[*file](L, "file").s
	if s.closed.Load() {
		arg.Raise(L, "attempt to use a closed file")
	}
	return s
}

// fileClose is file:close() and io.close([file]).
func (lib *ioLib) fileClose(L *lua.LState) int {
	if L.GetTop() == 0 {
		defer runtime.KeepAlive(lib.out)
		return standard(L, lib.out, "output").close(L)
	}
	return self(L).close(L)
}

func fileFlush(L *lua.LState) int { return self(L).flushNow(L) }

func fileLines(L *lua.LState) int {
	self(L)
	return pushLines(L, L.Get(1).(*lua.LUserData), formats(L, 2), false)
}

func fileRead(L *lua.LState) int { return self(L).readValues(L, formats(L, 2)) }

func fileWrite(L *lua.LState) int { return self(L).writeValues(L, 2, L.Get(1)) }

func fileSeek(L *lua.LState) int {
	s := self(L)
	whence := arg.OptEnum(L, 2, "cur", "set", "cur", "end")
	offset := arg.OptInt(L, 3, 0, -arg.MaxInt, arg.MaxInt)
	if err := s.lock(L); err != nil {
		return failed(L, err)
	}
	defer s.unlock()
	pos, err := s.seek(L, offset, map[string]int{"set": io.SeekStart, "cur": io.SeekCurrent, "end": io.SeekEnd}[whence])
	if err != nil {
		return failed(L, err)
	}
	L.Push(lua.LNumber(pos))
	return 1
}

// fileSetvbuf is file:setvbuf(mode [, size]). Standard output and error take
// any mode and stay as they are.
func fileSetvbuf(L *lua.LState) int {
	s := self(L)
	mode := arg.Enum(L, 2, "no", "line", "full")
	size := arg.OptInt(L, 3, blockSize, 0, arg.MaxInt)
	if err := s.lock(L); err != nil {
		return failed(L, err)
	}
	defer s.unlock()
	if err := s.flush(L); err != nil {
		return failed(L, err)
	}
	s.mode, s.limit = mode, int(max(1, min(size, blockSize)))
	L.Push(lua.LTrue)
	return 1
}

// flushNow is file:flush().
func (s *stream) flushNow(L *lua.LState) int {
	if err := s.lock(L); err != nil {
		return failed(L, err)
	}
	defer s.unlock()
	if err := s.flush(L); err != nil {
		return failed(L, err)
	}
	L.Push(lua.LTrue)
	return 1
}

// writeValues writes the arguments from index from on, strings and numbers, in
// one piece and answers the file.
func (s *stream) writeValues(L *lua.LState, from int, ud lua.LValue) int {
	s.rt.Breathe(L)
	n := L.GetTop()
	var data string
	if n == from {
		data = arg.String(L, from)
	} else {
		var b strings.Builder
		for i := from; i <= n; i++ {
			b.WriteString(arg.String(L, i))
			if b.Len() > maxString {
				tooLong(L)
			}
		}
		data = b.String()
	}
	if err := s.lock(L); err != nil {
		return failed(L, err)
	}
	defer s.unlock()
	if err := s.write(L, data); err != nil {
		return failed(L, err)
	}
	L.Push(ud)
	return 1
}

// failed answers nil, text, number for an error of a file that is open; the
// text has no name, as in Lua.
func failed(L *lua.LState, err error) int { return pushError(L, ErrnoText(err), err) }

// pushError answers nil, text, number; 0 where the system gave no number.
func pushError(L *lua.LState, text string, err error) int {
	var errno syscall.Errno
	errors.As(err, &errno)
	L.Push(lua.LNil)
	L.Push(lua.LString(text))
	L.Push(lua.LNumber(errno))
	return 3
}

// detach does fn in a goroutine of its own with the baton given away. A
// cancelled fiber leaves it behind and raises; late is then called when fn has
// returned, in its goroutine.
func (rt *Runtime) detach(L *lua.LState, fn, late func()) {
	var settled atomic.Bool // by the goroutine: the result is there; by the fiber: nobody waits
	ok := rt.Detach(L, func() func() {
		fn()
		if settled.Swap(true) {
			late()
		}
		return func() {}
	})
	if !ok && !settled.Swap(true) {
		stopped(L)
	}
}

// stopped raises that the running fiber has been cancelled.
func stopped(L *lua.LState) {
	Check(L)
	L.RaiseError("%s", Cancelled)
}
