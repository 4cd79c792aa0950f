package json

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// maxText is the longest text that encode writes, in bytes.
const maxText = 1 << 30

// encoder writes Lua values as a JSON text. It is used again and again;
// between two texts it keeps only room.
type encoder struct {
	array  *lua.LTable // the metatable of arrays
	sort   bool
	indent string

	buf     []byte
	parents []*lua.LTable
	members []member // of the objects that are not yet complete
}

type member struct {
	key   string
	value lua.LValue
}

// encode writes v, or answers what kept it from that.
func (e *encoder) encode(v lua.LValue) (string, *problem) {
	p := e.value(v)
	text := ""
	if p == nil {
		text = string(e.buf)
	}
	if cap(e.buf) > 1<<16 {
		e.buf = nil
	}
	e.buf, e.parents, e.members = e.buf[:0], emptied(e.parents), emptied(e.members)
	return text, p
}

func (e *encoder) value(v lua.LValue) *problem {
	if len(e.buf) > maxText {
		return tooLong()
	}
	switch v := v.(type) {
	case lua.LString:
		return e.text(string(v))
	case lua.LNumber:
		return e.number(float64(v))
	case lua.LBool:
		if v {
			e.buf = append(e.buf, "true"...)
		} else {
			e.buf = append(e.buf, "false"...)
		}
		return nil
	case *lua.LTable:
		return e.table(v)
	case *lua.LUserData:
		if _, ok := v.Value.(null); ok {
			e.buf = append(e.buf, "null"...)
			return nil
		}
	case *lua.LNilType:
		return &problem{expected: "value", got: "nil - json.null gives null"}
	}
	return &problem{expected: "boolean, number, string, table or json.null", got: arg.DescribeValue(v)}
}

func tooLong() *problem {
	return &problem{expected: fmt.Sprintf("text of at most %d bytes", maxText), got: "more"}
}

func (e *encoder) number(f float64) *problem {
	switch abs := math.Abs(f); {
	case f == math.Trunc(f) && abs <= arg.MaxInt:
		if f == 0 && math.Signbit(f) {
			e.buf = append(e.buf, "-0"...)
		} else {
			e.buf = strconv.AppendInt(e.buf, int64(f), 10)
		}
	case abs > math.MaxFloat64 || f != f:
		return &problem{expected: "finite number", got: arg.DescribeValue(lua.LNumber(f))}
	case abs > arg.MaxInt || abs < 1e-6:
		// An exponent, so that no reader takes it for an exact integer.
		e.buf = strconv.AppendFloat(e.buf, f, 'e', -1, 64)
	default:
		e.buf = strconv.AppendFloat(e.buf, f, 'f', -1, 64)
	}
	return nil
}

// escapes tells which bytes cannot stand in a string as they are: 'u' for
// those written as \u00xx, else the letter after the backslash.
var escapes = [256]byte{
	0: 'u', 1: 'u', 2: 'u', 3: 'u', 4: 'u', 5: 'u', 6: 'u', 7: 'u',
	'\b': 'b', '\t': 't', '\n': 'n', 11: 'u', '\f': 'f', '\r': 'r', 14: 'u', 15: 'u',
	16: 'u', 17: 'u', 18: 'u', 19: 'u', 20: 'u', 21: 'u', 22: 'u', 23: 'u',
	24: 'u', 25: 'u', 26: 'u', 27: 'u', 28: 'u', 29: 'u', 30: 'u', 31: 'u',
	'"': '"', '\\': '\\',
}

func (e *encoder) text(s string) *problem {
	buf := append(e.buf, '"')
	start := 0
	for i := range len(s) {
		c := escapes[s[i]]
		if c == 0 {
			continue
		}
		buf = append(buf, s[start:i]...)
		start = i + 1
		if c == 'u' {
			const digits = "0123456789abcdef"
			buf = append(buf, '\\', 'u', '0', '0', digits[s[i]>>4], digits[s[i]&15])
		} else {
			buf = append(buf, '\\', c)
		}
		if len(buf) > maxText {
			return tooLong()
		}
	}
	buf = append(buf, s[start:]...)
	e.buf = append(buf, '"')
	if len(e.buf) > maxText {
		return tooLong()
	}
	return nil
}

