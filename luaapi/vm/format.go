package vm

import (
	"math"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// stringFormat is Lua 5.1's, and like later ones takes any value for %s and
// keeps zero bytes.
func stringFormat(L *lua.LState) int {
	format := arg.String(L, 1)
	i := strings.IndexByte(format, '%')
	if i < 0 {
		L.Push(lua.LString(format))
		return 1
	}
	var space [128]byte
	out := space[:0]
	for n := 1; i >= 0; i = strings.IndexByte(format, '%') {
		out = append(out, format[:i]...)
		format = format[i+1:]
		if strings.HasPrefix(format, "%") {
			out = append(out, '%')
			format = format[1:]
			continue
		}
		n++
		arg.Any(L, n)
		var s spec
		s, format = readSpec(L, format)
		out = s.write(L, out, n)
		if len(out) > maxString {
			tooLong(L)
		}
		if n%checkEvery == 0 {
			Check(L)
		}
	}
	L.Push(lua.LString(append(out, format...)))
	return 1
}

// spec is what stands between % and the letter, and the letter.
type spec struct {
	minus, plus, space, sharp, zero bool

	width     int
	precision int // -1: none
	verb      byte
}

// readSpec reads a spec and answers what follows it.
func readSpec(L *lua.LState, s string) (spec, string) {
	p := spec{precision: -1}
	i := 0
flags:
	for ; i < len(s); i++ {
		switch s[i] {
		case '-':
			p.minus = true
		case '+':
			p.plus = true
		case ' ':
			p.space = true
		case '#':
			p.sharp = true
		case '0':
			p.zero = true
		default:
			break flags
		}
	}
	if i > 5 {
		L.RaiseError("invalid format (repeated flags)")
	}
	digits := func() (n int) {
		for k := 0; k < 2 && i < len(s) && isDigit(s[i]); k++ {
			n = n*10 + int(s[i]-'0')
			i++
		}
		return
	}
	p.width = digits()
	if i < len(s) && s[i] == '.' {
		i++
		p.precision = digits()
	}
	switch {
	case i == len(s):
		L.RaiseError("invalid option '%s' to 'format'", "%")
	case isDigit(s[i]):
		L.RaiseError("invalid format (width or precision too long)")
	}
	p.verb = s[i]
	return p, s[i+1:]
}

// write appends argument n in the form of p.
func (p *spec) write(L *lua.LState, out []byte, n int) []byte {
	var space [64]byte
	switch p.verb {
	case 'c':
		return p.pad(out, "", string([]byte{byte(toInt64(number(L, n)))}), false)
	case 'd', 'i':
		v := toInt64(number(L, n))
		digits := uint64(v)
		if v < 0 {
			digits = -digits
		}
		return p.integer(out, p.sign(v < 0), strconv.AppendUint(space[:0], digits, 10))
	case 'u':
		return p.integer(out, "", strconv.AppendUint(space[:0], toUint64(number(L, n)), 10))
	case 'o':
		b := strconv.AppendUint(space[:0], toUint64(number(L, n)), 8)
		switch zero := b[0] == '0'; {
		case p.sharp && zero && p.precision == 0:
			p.precision = 1
		case p.sharp && !zero && p.precision <= len(b):
			b = append([]byte{'0'}, b...)
		}
		return p.integer(out, "", b)
	case 'x', 'X':
		v := toUint64(number(L, n))
		b := strconv.AppendUint(space[:0], v, 16)
		sign := ""
		if p.sharp && v != 0 {
			sign = "0x"
		}
		if p.verb == 'X' {
			sign = strings.ToUpper(sign)
			upper(b)
		}
		return p.integer(out, sign, b)
	case 'e', 'E', 'f', 'g', 'G':
		return p.float(out, number(L, n))
	case 'q':
		return quoted(out, arg.String(L, n))
	case 's':
		var s string
		if v, ok := L.Get(n).(lua.LString); ok {
			s = string(v)
		} else {
			s = L.ToStringMeta(L.Get(n)).String()
		}
		if p.precision >= 0 && p.precision < len(s) {
			s = s[:p.precision]
		}
		return p.pad(out, "", s, false)
	}
	L.RaiseError("invalid option '%%%s' to 'format'", string([]byte{p.verb}))
	return out
}

// number reads a number; a string is taken as tonumber takes it.
func number(L *lua.LState, i int) float64 {
	switch v := L.Get(i).(type) {
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		if f, ok := parseNumber(strings.Trim(string(v), spaces)); ok {
			return f
		}
	}
	arg.Fail(L, i, "number", "")
	return 0
}

// toInt64 cuts off the fraction; what does not fit is the least integer, as C
// has it on most machines.
func toInt64(f float64) int64 {
	if f >= -1<<63 && f < 1<<63 {
		return int64(f)
	}
	return math.MinInt64
}

func toUint64(f float64) uint64 {
	if f >= 1<<63 {
		if f < 1<<64 {
			return uint64(f)
		}
		return 0
	}
	return uint64(toInt64(f))
}

func (p *spec) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case p.plus:
		return "+"
	case p.space:
		return " "
	}
	return ""
}

