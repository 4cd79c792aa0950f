package fiber

import (
	"container/list"
	"fmt"
	"math/rand/v2"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// source is an entry of select's list: one of the two.
type source struct {
	queue *queue
	fiber *vm.Fiber
}

func (s source) ready() bool {
	if s.queue != nil {
		return s.queue.ready()
	}
	return ended(s.fiber)
}

func selectReady(L *lua.LState) int {
	rt := vm.Of(L)
	sources, timeout := readSources(L), arg.Seconds(L, 2)
	if len(sources) == 0 && timeout == arg.Forever {
		arg.Raise(L, "nothing to wait for: the list is empty and there is no timeout")
	}
	breathe(rt, L)
	i := pick(sources)
	if i < 0 && timeout != 0 {
		w := waitAny(L, sources, timeout)
		settle(L, w)
		if w.done {
			return pushQueueResult(L, indexOf(sources, w.from), w.value)
		}
		i = pick(sources)
	}
	switch {
	case i < 0:
		return fail(L, vm.ErrTimeout)
	case sources[i].fiber != nil:
		L.Push(lua.LNumber(i + 1))
		return 1 + pushOutcome(L, sources[i].fiber)
	}
	v, _ := sources[i].queue.take()
	return pushQueueResult(L, i, v)
}

// readSources reads the list.
func readSources(L *lua.LState) []source {
	t, me := arg.Table(L, 1), vm.Of(L).Current()
	list := make([]source, t.Len())
	for i := range list {
		v := t.RawGetInt(i + 1)
		if ud, ok := v.(*lua.LUserData); ok {
			list[i].queue, _ = ud.Value.(*queue)
			list[i].fiber, _ = ud.Value.(*vm.Fiber)
		}
		switch {
		case list[i] == source{}:
			arg.Fail(L, 1, "list of queues and fibers", fmt.Sprintf("%s at index %d", arg.DescribeValue(v), i+1))
		case list[i].fiber == me:
			arg.Raise(L, "a fiber cannot wait for itself")
		}
	}
	return list
}

// pick answers one of those that are ready, each as likely as the other, or -1.
func pick(sources []source) int {
	found, n := -1, 0
	for i, s := range sources {
		if s.ready() {
			if n++; rand.IntN(n) == 0 {
				found = i
			}
		}
	}
	return found
}

// waitAny waits until one of them wakes the waiter it answers.
func waitAny(L *lua.LState, sources []source, timeout time.Duration) *waiter {
	w := &waiter{}
	elements := make([]*list.Element, len(sources))
	for i, s := range sources {
		if s.queue != nil {
			elements[i] = s.queue.getters.PushBack(w)
		} else {
			s.fiber.Watch(&w.Parking)
		}
	}
	vm.Of(L).Park(L, &w.Parking, timeout)
	for i, s := range sources {
		if s.queue != nil {
			s.queue.getters.Remove(elements[i])
		} else {
			s.fiber.Unwatch(&w.Parking)
		}
	}
	return w
}

func indexOf(sources []source, q *queue) int {
	for i, s := range sources {
		if s.queue == q {
			return i
		}
	}
	panic("select: served by a queue that is not in the list")
}

// pushQueueResult pushes the index of a queue and its value; nil is a closed
// one's.
func pushQueueResult(L *lua.LState, i int, v lua.LValue) int {
	L.Push(lua.LNumber(i + 1))
	if v == nil {
		return 1 + fail(L, vm.ErrClosed)
	}
	L.Push(v)
	return 2
}
