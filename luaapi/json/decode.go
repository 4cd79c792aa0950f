package json

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
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

// text reads a string: a part of the source if it has no escapes.
func (d *decoder) text() (string, bool) {
	start := d.i + 1
	for i := start; i < len(d.s); i++ {
		c := d.s[i]
		if escapes[c] == 0 {
			continue
		}
		if c == '"' {
			d.i = i + 1
			return d.s[start:i], true
		}
		d.i = i
		return d.escaped(start)
	}
	d.fail(len(d.s), `closing "\""`, "")
	return "", false
}

// escaped reads on in a string that began at start and has an escape or a
// control character at d.i.
func (d *decoder) escaped(start int) (string, bool) {
	out := make([]byte, 0, d.i-start+32)
	for {
		out = append(out, d.s[start:d.i]...)
		if d.i == len(d.s) {
			d.fail(d.i, `closing "\""`, "")
			return "", false
		}
		switch c := d.s[d.i]; {
		case c == '"':
			d.i++
			return string(out), true
		case c < ' ':
			d.fail(d.i, "escape for a control character", "")
			return "", false
		}
		n := 0
		if out, n = d.escape(out); n == 0 {
			return "", false
		}
		d.i += n
		start = d.i
		for d.i < len(d.s) && escapes[d.s[d.i]] == 0 {
			d.i++
		}
	}
}

// escape decodes the escape at d.i and answers its length, 0 if it failed.
func (d *decoder) escape(out []byte) ([]byte, int) {
	if d.i+1 < len(d.s) {
		switch c := d.s[d.i+1]; c {
		case '"', '\\', '/':
			return append(out, c), 2
		case 'b':
			return append(out, '\b'), 2
		case 'f':
			return append(out, '\f'), 2
		case 'n':
			return append(out, '\n'), 2
		case 'r':
			return append(out, '\r'), 2
		case 't':
			return append(out, '\t'), 2
		case 'u':
			return d.unicode(out)
		}
	}
	d.fail(d.i+1, `one of "\/bfnrtu after a backslash`, "")
	return out, 0
}

func (d *decoder) unicode(out []byte) ([]byte, int) {
	r, bad := hex4(d.s, d.i+2)
	if bad >= 0 {
		d.fail(bad, "hex digit", "")
		return out, 0
	}
	if r < 0xd800 || r > 0xdfff {
		return utf8.AppendRune(out, r), 6
	}
	if r < 0xdc00 && strings.HasPrefix(d.s[d.i+6:], `\u`) {
		low, bad := hex4(d.s, d.i+8)
		if bad < 0 && 0xdc00 <= low && low <= 0xdfff {
			return utf8.AppendRune(out, 0x10000+(r-0xd800)<<10+(low-0xdc00)), 12
		}
	}
	d.fail(d.i, "pair of surrogates", strconv.Quote(d.s[d.i:d.i+6])+" alone")
	return out, 0
}

// hex4 reads four hex digits; bad is the offset of what is none, or -1.
func hex4(s string, at int) (r rune, bad int) {
	for i := at; i < at+4; i++ {
		if i >= len(s) {
			return 0, len(s)
		}
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, i
		}
	}
	return r, -1
}

// powers are the powers of ten that a float64 holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

func (d *decoder) number() lua.LValue {
	s, start := d.s, d.i
	i := start
	if s[i] == '-' {
		i++
	}
	if i == len(s) || s[i] < '0' || s[i] > '9' {
		return d.fail(i, "digit", "")
	}
	first := i
	var mantissa uint64 // wraps beyond 19 digits: used for up to 16 only
	for ; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
		mantissa = mantissa*10 + uint64(s[i]-'0')
	}
	digits := i - first
	if digits > 1 && s[first] == '0' {
		return d.fail(first+1, `number without leading "0"`, "")
	}
	fraction := 0
	if i < len(s) && s[i] == '.' {
		i++
		point := i
		for ; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
			mantissa = mantissa*10 + uint64(s[i]-'0')
		}
		if fraction = i - point; fraction == 0 {
			return d.fail(i, "digit", "")
		}
	}
	exponent := false
	if i < len(s) && s[i]|0x20 == 'e' {
		exponent = true
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		power := i
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			i++
		}
		if i == power {
			return d.fail(i, "digit", "")
		}
	}
	d.i = i
	if digits+fraction <= 15 && !exponent {
		negative := first > start
		if fraction == 0 && !negative && mantissa < uint64(len(d.ints)) {
			if d.ints[mantissa] == nil {
				d.ints[mantissa] = lua.LNumber(mantissa)
			}
			return d.ints[mantissa]
		}
		f := float64(mantissa) / powers[fraction]
		if negative {
			f = -f
		}
		return lua.LNumber(f)
	}
	text := s[start:i]
	if fraction == 0 && !exponent && (digits > 16 || mantissa > arg.MaxInt) {
		if d.bigText {
			return lua.LString(strings.Clone(text))
		}
		return d.fail(start, "integer within 2^53", short(text)+` - decode with {bigint="string"} to read it as a string`)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return d.fail(start, "number within 1.8e308", short(text))
	}
	return lua.LNumber(f)
}

// short is a number's text, cut if it is long.
func short(text string) string {
	if len(text) > 40 {
		return fmt.Sprintf("%s... (%d characters)", text[:20], len(text))
	}
	return text
}
