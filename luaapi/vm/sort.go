package vm

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// tableSort is stable, unlike Lua's, and needs no valid order function: with
// another the order is some order. The table is changed once all is sorted, not
// at all if a comparison raises.
func tableSort(L *lua.LState) int {
	t := arg.Table(L, 1)
	less := L.LessThan
	if arg.Given(L, 2) {
		f := arg.Func(L, 2)
		less = func(a, b lua.LValue) bool {
			L.Push(f)
			L.Push(a)
			L.Push(b)
			L.Call(2, 1)
			r := L.Get(-1)
			L.Pop(1)
			return lua.LVAsBool(r)
		}
	}
	s := sorter{L: L, less: less}
	values := make([]lua.LValue, t.Len())
	for i := range values {
		values[i] = t.RawGetInt(i + 1)
	}
	s.spare = make([]lua.LValue, len(values)/2)
	s.sort(values)
	for i, v := range values {
		t.RawSetInt(i+1, v)
	}
	return 0
}

// sorter merges: few comparisons, as many as n log n in the worst case.
type sorter struct {
	L     *lua.LState
	less  func(a, b lua.LValue) bool
	spare []lua.LValue // at least half as long as what is sorted
	steps int
}

func (s *sorter) before(a, b lua.LValue) bool {
	if s.steps++; s.steps%checkEvery == 0 {
		Check(s.L)
	}
	return s.less(a, b)
}

func (s *sorter) sort(values []lua.LValue) {
	if len(values) < 2 {
		return
	}
	mid := len(values) / 2
	s.sort(values[:mid])
	s.sort(values[mid:])
	if !s.before(values[mid], values[mid-1]) {
		return
	}
	left := s.spare[:copy(s.spare, values[:mid])]
	to, right := 0, values[mid:]
	for len(left) > 0 && len(right) > 0 {
		if s.before(right[0], left[0]) {
			values[to], right = right[0], right[1:]
		} else {
			values[to], left = left[0], left[1:]
		}
		to++
	}
	copy(values[to:], left)
}
