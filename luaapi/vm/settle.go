package vm

import (
	"runtime/debug"
	"time"
)

// settling gives memory back once a runtime has come to rest: a server that
// holds thousands of idle connections would otherwise keep, until the next
// collection, the garbage of having accepted them.
type settling struct {
	grants uint64 // of the baton when it was last seen to move
	since  time.Time
	heap   uint64 // after the last time it was done
}

// The rest that is waited for, and how much the heap must have grown to be
// worth a collection.
const (
	restTime   = time.Second
	restGrowth = 8 << 20
)

// look is called now and then with the number of times the baton was handed on.
func (s *settling) look(grants uint64, now time.Time) {
	if grants != s.grants {
		s.grants, s.since = grants, now
		return
	}
	if now.Sub(s.since) < restTime {
		return
	}
	s.since = now.Add(time.Hour) // once a rest
	if heapBytes() > s.heap+restGrowth {
		debug.FreeOSMemory()
		s.heap = heapBytes()
	}
}
