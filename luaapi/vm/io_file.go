package vm

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// blockSize is how much is read ahead and how much is collected before it is
// written.
const blockSize = 64 << 10

// shutTime is how long closing a file with its runtime may wait for a pipe to
// take what was written, or for a process to take its input.
const shutTime = 100 * time.Millisecond

// file is what Lua holds: when it is unreachable, the stream is shut. Owned by
// its runtime's Scope, weakly.
type file struct{ s *stream }

// own makes the file of a stream, owned by the runtime's scope.
func own(s *stream) *file {
	f := &file{s}
	s.id.Store(Own(s.rt.Scope, f))
	runtime.AddCleanup(f, func(s *stream) { go s.shut() }, s)
	return f
}

// disown takes the file out of the scope, unless a closed scope is just
// refusing it.
func (s *stream) disown() {
	if id := s.id.Load(); id != 0 {
		s.rt.Scope.Disown(id)
	}
}

// Shut writes what was collected and closes the file. Any goroutine.
func (f *file) Shut() { f.s.shut() }

// String is how a file shows: file (0x...) or file (closed).
func (f *file) String() string {
	if f.s.closed.Load() {
		return "file (closed)"
	}
	return fmt.Sprintf("file (%p)", f.s)
}

// stream is an open file and its buffers. One fiber at a time uses it, the one
// that made busy true; others queue. What a cancelled fiber left behind still
// counts: the next waits for left before it touches anything.
type stream struct {
	rt       *Runtime
	f        *os.File  // nil if standard input or output is no file
	in       io.Reader // f, or standard input
	std      io.Writer // standard output or error, not buffered
	standard bool      // one of the three: cannot be closed
	readable bool
	writable bool
	pollable bool // a wait is ended by a deadline; nothing is left behind
	process  *process
	after    func()       // called when it is closed
	id       atomic.Int64 // in the scope

	closing atomic.Bool // no operation starts any more
	closed  atomic.Bool
	busy    atomic.Bool
	queue   []chan struct{} // guarded by the baton; closed when it is their turn

	// guarded by busy
	left  chan struct{} // closed when the operation left behind has ended
	buf   []byte        // read; what is not taken yet starts at r
	r     int
	rerr  error // comes after buf
	out   []byte
	werr  error // of a write, not told yet
	mode  string
	limit int // of out
}

func fileStream(rt *Runtime, f *os.File) *stream {
	return &stream{
		rt: rt, f: f, in: f,
		pollable: f.SetDeadline(time.Time{}) == nil,
		mode:     "full", limit: blockSize,
	}
}

func stdStream(rt *Runtime, in io.Reader, out io.Writer) *stream {
	s := &stream{
		rt: rt, in: in, std: out, standard: true,
		readable: in != nil, writable: out != nil,
	}
	if f, ok := in.(*os.File); ok {
		s.f = f
	}
	if f, ok := out.(*os.File); ok {
		s.f = f
	}
	return s
}

// lock makes the running fiber the one that uses the file; os.ErrClosed if the
// file has been closed meanwhile.
func (s *stream) lock(L *lua.LState) error {
	if err := s.take(L); err != nil {
		return err
	}
	if s.closing.Load() {
		s.unlock()
		return os.ErrClosed
	}
	return nil
}

func (s *stream) take(L *lua.LState) error {
	if !s.busy.CompareAndSwap(false, true) {
		if s.closed.Load() {
			return os.ErrClosed
		}
		s.enqueue(L)
	}
	if s.left == nil {
		return nil
	}
	ok := false
	defer func() {
		if !ok {
			s.unlock()
		}
	}()
	s.waitFor(L, s.left)
	s.left, ok = nil, true
	return nil
}