// integer appends the digits of a whole number.
func (p *spec) integer(out []byte, sign string, digits []byte) []byte {
	if p.precision < 0 {
		return p.pad(out, sign, string(digits), p.zero)
	}
	if p.precision == 0 && string(digits) == "0" {
		digits = nil
	}
	zeros := max(0, p.precision-len(digits))
	return p.pad(out, sign, strings.Repeat("0", zeros)+string(digits), false)
}

// pad appends sign and text, filled up to the width.
func (p *spec) pad(out []byte, sign, text string, zeros bool) []byte {
	fill := p.width - len(sign) - len(text)
	if !p.minus && !zeros {
		out = fillUp(out, ' ', fill)
	}
	out = append(out, sign...)
	if !p.minus && zeros {
		out = fillUp(out, '0', fill)
	}
	out = append(out, text...)
	if p.minus {
		out = fillUp(out, ' ', fill)
	}
	return out
}

func fillUp(out []byte, c byte, n int) []byte {
	for ; n > 0; n-- {
		out = append(out, c)
	}
	return out
}

func upper(b []byte) {
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 0x20
		}
	}
}

// float appends f as C's printf does.
func (p *spec) float(out []byte, f float64) []byte {
	sign := p.sign(math.Signbit(f))
	f = math.Abs(f)
	var space [400]byte
	b := space[:0]
	zeros := p.zero
	switch {
	case math.IsInf(f, 0):
		b, zeros = append(b, "inf"...), false
	case f != f:
		b, zeros = append(b, "nan"...), false
	default:
		precision := p.precision
		if precision < 0 {
			precision = 6
		}
		switch p.verb {
		case 'e', 'E':
			b = strconv.AppendFloat(b, f, 'e', precision, 64)
			if p.sharp && precision == 0 {
				b = append(b[:1], append([]byte{'.'}, b[1:]...)...)
			}
		case 'f':
			b = strconv.AppendFloat(b, f, 'f', precision, 64)
			if p.sharp && precision == 0 {
				b = append(b, '.')
			}
		default:
			b = p.general(b, f, max(precision, 1))
		}
	}
	if p.verb == 'E' || p.verb == 'G' {
		upper(b)
	}
	return p.pad(out, sign, string(b), zeros)
}

// general is %g: the shorter of %e and %f, without zeros at the end unless #
// is given.
func (p *spec) general(b []byte, f float64, digits int) []byte {
	if !p.sharp {
		return strconv.AppendFloat(b, f, 'g', digits, 64)
	}
	b = strconv.AppendFloat(b, f, 'e', digits-1, 64)
	e := strings.IndexByte(string(b), 'e')
	exponent, _ := strconv.Atoi(string(b[e+1:]))
	if exponent >= -4 && exponent < digits {
		b = strconv.AppendFloat(b[:0], f, 'f', digits-1-exponent, 64)
		e = len(b)
	}
	if strings.IndexByte(string(b), '.') < 0 {
		b = append(b[:e], append([]byte{'.'}, b[e:]...)...)
	}
	return b
}

// quoted appends s as Lua source.
func quoted(out []byte, s string) []byte {
	out = append(slices.Grow(out, len(s)+len(s)/16+2), '"')
	for {
		i := 0
		for i < len(s) && !quotedByte[s[i]] {
			i++
		}
		out = append(out, s[:i]...)
		if i == len(s) {
			return append(out, '"')
		}
		switch c := s[i]; c {
		case '\r':
			out = append(out, `\r`...)
		case 0:
			out = append(out, `\000`...)
		default:
			out = append(out, '\\', c)
		}
		s = s[i+1:]
	}
}

var quotedByte = setOf(func(c byte) bool { return strings.IndexByte("\"\\\n\r\x00", c) >= 0 })
