// Package side is one direction of a connection: who may use it, until when,
// and what the call under way does.
package side

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// Side is one direction of a connection. Guarded by the baton.
type Side struct {
	busy  bool
	queue []*vm.Parking

	armed bool      // a deadline may be set on the connection
	set   bool      // Limit is set on the connection
	Limit time.Time // of the call under way; zero is none
	Poll  bool      // the call under way must not wait

	// What the call under way works on, and what came of it.
	Buf []byte
	N   int
	Err error
}

// Past is a deadline that wakes.
var Past = time.Unix(1, 0)

type timeout struct{}

func (timeout) Error() string { return vm.ErrTimeout }
func (timeout) Timeout() bool { return true }

// ErrTimeout is what a call answers that ran out of time.
var ErrTimeout error = timeout{}

// Enter waits until no other fiber uses the side, in order of coming, and
// starts a call that may take d, the waiting included; 0 must not wait at all.
// It answers false when d ran out or the fiber was cancelled.
func (s *Side) Enter(rt *vm.Runtime, L *lua.LState, d time.Duration) bool {
	if !s.busy {
		s.busy = true
		s.start(d)
		return true
	}
	if d == 0 {
		return false
	}
	came := time.Now()
	turn := &vm.Parking{}
	s.queue = append(s.queue, turn)
	rt.Park(L, turn, d)
	for i, q := range s.queue {
		if q == turn {
			s.queue = append(s.queue[:i], s.queue[i+1:]...)
			return false
		}
	}
	if d < arg.Forever {
		d = max(0, d-time.Since(came))
	}
	s.start(d)
	return true // Leave has passed it on, whatever woke us
}

// Busy tells whether a fiber uses the side.
func (s *Side) Busy() bool { return s.busy }

// Leave lets the next in.
func (s *Side) Leave() {
	if len(s.queue) == 0 {
		s.busy = false
		return
	}
	s.queue[0].Unpark()
	s.queue = s.queue[1:]
}

func (s *Side) start(d time.Duration) {
	s.Limit, s.set, s.Poll = time.Time{}, false, d == 0
	if d > 0 && d < arg.Forever {
		s.Limit = time.Now().Add(d)
	}
}

// Arm makes sure, before a wait, that the connection has the deadline of this
// call and not of an earlier one. set sets it.
func (s *Side) Arm(set func(time.Time) error) {
	if s.set || !s.armed && s.Limit.IsZero() {
		return
	}
	set(s.Limit)
	s.set, s.armed = true, !s.Limit.IsZero()
}

// Rearm is Arm if an earlier deadline is still set: it may have passed, and
// would refuse even a try.
func (s *Side) Rearm(set func(time.Time) error) {
	if s.armed {
		s.Arm(set)
	}
}

// Woken tells that a Waker has set a deadline.
func (s *Side) Woken() { s.armed = true }