// enqueue waits until the one that uses the file hands it over.
func (s *stream) enqueue(L *lua.LState) {
	turn := make(chan struct{})
	s.queue = append(s.queue, turn)
	ok := false
	defer func() {
		if ok {
			return
		}
		if i := slices.Index(s.queue, turn); i >= 0 {
			s.queue = slices.Delete(s.queue, i, i+1)
		} else {
			s.unlock() // it was handed over just now
		}
	}()
	s.waitFor(L, turn)
	ok = true
}

// unlock hands the file to the next in the queue.
func (s *stream) unlock() {
	if len(s.queue) == 0 {
		s.busy.Store(false)
		return
	}
	close(s.queue[0])
	s.queue = s.queue[1:]
}

// waitFor waits for another fiber or a process; a cancelled fiber raises.
func (s *stream) waitFor(L *lua.LState, done <-chan struct{}) {
	quit := s.rt.cur.Load().Quit()
	ok := false
	s.rt.Wait(L, Quits, func() {
		select {
		case <-done:
			ok = true
		case <-quit:
		}
	})
	if !ok {
		stopped(L)
	}
}

// past is a deadline that ends a wait at once.
var past = time.Unix(1, 0)

// Wake ends a wait of a pollable file.
func (s *stream) Wake() { s.f.SetDeadline(past) }

// await does fn, which may block, with the baton given away. When the fiber is
// cancelled, fn is ended by a deadline or left behind, and await raises. fn
// must keep its results in s.
func (s *stream) await(L *lua.LState, fn func()) {
	if s.pollable {
		f := s.rt.cur.Load()
		s.rt.Wait(L, s, fn)
		if f.Cancelled() {
			s.f.SetDeadline(time.Time{})
			stopped(L)
		}
		return
	}
	done := make(chan struct{})
	s.left = done
	ok := s.rt.Detach(L, func() func() {
		fn()
		close(done)
		return func() {}
	})
	if !ok {
		stopped(L)
	}
	s.left = nil
}

// fill reads some more into buf.
func (s *stream) fill(L *lua.LState) error {
	had := len(s.buf) - s.r
	if s.rerr == nil {
		s.makeRoom(0)
		s.await(L, s.readBlock)
		if len(s.buf)-s.r > had {
			return nil
		}
	}
	err := s.rerr
	s.rerr = nil
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return os.ErrClosed // another fiber closes it
	}
	return err
}

// readBlock may run in a goroutine left behind.
func (s *stream) readBlock() {
	var n int
	n, s.rerr = s.in.Read(s.buf[len(s.buf):cap(s.buf)])
	s.buf = s.buf[:len(s.buf)+n]
}

// makeRoom makes room in buf for a block, or for n bytes.
func (s *stream) makeRoom(n int) {
	if s.r > 0 && (s.r == len(s.buf) || s.r > cap(s.buf)/2) {
		s.buf = s.buf[:copy(s.buf, s.buf[s.r:])]
		s.r = 0
	}
	free := cap(s.buf) - len(s.buf)
	if n == 0 && free < blockSize/4 {
		n = max(blockSize, len(s.buf))
	}
	if free < n {
		grown := make([]byte, len(s.buf)-s.r, len(s.buf)-s.r+n)
		copy(grown, s.buf[s.r:])
		s.buf, s.r = grown, 0
	}
}

// unread answers what was read and not taken.
func (s *stream) unread() []byte { return s.buf[s.r:] }

// taken drops the first n bytes of what was read.
func (s *stream) taken(n int) {
	s.r += n
	if s.r == len(s.buf) && cap(s.buf) > 2*blockSize {
		s.buf, s.r = nil, 0
	}
}

// write writes or collects data.
func (s *stream) write(L *lua.LState, data string) error {
	if s.std != nil {
		_, err := io.WriteString(s.std, data)
		return err
	}
	if !s.writable {
		return syscall.EBADF
	}
	if len(s.unread()) > 0 { // write where the script stands, not where we read ahead to
		if _, err := s.f.Seek(-int64(len(s.unread())), io.SeekCurrent); err == nil {
			s.taken(len(s.unread()))
			s.rerr = nil
		}
	}
	if len(data) >= s.limit {
		if err := s.flush(L); err != nil {
			return err
		}
		s.await(L, func() { s.put(data) })
		return s.flush(L)
	}
	s.out = append(s.out, data...)
	if len(s.out) >= s.limit || s.mode == "no" || s.mode == "line" && strings.Contains(data, "\n") {
		return s.flush(L)
	}
	return nil
}

