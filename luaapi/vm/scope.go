package vm

import (
	"runtime"
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
	open   map[int64]func() Resource
	closed bool
}

// Own makes r belong to the scope and answers its number, which is stable and
// unique in the scope, and a function that takes it out again. A closed scope
// shuts r at once. Any goroutine.
func Own[T any, P interface {
	*T
	Resource
}](s *Scope, r P) (id int64, release func()) {
	p := weak.Make((*T)(r))
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		r.Shut()
		return 0, func() {}
	}
	s.last++
	id = s.last
	if s.open == nil {
		s.open = map[int64]func() Resource{}
	}
	s.open[id] = func() Resource {
		if v := p.Value(); v != nil {
			return P(v)
		}
		return nil
	}
	s.mu.Unlock()
	c := runtime.AddCleanup((*T)(r), s.drop, id)
	return id, func() { c.Stop(); s.drop(id) }
}

func (s *Scope) drop(id int64) {
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
		if r := s.open[id](); r != nil {
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
	if get := s.open[id]; get != nil {
		return get()
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
