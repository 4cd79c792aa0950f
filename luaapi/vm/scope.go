package vm

import (
	"sort"
	"sync"
	"weak"
)

// Resource is something opened that must be closed.
type Resource interface {
	// Shut closes it at once, without waiting for anything. Any goroutine.
	Shut()
}

// Scope owns what was opened in it. It holds its things weakly: what no Lua
// value refers to any more is left to the Go collector, which closes it.
type Scope struct {
	mu     sync.Mutex
	last   int64
	open   map[int64]reference
	full   int // entries at which those that were collected are dropped
	closed bool
}

// reference is a weak pointer to a Resource.
type reference interface{ get() Resource }

type weakTo[T any, P interface {
	*T
	Resource
}] struct{ p weak.Pointer[T] }

func (w weakTo[T, P]) get() Resource {
	if v := w.p.Value(); v != nil {
		return P(v)
	}
	return nil
}

// Own makes r belong to the scope and answers its number there, which is
// unique in the scope. A closed scope shuts r at once. Any goroutine.
func Own[T any, P interface {
	*T
	Resource
}](s *Scope, r P) (id int64) {
	ref := weakTo[T, P]{weak.Make((*T)(r))}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		r.Shut()
		return 0
	}
	defer s.mu.Unlock()
	s.last++
	s.sweep()
	s.open[s.last] = ref
	return s.last
}

// sweep drops what was collected, when there may be as much of that as there
// is of the rest: so an entry is looked at a bounded number of times.
func (s *Scope) sweep() {
	const least = 64
	if s.open == nil {
		s.open, s.full = map[int64]reference{}, least
	}
	if len(s.open) < s.full {
		return
	}
	for id, ref := range s.open {
		if ref.get() == nil {
			delete(s.open, id)
		}
	}
	s.full = max(least, 2*len(s.open))
}

// Disown takes a thing out of the scope, which then does not shut it. Any
// goroutine.
func (s *Scope) Disown(id int64) {
	s.mu.Lock()
	delete(s.open, id)
	s.mu.Unlock()
}

// Resources lists what is open, oldest first. Any goroutine.
func (s *Scope) Resources() []Resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int64, 0, len(s.open))
	for id := range s.open {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	list := make([]Resource, 0, len(ids))
	for _, id := range ids {
		if r := s.open[id].get(); r != nil {
			list = append(list, r)
		}
	}
	return list
}

// Get answers the open thing of that number, nil if there is none. Any
// goroutine.
func (s *Scope) Get(id int64) Resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ref := s.open[id]; ref != nil {
		return ref.get()
	}
	return nil
}

// Close shuts all that the scope owns; what is opened later is shut at once.
// Any goroutine.
func (s *Scope) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, r := range s.Resources() {
		r.Shut()
	}
}