// flush writes what was collected. What could not be written is dropped, and
// said once.
func (s *stream) flush(L *lua.LState) error {
	if len(s.out) > 0 {
		s.await(L, s.drain)
	}
	err := s.werr
	s.werr = nil
	return err
}

// drain and put may run in a goroutine left behind. What a deadline kept them
// from writing, because the fiber was cancelled, stays collected.
func (s *stream) drain() {
	n, err := s.f.Write(s.out)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.out = s.out[:copy(s.out, s.out[n:])]
		return
	}
	s.out, s.werr = s.out[:0], err
}

func (s *stream) put(data string) {
	n, err := s.f.WriteString(data)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.out = append(s.out[:0], data[n:]...)
		return
	}
	s.werr = err
}

func (s *stream) seek(L *lua.LState, offset int64, whence int) (int64, error) {
	if s.f == nil {
		return 0, syscall.ESPIPE
	}
	if err := s.flush(L); err != nil {
		return 0, err
	}
	if whence == io.SeekCurrent {
		offset -= int64(len(s.unread()))
	}
	pos, err := s.f.Seek(offset, whence)
	if err == nil {
		s.taken(len(s.unread()))
		s.rerr = nil
	}
	return pos, err
}

// close is file:close(). A fiber that reads from the pipe meanwhile gets
// "closed". It pushes true, or nil and the error; for a process how it ended.
func (s *stream) close(L *lua.LState) int {
	if s.standard {
		L.Push(lua.LNil)
		L.Push(lua.LString("cannot close standard file"))
		return 2
	}
	s.closing.Store(true)
	if s.pollable {
		s.f.SetReadDeadline(past)
	}
	if err := s.take(L); err != nil {
		return failed(L, err)
	}
	defer s.unlock()
	if s.closed.Load() {
		return failed(L, os.ErrClosed)
	}
	err := s.flush(L)
	if s.closed.Swap(true) {
		return failed(L, os.ErrClosed)
	}
	s.disown()
	s.buf, s.r, s.out = nil, 0, nil
	s.await(L, s.shutFile)
	if err == nil {
		err = s.werr
	}
	if s.process != nil {
		s.waitFor(L, s.process.done)
		if err == nil {
			return s.process.push(L)
		}
	}
	if err != nil {
		return failed(L, err)
	}
	L.Push(lua.LTrue)
	return 1
}

func (s *stream) shutFile() {
	s.werr = s.f.Close()
	if s.after != nil {
		s.after()
	}
}

// shut closes the file from any goroutine. What was collected is written; a
// pipe that nobody reads is not waited for longer than shutTime.
func (s *stream) shut() {
	s.closing.Store(true)
	if s.standard || s.closed.Swap(true) {
		return
	}
	s.disown()
	// An operation under way ends with the file; without one, there is none any
	// more.
	if s.busy.CompareAndSwap(false, true) && s.idle() && len(s.out) > 0 {
		s.f.SetWriteDeadline(time.Now().Add(shutTime))
		s.f.Write(s.out)
		s.out = nil
	}
	s.f.Close()
	if s.after != nil {
		s.after()
	}
	if s.process != nil && s.writable {
		t := s.rt.Host.Clock.NewTimer(shutTime)
		defer t.Stop()
		select {
		case <-s.process.done:
		case <-t.C:
		}
	}
}

// idle tells whether nothing left behind is still under way.
func (s *stream) idle() bool {
	if s.left == nil {
		return true
	}
	select {
	case <-s.left:
		return true
	default:
		return false
	}
}
