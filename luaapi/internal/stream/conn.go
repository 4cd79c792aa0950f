// Package stream is the one connection type under tcp, unix, and whatever else
// carries bytes in order: reading with limits and partial results, writing
// that is collected, timeouts, statistics.
package stream

import (
	"net"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/side"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// Env is what the streams of one runtime share. Guarded by the baton.
type Env struct {
	rt    *vm.Runtime
	made  time.Time
	spare []byte   // see blank
	bufs  [][]byte // empty buffers of closed or idle streams

	pumped map[*Conn]pumpWaker // connections in Pump
}

type envKey struct{}

// EnvOf answers the Env of a runtime. The baton must be held.
func EnvOf(rt *vm.Runtime) *Env {
	e, ok := rt.Values()[envKey{}].(*Env)
	if !ok {
		e = &Env{rt: rt, made: rt.Host.Clock.Now()}
		rt.Values()[envKey{}] = e
	}
	return e
}

// Buffers start at smallBuf; those up to maxBuf are used again.
const (
	smallBuf = 512
	maxBuf   = 64 << 10
	keepBufs = 64
)

func (e *Env) getBuf() []byte {
	if n := len(e.bufs); n > 0 {
		b := e.bufs[n-1]
		e.bufs = e.bufs[:n-1]
		return b
	}
	return make([]byte, 0, smallBuf)
}

func (e *Env) putBuf(b []byte) {
	if cap(b) >= smallBuf && cap(b) <= maxBuf && len(e.bufs) < keepBufs {
		e.bufs = append(e.bufs, b[:0])
	}
}

// Conn is an open connection. It belongs to one runtime and is guarded by its
// baton, unless a method says otherwise. One fiber may read while another
// writes; several that read take turns.
type Conn struct {
	env     *Env
	c       net.Conn
	raw     syscall.RawConn // nil: c cannot be tried without blocking
	timeout time.Duration

	in    []byte // received and not yet asked for: in[at:]
	at    int
	seen  int    // how much of it the call under way has searched
	out   []byte // written and not yet sent
	werr  error  // of a flush that nobody was told of
	dirty bool   // a fiber knows that out is not empty

	rd, wr  side.Side
	rn, wn  int64
	started time.Duration // after the Env was made
	closed  bool
	eof     bool
	bulk    bool // the read under way is into Env.blank instead of its buffer
}

// Init makes c a connection of the runtime that env belongs to.
func (s *Conn) Init(env *Env, c net.Conn, timeout time.Duration) {
	s.env, s.c, s.timeout = env, c, timeout
	s.started = env.rt.Host.Clock.Now().Sub(env.made)
	s.raw = rawConn(c)
}

// Net answers the connection underneath, nil before Init.
func (s *Conn) Net() net.Conn { return s.c }

// Open tells whether the connection is there and not closed.
func (s *Conn) Open() bool { return s.c != nil && !s.closed }

// Timeout answers the time a call may take; arg.Forever is no limit.
func (s *Conn) Timeout() time.Duration { return s.timeout }

// SetTimeout sets the time a call may take.
func (s *Conn) SetTimeout(d time.Duration) { s.timeout = d }

// Stats answers bytes received, bytes sent and when the connection was made.
func (s *Conn) Stats() (received, sent int64, started time.Time) {
	if s.env == nil {
		return 0, 0, started
	}
	return s.rn, s.wn, s.env.made.Add(s.started)
}

type readWaker Conn

// Wake ends a wait for bytes to come.
func (w *readWaker) Wake() { w.c.SetReadDeadline(side.Past) }

type writeWaker Conn

// Wake ends a wait for room to send.
func (w *writeWaker) Wake() { w.c.SetWriteDeadline(side.Past) }

// armRead sets the deadline of the call under way, or takes an old one away.
func (s *Conn) armRead() { s.rd.Arm(s.c.SetReadDeadline) }

func (s *Conn) armWrite() { s.wr.Arm(s.c.SetWriteDeadline) }

// Shut closes the connection at once. What was written and not sent is lost.
// Any goroutine.
func (s *Conn) Shut() {
	if s.c != nil {
		s.c.Close()
	}
}

// CloseTime is how long close waits to send what was written when the
// connection has no timeout.
const CloseTime = 5 * time.Second

// Close sends what was written and closes. It may be called again. Calls of
// other fibers on the connection end with "closed".
func (s *Conn) Close(L *lua.LState) {
	if !s.Open() {
		return
	}
	if len(s.out) > 0 {
		limit := s.timeout
		if limit == arg.Forever {
			limit = CloseTime
		}
		if s.werr != nil { // it has waited for that already
			limit = 0
		}
		s.flush(L, limit)
	}
	if s.closed { // by another fiber, while this one flushed
		return
	}
	s.closed = true
	s.c.Close()
	if p, ok := s.env.pumped[s]; ok { // the other one may be what it waits for
		p.Wake()
	}
	s.out = nil
	if !s.rd.Busy() { // who reads now answers what came so far
		s.env.putBuf(s.in)
		s.in, s.at = nil, 0
	}
}