func (e *encoder) table(t *lua.LTable) *problem {
	if i := slices.Index(e.parents, t); i >= 0 {
		return &problem{expected: "tree", got: fmt.Sprintf("a cycle (the table %d above)", len(e.parents)-i)}
	}
	if len(e.parents) == maxDepth {
		return &problem{expected: fmt.Sprintf("at most %d levels", maxDepth), got: "more"}
	}
	e.parents = append(e.parents, t)
	n := t.MaxN()
	last := lua.LNil
	if n > 0 {
		last = lua.LNumber(n)
	}
	key, _ := t.Next(last) // the first key that is no array index
	var p *problem
	switch {
	case n > 0 && key != lua.LNil:
		p = &problem{expected: "array or object", got: "a table with both, key 1.." + strconv.Itoa(n) + " and key " + arg.DescribeValue(key)}
	case n > 0:
		p = e.list(t, n)
	case key != lua.LNil && e.marked(t):
		p = &problem{expected: "array", got: "a table marked as one with key " + arg.DescribeValue(key)}
	case key != lua.LNil:
		p = e.object(t)
	case e.marked(t):
		e.buf = append(e.buf, "[]"...)
	default:
		e.buf = append(e.buf, "{}"...)
	}
	e.parents = e.parents[:len(e.parents)-1]
	return p
}

// marked tells whether t is marked as an array, be it by another runtime.
func (e *encoder) marked(t *lua.LTable) bool {
	if t.Metatable == lua.LNil {
		return false
	}
	mt, ok := t.Metatable.(*lua.LTable)
	return ok && (mt == e.array || mt.RawGetString("__name") == lua.LString(arrayName))
}

func (e *encoder) list(t *lua.LTable, n int) *problem {
	e.buf = append(e.buf, '[')
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.buf = append(e.buf, ',')
		}
		e.newline(0)
		v := t.RawGetInt(i)
		if v == lua.LNil {
			return &problem{expected: "array without holes", got: fmt.Sprintf("nil at %d of %d - json.null keeps the place", i, n)}
		}
		if p := e.value(v); p != nil {
			p.inIndex(i)
			return p
		}
	}
	e.newline(-1)
	e.buf = append(e.buf, ']')
	return nil
}

func (e *encoder) object(t *lua.LTable) *problem {
	mark := len(e.members)
	if p := e.collect(t); p != nil {
		return p
	}
	e.buf = append(e.buf, '{')
	for i := mark; i < len(e.members); i++ {
		if i > mark {
			e.buf = append(e.buf, ',')
		}
		e.newline(0)
		m := e.members[i]
		if p := e.text(m.key); p != nil {
			return p
		}
		e.buf = append(e.buf, ':')
		if e.indent != "" {
			e.buf = append(e.buf, ' ')
		}
		if p := e.value(m.value); p != nil {
			p.inKey(m.key)
			return p
		}
	}
	e.members = e.members[:mark]
	e.newline(-1)
	e.buf = append(e.buf, '}')
	return nil
}

// collect adds the members of an object to e.members, in the order to write
// them: sorted by key, or as they came into the table.
func (e *encoder) collect(t *lua.LTable) *problem {
	mark := len(e.members)
	var wrong lua.LValue
	add := func(k, v lua.LValue) {
		if key, ok := k.(lua.LString); ok {
			e.members = append(e.members, member{string(key), v})
		} else if wrong == nil {
			wrong = k
		}
	}
	if e.sort {
		t.ForEach(add)
		slices.SortFunc(e.members[mark:], func(a, b member) int { return cmp.Compare(a.key, b.key) })
	} else {
		for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
			add(k, v)
		}
	}
	if wrong != nil {
		return &problem{expected: "keys 1..n or strings", got: "key " + arg.DescribeValue(wrong)}
	}
	return nil
}

// newline begins a line inside the innermost table, or outside of it for -1.
func (e *encoder) newline(level int) {
	if e.indent == "" {
		return
	}
	e.buf = append(e.buf, '\n')
	e.buf = append(e.buf, strings.Repeat(e.indent, len(e.parents)+level)...)
}
