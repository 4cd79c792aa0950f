package bytes

import (
	"fmt"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/pack"
)

const hexDigits = "0123456789abcdef"

func hex(L *lua.LState) int {
	s, sep := arg.String(L, 1), arg.OptString(L, 2, "")
	if len(s) > 0 {
		checkSize(L, min(len(s), pack.MaxSize+1)*(2+min(len(sep), pack.MaxSize)))
	}
	out := make([]byte, 0, len(s)*(2+len(sep)))
	for i := range len(s) {
		if i > 0 {
			out = append(out, sep...)
		}
		out = append(out, hexDigits[s[i]>>4], hexDigits[s[i]&15])
	}
	L.Push(lua.LString(out))
	return 1
}

// hexValue is the value of a hex digit, 255 for any other byte.
func hexValue(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

func space(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func unhex(L *lua.LState) int {
	s := arg.String(L, 1)
	out := make([]byte, 0, len(s)/2)
	for i := 0; i < len(s); {
		if space(s[i]) || s[i] == ':' {
			i++
			continue
		}
		high := hexValue(s[i])
		if high == 255 {
			return badText(L, s, i, "hex digit")
		}
		if i+1 == len(s) || hexValue(s[i+1]) == 255 {
			return badText(L, s, i+1, "second hex digit of a byte")
		}
		out = append(out, high<<4|hexValue(s[i+1]))
		i += 2
	}
	L.Push(lua.LString(out))
	return 1
}

// badText returns nil and what was expected at offset i of s.
func badText(L *lua.LState, s string, i int, expected string) int {
	got := "the end"
	if i < len(s) {
		got = strconv.Quote(s[i : i+1])
	}
	L.Push(lua.LNil)
	L.Push(lua.LString(fmt.Sprintf("position %d: %s expected, got %s", i+1, expected, got)))
	return 2
}

func hexdump(L *lua.LState) int {
	s := arg.String(L, 1)
	offset := arg.OptInt(L, 2, 0, 0, arg.MaxInt-pack.MaxSize)
	if s == "" {
		L.Push(lua.LString(""))
		return 1
	}
	const width = 16
	// A line is at most 14 digits, 68 columns of bytes and text, and a newline.
	var out []byte
	repeated := false
	for i := 0; i < len(s); i += width {
		line := s[i:min(i+width, len(s))]
		if i > 0 && len(line) == width && line == s[i-width:i] {
			if !repeated {
				out = append(out, "*\n"...)
			}
			repeated = true
			continue
		}
		repeated = false
		checkSize(L, len(out)+2*96)
		out = appendOffset(out, offset+int64(i))
		out = append(out, ' ')
		for k := range width {
			if k%8 == 0 {
				out = append(out, ' ')
			}
			if k < len(line) {
				out = append(out, hexDigits[line[k]>>4], hexDigits[line[k]&15], ' ')
			} else {
				out = append(out, "   "...)
			}
		}
		out = append(out, " |"...)
		for k := range len(line) {
			c := line[k]
			if c < 0x20 || c > 0x7e {
				c = '.'
			}
			out = append(out, c)
		}
		out = append(out, "|\n"...)
	}
	L.Push(lua.LString(appendOffset(out, offset+int64(len(s)))))
	return 1
}

// appendOffset writes n in hex, at least 8 digits.
func appendOffset(out []byte, n int64) []byte {
	for limit := int64(1) << 28; limit > 1 && n < limit; limit >>= 4 {
		out = append(out, '0')
	}
	return strconv.AppendInt(out, n, 16)
}

const (
	base64Digits    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	base64URLDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// variant reads argument i: the name of a variant of base64.
func variant(L *lua.LState, i int) (digits string, padded bool) {
	v := arg.OptEnum(L, i, "std", "std", "url", "raw", "rawurl")
	digits = base64Digits
	if v == "url" || v == "rawurl" {
		digits = base64URLDigits
	}
	return digits, v == "std" || v == "url"
}

func base64(L *lua.LState) int {
	s := arg.String(L, 1)
	digits, padded := variant(L, 2)
	size := (len(s) + 2) / 3 * 4
	checkSize(L, size)
	out := make([]byte, 0, size)
	for len(s) >= 3 {
		v := uint(s[0])<<16 | uint(s[1])<<8 | uint(s[2])
		out = append(out, digits[v>>18], digits[v>>12&63], digits[v>>6&63], digits[v&63])
		s = s[3:]
	}
	switch len(s) {
	case 1:
		v := uint(s[0]) << 4
		out = append(out, digits[v>>6], digits[v&63])
	case 2:
		v := uint(s[0])<<10 | uint(s[1])<<2
		out = append(out, digits[v>>12], digits[v>>6&63], digits[v&63])
	}
	for padded && len(out)%4 != 0 {
		out = append(out, '=')
	}
	L.Push(lua.LString(out))
	return 1
}

// unbase64 skips white space. Padding must be whole or, in a raw variant,
// absent; bits that no byte uses must be zero.
func unbase64(L *lua.LState) int {
	s := arg.String(L, 1)
	digits, padded := variant(L, 2)
	var value [256]uint8
	for i := range value {
		value[i] = 255
	}
	for i := range 64 {
		value[digits[i]] = uint8(i)
	}
	out := make([]byte, 0, len(s)/4*3+3)
	var v uint
	n, last := 0, 0 // digits of the group so far, offset of the latest
	i := 0
	for ; i < len(s); i++ {
		d := value[s[i]]
		if d == 255 {
			if space(s[i]) {
				continue
			}
			break
		}
		v, last = v<<6|uint(d), i
		if n++; n == 4 {
			out = append(out, byte(v>>16), byte(v>>8), byte(v))
			v, n = 0, 0
		}
	}
	pads := 0
	for ; i < len(s); i++ {
		if s[i] == '=' && padded && n >= 2 && n+pads < 4 {
			pads++
		} else if !space(s[i]) {
			return badText(L, s, i, expectedInBase64(n, padded, pads))
		}
	}
	if n == 1 || padded && n != 0 && n+pads < 4 {
		return badText(L, s, i, expectedInBase64(n, padded, pads))
	}
	if n != 0 && v<<(6*(4-n))&(1<<(8*(4-n))-1) != 0 {
		return badText(L, s, last, "digit without bits beyond the last byte")
	}
	switch n {
	case 2:
		out = append(out, byte(v>>4))
	case 3:
		out = append(out, byte(v>>10), byte(v>>2))
	}
	L.Push(lua.LString(out))
	return 1
}

func expectedInBase64(n int, padded bool, pads int) string {
	switch {
	case pads > 0 && n+pads < 4:
		return `"="`
	case pads > 0:
		return "end"
	case padded && n >= 2:
		return `base64 digit or "="`
	}
	return "base64 digit"
}
