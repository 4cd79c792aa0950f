package fiber

import (
	"container/list"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// queue hands values from fibers to fibers, first come, first served. A value
// goes straight to the first that waits for one; nobody overtakes. Guarded by
// the baton.
type queue struct {
	items    fifo
	capacity int // unbounded if negative
	closed   bool
	getters  list.List // of *waiter; one that a select was served elsewhere may be done
	putters  list.List // of *waiter with the value it puts
}

const unbounded = -1

func newQueue(L *lua.LState) int {
	q := &queue{capacity: int(arg.OptInt(L, 1, unbounded, 0, 1<<30))}
	mt := vm.Of(L).Class("queue", map[string]lua.LGFunction{
		"put":    put,
		"get":    get,
		"close":  closeQueue,
		"len":    length,
		"values": values,
	}, map[string]lua.LGFunction{"__tostring": toString[*queue]})
	L.Push(vm.Userdata(q, mt))
	return 1
}

func selfQueue(L *lua.LState) *queue { return arg.Self[*queue](L, "queue") }

// String is tostring: queue 3/10.
func (q *queue) String() string {
	s := fmt.Sprintf("queue %d", q.items.len())
	if q.capacity >= 0 {
		s += fmt.Sprintf("/%d", q.capacity)
	}
	if q.closed {
		s += " closed"
	}
	return s
}

// hand gives v to the first that waits for a value.
func (q *queue) hand(v lua.LValue) bool {
	for e := q.getters.Front(); e != nil; e = q.getters.Front() {
		w := q.getters.Remove(e).(*waiter)
		if !w.done {
			w.done, w.from, w.value = true, q, v
			w.Unpark()
			return true
		}
	}
	return false
}

// giveBack returns a value to the front: who was handed it did not live to
// use it.
func (q *queue) giveBack(v lua.LValue) {
	if !q.hand(v) {
		q.items.pushFront(v)
	}
}

// take answers the next value without waiting, and lets the first in that
// waits to put one.
func (q *queue) take() (v lua.LValue, ok bool) {
	if q.items.len() > 0 {
		v = q.items.pop()
		if q.items.len() < q.capacity {
			if next, ok := q.takePut(); ok {
				q.items.push(next)
			}
		}
		return v, true
	}
	return q.takePut()
}

func (q *queue) takePut() (lua.LValue, bool) {
	e := q.putters.Front()
	if e == nil {
		return nil, false
	}
	w := q.putters.Remove(e).(*waiter)
	w.done = true
	w.Unpark()
	return w.value, true
}

// ready tells whether get would not wait.
func (q *queue) ready() bool {
	return q.closed || q.items.len() > 0 || q.putters.Len() > 0
}

func put(L *lua.LState) int {
	rt, q := vm.Of(L), selfQueue(L)
	if !arg.Given(L, 2) {
		arg.Fail(L, 2, "value other than nil", "")
	}
	v, timeout := L.Get(2), arg.Seconds(L, 3)
	switch {
	case q.closed:
		return fail(L, vm.ErrClosed)
	case q.hand(v):
		rt.Breathe(L)
	case q.capacity < 0 || q.items.len() < q.capacity:
		q.items.push(v)
		rt.Breathe(L)
	case timeout == 0:
		rt.Breathe(L)
		return fail(L, vm.ErrTimeout)
	default:
		w := &waiter{value: v}
		e := q.putters.PushBack(w)
		rt.Park(L, &w.Parking, timeout)
		q.putters.Remove(e)
		if w.done {
			break
		}
		vm.Check(L)
		if q.closed {
			return fail(L, vm.ErrClosed)
		}
		return fail(L, vm.ErrTimeout)
	}
	L.Push(lua.LTrue)
	return 1
}

func get(L *lua.LState) int { return getWithin(L, selfQueue(L)) }

func getWithin(L *lua.LState, q *queue) int {
	rt, timeout := vm.Of(L), arg.Seconds(L, 2)
	if q.ready() || timeout == 0 {
		breathe(rt, L)
	}
	v, ok := q.take()
	if !ok && !q.closed && timeout != 0 {
		w := &waiter{}
		e := q.getters.PushBack(w)
		rt.Park(L, &w.Parking, timeout)
		q.getters.Remove(e)
		settle(L, w)
		if v, ok = w.value, w.done; !ok {
			v, ok = q.take()
		}
	}
	switch {
	case ok:
		L.Push(v)
		return 1
	case q.closed:
		return fail(L, vm.ErrClosed)
	}
	return fail(L, vm.ErrTimeout)
}

// settle raises if the fiber was cancelled while it waited; what it was handed
// goes back.
func settle(L *lua.LState, w *waiter) {
	if w.done && vm.Of(L).Current().Cancelled() {
		w.from.giveBack(w.value)
	}
	vm.Check(L)
}

func closeQueue(L *lua.LState) int {
	q := selfQueue(L)
	q.closed = true
	for _, l := range []*list.List{&q.getters, &q.putters} {
		for e := l.Front(); e != nil; e = e.Next() { // they leave by themselves
			e.Value.(*waiter).Unpark()
		}
	}
	return 0
}

func length(L *lua.LState) int {
	L.Push(lua.LNumber(selfQueue(L).items.len()))
	return 1
}

func values(L *lua.LState) int {
	selfQueue(L)
	L.Push(libraryOf(vm.Of(L)).next)
	L.Push(L.Get(1))
	return 2
}

// nextValue is what values answers: called with the queue and the last value.
func nextValue(L *lua.LState) int {
	q := selfQueue(L)
	L.SetTop(1)
	if getWithin(L, q) == 2 {
		L.Push(lua.LNil)
	}
	return 1
}

// fifo is a row of values that grows as needed.
type fifo struct {
	ring  []lua.LValue
	first int
	n     int
}

func (q *fifo) len() int { return q.n }

func (q *fifo) push(v lua.LValue) {
	q.grow()
	q.ring[(q.first+q.n)&(len(q.ring)-1)] = v
	q.n++
}

func (q *fifo) pushFront(v lua.LValue) {
	q.grow()
	q.first = (q.first - 1) & (len(q.ring) - 1)
	q.ring[q.first] = v
	q.n++
}

func (q *fifo) pop() lua.LValue {
	v := q.ring[q.first]
	q.ring[q.first] = nil
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.n--
	if q.n == 0 && len(q.ring) > 1024 { // a burst is not held for ever
		q.ring, q.first = nil, 0
	}
	return v
}

// grow makes room for one more. The size is a power of two.
func (q *fifo) grow() {
	if q.n < len(q.ring) {
		return
	}
	ring := make([]lua.LValue, max(8, 2*len(q.ring)))
	n := copy(ring, q.ring[q.first:])
	copy(ring[n:], q.ring[:q.first])
	q.ring, q.first = ring, 0
}
