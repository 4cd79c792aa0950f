package json

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

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
