package json

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// decoder reads a JSON text straight into Lua values. It is used again and
// again; between two texts it keeps only room and short strings.
type decoder struct {
	array   *lua.LTable // the metatable of arrays
	null    lua.LValue
	bigText bool // integers beyond 2^53 as strings

	L      *lua.LState
	s      string
	i      int
	depth  int
	failed *problem
	at     int // offset of what failed

	// The members of the arrays and objects that are not yet complete.
	values []lua.LValue
	keys   []string

	// Values that were made before. A Lua value costs an allocation; texts
	// repeat their keys and words.
	ints    [256]lua.LValue
	strings [512]interned
}

type interned struct {
	text  string
	value lua.LValue
}

// maxInterned is the longest string that is kept for the next one like it.
const maxInterned = 32

// decode reads a whole text. err is "" or says what is wrong and where.
func (d *decoder) decode(L *lua.LState, s string) (v lua.LValue, err string) {
	d.L, d.s, d.i, d.depth = L, s, 0, 0
	v = d.value()
	if v != nil {
		d.skip()
		if d.i < len(s) {
			d.fail(d.i, "end of the text", "")
		}
	}
	if d.failed != nil {
		v, err = lua.LNil, d.message()
	}
	d.L, d.s, d.failed, d.null = nil, "", nil, nil
	d.values, d.keys = emptied(d.values), emptied(d.keys)
	return v, err
}

// emptied keeps the room of a slice for the next text unless it is large.
func emptied[T any](s []T) []T {
	if cap(s) > 512 {
		return nil
	}
	clear(s[:cap(s)])
	return s[:0]
}

// fail notes what should have stood at an offset; got "" is what stands there.
// It answers nil, so that a caller can return it as the value.
func (d *decoder) fail(at int, expected, got string) lua.LValue {
	if got == "" {
		got = "the end"
		if at < len(d.s) {
			_, n := utf8.DecodeRuneInString(d.s[at:])
			got = strconv.Quote(d.s[at : at+n])
		}
	}
	d.at, d.failed = at, &problem{expected: expected, got: got}
	return nil
}

func (d *decoder) message() string {
	before := d.s[:d.at]
	line := strings.Count(before, "\n") + 1
	column := d.at - strings.LastIndexByte(before, '\n')
	path := ""
	if len(d.failed.path) > 0 {
		path = d.failed.place() + ": "
	}
	return fmt.Sprintf("line %d, column %d: %s%s expected, got %s", line, column, path, d.failed.expected, d.failed.got)
}

func (d *decoder) skip() {
	for d.i < len(d.s) {
		switch d.s[d.i] {
		case ' ', '\n', '\t', '\r':
			d.i++
		default:
			return
		}
	}
}

// next skips white space and answers the byte after it, 0 at the end.
func (d *decoder) next() byte {
	for d.i < len(d.s) {
		c := d.s[d.i]
		if c > ' ' {
			return c
		}
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		d.i++
	}
	return 0
}

// value reads a value; nil if it failed.
func (d *decoder) value() lua.LValue {
	switch c := d.next(); c {
	case '{':
		return d.object()
	case '[':
		return d.list()
	case '"':
		start := d.i
		s, ok := d.text()
		if !ok {
			return nil
		}
		if len(s) <= maxInterned {
			return d.intern(s).value
		}
		if d.i-start == len(s)+2 {
			s = strings.Clone(s) // without escapes: a part of the source
		}
		return lua.LString(s)
	case 't':
		return d.word("true", lua.LTrue)
	case 'f':
		return d.word("false", lua.LFalse)
	case 'n':
		return d.word("null", d.null)
	default:
		if c == '-' || '0' <= c && c <= '9' {
			return d.number()
		}
	}
	return d.fail(d.i, "value", "")
}

func (d *decoder) word(w string, v lua.LValue) lua.LValue {
	if !strings.HasPrefix(d.s[d.i:], w) {
		return d.fail(d.i, "value", "")
	}
	d.i += len(w)
	return v
}

// enter steps into an array or object; false if it is too deep.
func (d *decoder) enter() bool {
	if d.depth == maxDepth {
		d.fail(d.i, fmt.Sprintf("at most %d levels", maxDepth), "more")
		return false
	}
	d.depth++
	d.i++
	return true
}

func (d *decoder) list() lua.LValue {
	if !d.enter() {
		return nil
	}
	mark := len(d.values)
	if d.next() == ']' {
		d.i++
	} else {
		for more := true; more; {
			v := d.value()
			if v == nil {
				d.failed.inIndex(len(d.values) - mark + 1)
				return nil
			}
			d.values = append(d.values, v)
			switch d.next() {
			case ',':
				d.i++
			case ']':
				d.i++
				more = false
			default:
				return d.fail(d.i, `"," or "]"`, "")
			}
		}
	}
	members := d.values[mark:]
	if len(members) >= lua.MaxArrayIndex {
		return d.fail(d.i, fmt.Sprintf("array of less than %d values", lua.MaxArrayIndex), strconv.Itoa(len(members)))
	}
	t := d.L.CreateTable(len(members), 0)
	for i, v := range members {
		t.RawSetInt(i+1, v)
	}
	t.Metatable = d.array
	d.values = d.values[:mark]
	d.depth--
	return t
}

func (d *decoder) object() lua.LValue {
	if !d.enter() {
		return nil
	}
	mark, keyMark := len(d.values), len(d.keys)
	if d.next() == '}' {
		d.i++
	} else {
		for more := true; more; {
			if d.next() != '"' {
				return d.fail(d.i, "key in quotes", "")
			}
			key, ok := d.key()
			if !ok {
				return nil
			}
			if d.next() != ':' {
				return d.fail(d.i, `":"`, "")
			}
			d.i++
			d.keys = append(d.keys, key)
			v := d.value()
			if v == nil {
				d.failed.inKey(key)
				return nil
			}
			d.values = append(d.values, v)
			switch d.next() {
			case ',':
				d.i++
			case '}':
				d.i++
				more = false
			default:
				return d.fail(d.i, `"," or "}"`, "")
			}
		}
	}
	keys := d.keys[keyMark:]
	t := d.L.CreateTable(0, len(keys))
	for i, v := range d.values[mark:] {
		t.RawSetString(keys[i], v)
	}
	d.values, d.keys = d.values[:mark], d.keys[:keyMark]
	d.depth--
	return t
}

func (d *decoder) key() (string, bool) {
	s, ok := d.text()
	switch {
	case !ok:
		return "", false
	case len(s) <= maxInterned:
		return d.intern(s).text, true
	}
	return strings.Clone(s), true
}

// intern answers a copy of s that was made before, or makes one.
func (d *decoder) intern(s string) *interned {
	h := uint(len(s))
	if h > 0 {
		h += uint(s[0])*31 + uint(s[h/2])*131 + uint(s[h-1])*7
	}
	e := &d.strings[h%uint(len(d.strings))]
	if e.text != s || e.value == nil {
		e.text = strings.Clone(s)
		e.value = lua.LString(e.text)
	}
	return e
}
