package vm

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// spaces are what C's isspace takes for white space.
const spaces = " \t\n\v\f\r"

// toNumber is Lua's tonumber. gopher-lua's does not know exponents without a
// point, nor whole numbers beyond 64 bits.
func toNumber(L *lua.LState) int {
	v := arg.Any(L, 1)
	base := int(arg.OptInt(L, 2, 10, 2, 36))
	var n float64
	ok := false
	switch v := v.(type) {
	case lua.LNumber:
		if base == 10 {
			L.Push(v)
			return 1
		}
		n, ok = inBase(v.String(), base)
	case lua.LString:
		if base == 10 {
			n, ok = parseNumber(strings.Trim(string(v), spaces))
		} else {
			n, ok = inBase(strings.Trim(string(v), spaces), base)
		}
	default:
		if base != 10 {
			arg.Fail(L, 1, "string", "")
		}
	}
	if !ok {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LNumber(n))
	}
	return 1
}

// parseNumber reads a number as Lua writes one: decimal with fraction and
// exponent, or hexadecimal digits after 0x.
func parseNumber(s string) (float64, bool) {
	sign, digits := 1.0, s
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		digits = s[1:]
	}
	if len(digits) > 2 && (digits[:2] == "0x" || digits[:2] == "0X") {
		n, ok := inBase(digits, 16)
		return sign * n, ok && isAlnum(digits[0])
	}
	// ParseFloat knows more than Lua: words, underscores, hexadecimal floats.
	if digits == "" || strings.Trim(digits, "0123456789.eE+-") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil || math.IsInf(n, 0)
}

// inBase reads a whole number of any length.
func inBase(s string, base int) (float64, bool) {
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base == 16 && len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") {
		s = s[2:]
	}
	n := 0.0
	for i := range len(s) {
		d := strings.IndexByte("0123456789abcdefghijklmnopqrstuvwxyz", s[i]|0x20)
		if d < 0 || d >= base {
			return 0, false
		}
		n = n*float64(base) + float64(d)
	}
	if neg {
		n = -n
	}
	return n, s != ""
}
