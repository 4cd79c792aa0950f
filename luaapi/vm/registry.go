package vm

import (
	"sort"
	"sync"
)

// fiberTable lists the fibers that have not ended. It has a small lock of its
// own, so that listing and cancelling never need the baton.
type fiberTable struct {
	mu sync.Mutex
	m  map[int64]*Fiber
}

func (t *fiberTable) add(f *Fiber) {
	t.mu.Lock()
	t.m[f.id] = f
	t.mu.Unlock()
}

func (t *fiberTable) remove(f *Fiber) {
	t.mu.Lock()
	delete(t.m, f.id)
	t.mu.Unlock()
}

func (t *fiberTable) list() []*Fiber {
	t.mu.Lock()
	l := make([]*Fiber, 0, len(t.m))
	for _, f := range t.m {
		l = append(l, f)
	}
	t.mu.Unlock()
	sort.Slice(l, func(i, j int) bool { return l[i].id < l[j].id })
	return l
}

// Fibers lists the fibers that have not ended, by number. Any goroutine.
func (rt *Runtime) Fibers() []*Fiber { return rt.fibers.list() }
