package pack

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// Append packs the arguments from first on and appends them to dst. Alignment
// counts from the start of dst. A wrong argument raises a Lua error.
func (f *Format) Append(L *lua.LState, first int, dst []byte) []byte {
	i := first
	for k := range f.ops {
		o := &f.ops[k]
		if pad := o.padding(len(dst)); pad > 0 {
			dst = grow(L, dst, pad)
			dst = appendZeros(dst, pad)
		}
		switch o.kind {
		case kindInt, kindUint:
			dst = appendInt(dst, f.integerArg(L, i, o), o)
		case kindFloat:
			bits := math.Float32bits(float32(arg.Number(L, i)))
			if o.big {
				dst = binary.BigEndian.AppendUint32(dst, bits)
			} else {
				dst = binary.LittleEndian.AppendUint32(dst, bits)
			}
		case kindDouble:
			bits := math.Float64bits(arg.Number(L, i))
			if o.big {
				dst = binary.BigEndian.AppendUint64(dst, bits)
			} else {
				dst = binary.LittleEndian.AppendUint64(dst, bits)
			}
		case kindChars:
			s := arg.String(L, i)
			if len(s) > o.size {
				arg.Fail(L, i, fmt.Sprintf("at most %d bytes for %s", o.size, f.option(o)), strconv.Itoa(len(s)))
			}
			dst = grow(L, dst, o.size)
			dst = append(dst, s...)
			dst = appendZeros(dst, o.size-len(s))
		case kindString:
			s := arg.String(L, i)
			if o.size < 4 && len(s) >= 1<<(8*o.size) {
				arg.Fail(L, i, fmt.Sprintf("at most %d bytes for %s", 1<<(8*o.size)-1, f.option(o)), strconv.Itoa(len(s)))
			}
			dst = grow(L, dst, o.size+len(s))
			dst = appendInt(dst, int64(len(s)), o)
			dst = append(dst, s...)
		case kindZero:
			s := arg.String(L, i)
			if at := strings.IndexByte(s, 0); at >= 0 {
				arg.Fail(L, i, "string without zero bytes for "+f.option(o), "one at position "+strconv.Itoa(at+1))
			}
			dst = grow(L, dst, len(s)+1)
			dst = append(dst, s...)
			dst = append(dst, 0)
		case kindPadding:
			dst = append(dst, 0)
		}
		if o.kind < kindPadding {
			i++
		}
	}
	return dst
}

// grow makes room for n more bytes, or raises that the record is too large.
func grow(L *lua.LState, dst []byte, n int) []byte {
	if n > MaxSize-len(dst) {
		arg.Raise(L, "the result would have %d bytes, more than %d", len(dst)+n, MaxSize)
	}
	if n > 64 {
		return slices.Grow(dst, n)
	}
	return dst
}

func appendZeros(dst []byte, n int) []byte {
	if n <= 0 {
		return dst
	}
	dst = slices.Grow(dst, n)
	end := len(dst) + n
	clear(dst[len(dst):end])
	return dst[:end]
}

// integerArg reads argument i as an integer that fits o. An unsigned one of 8
// bytes or more takes a negative number as its two's complement, as Lua does.
func (f *Format) integerArg(L *lua.LState, i int, o *op) int64 {
	n := arg.Number(L, i)
	if n != math.Trunc(n) || math.IsInf(n, 0) {
		arg.Fail(L, i, "integer for "+f.option(o), "")
	}
	if n < -arg.MaxInt || n > arg.MaxInt {
		arg.Fail(L, i, "integer within 2^53 for "+f.option(o), arg.Describe(L, i)+o.wayOut("pack"))
	}
	v := int64(n)
	lo, hi := o.limits()
	if v < lo || v > hi {
		arg.Fail(L, i, fmt.Sprintf("integer %d..%d for %s", lo, hi, f.option(o)), "")
	}
	return v
}

// limits are the least and the largest integer that o packs.
func (o *op) limits() (lo, hi int64) {
	if o.size >= 8 {
		return math.MinInt64, math.MaxInt64
	}
	if o.kind == kindUint {
		return 0, 1<<(8*o.size) - 1
	}
	return -1 << (8*o.size - 1), 1<<(8*o.size-1) - 1
}

// appendInt writes v in o.size bytes, sign-extended.
func appendInt(dst []byte, v int64, o *op) []byte {
	if o.big {
		for k := o.size - 1; k >= 0; k-- {
			dst = append(dst, byte(v>>min(8*k, 63)))
		}
		return dst
	}
	for k := range o.size {
		dst = append(dst, byte(v>>min(8*k, 63)))
	}
	return dst
}

// Unpack reads a record from s at offset pos (from 0), pushes its values and
// answers the offset after it. Alignment counts from the start of s. The error
// is an *Error; what was read until then is pushed.
func (f *Format) Unpack(L *lua.LState, s string, pos int) (next int, err error) {
	for k := range f.ops {
		o := &f.ops[k]
		pad := o.padding(pos)
		if pad+o.fixed() > len(s)-pos {
			return pos, f.short(o, pos+pad, o.fixed(), len(s))
		}
		pos += pad
		switch o.kind {
		case kindInt, kindUint:
			v, ok := integerAt(s[pos:pos+o.size], o)
			if !ok {
				return pos, f.tooLarge(o, s, pos)
			}
			L.Push(lua.LNumber(v))
			pos += o.size
		case kindFloat:
			u, _ := word(s[pos:pos+4], o.big)
			L.Push(lua.LNumber(math.Float32frombits(uint32(u))))
			pos += 4
		case kindDouble:
			u, _ := word(s[pos:pos+8], o.big)
			L.Push(lua.LNumber(math.Float64frombits(u)))
			pos += 8
		case kindChars:
			L.Push(lua.LString(s[pos : pos+o.size]))
			pos += o.size
		case kindString:
			n, ok := word(s[pos:pos+o.size], o.big)
			start := pos + o.size
			if !ok || n > uint64(len(s)-start) {
				return pos, f.shortString(o, start, n, ok, len(s))
			}
			pos = start + int(n)
			L.Push(lua.LString(s[start:pos]))
		case kindZero:
			n := strings.IndexByte(s[pos:], 0)
			if n < 0 {
				return pos, errorf("none", "zero byte after position %d (option %s)", pos+1, f.option(o))
			}
			L.Push(lua.LString(s[pos : pos+n]))
			pos += n + 1
		case kindPadding:
			pos++
		}
	}
	return pos, nil
}

func (f *Format) short(o *op, pos, n, have int) *Error {
	return errorf(strconv.Itoa(max(have-pos, 0)), "%d bytes at position %d (option %s)", n, pos+1, f.option(o))
}

func (f *Format) shortString(o *op, pos int, n uint64, ok bool, have int) *Error {
	if !ok {
		return errorf("a larger one", "string length within 2^64 at position %d (option %s)", pos-o.size+1, f.option(o))
	}
	return errorf(strconv.Itoa(have-pos), "%d bytes at position %d (option %s)", n, pos+1, f.option(o))
}

func (f *Format) tooLarge(o *op, s string, pos int) *Error {
	b := []byte(s[pos : pos+o.size])
	if !o.big {
		slices.Reverse(b)
	}
	v := new(big.Int).SetBytes(b)
	if o.kind == kindInt && b[0] >= 0x80 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*o.size)))
	}
	return errorf(v.String()+o.wayOut("unpack"), "integer within 2^53 at position %d (option %s)", pos+1, f.option(o))
}

// integerAt reads the integer b; false if a Lua number may not hold it.
func integerAt(b string, o *op) (int64, bool) {
	var v int64
	switch {
	case o.size == 1:
		v = int64(b[0])
	case o.kind == kindInt && o.size > 8:
		// The bytes beyond 8 must all repeat the sign.
		low, rest := b[:8], b[8:]
		if o.big {
			low, rest = b[o.size-8:], b[:o.size-8]
		}
		u, _ := word(low, o.big)
		v = int64(u)
		for k := range len(rest) {
			if rest[k] != byte(v>>63) {
				return 0, false
			}
		}
	default:
		u, ok := word(b, o.big)
		if !ok || o.kind == kindUint && u > arg.MaxInt {
			return 0, false
		}
		v = int64(u)
	}
	if o.kind == kindInt && o.size < 8 {
		shift := 64 - 8*o.size
		v = v << shift >> shift
	}
	return v, -arg.MaxInt <= v && v <= arg.MaxInt
}

// word reads an unsigned integer of 1 to 16 bytes; false if it is beyond 64 bits.
func word[B string | []byte](b B, bigEndian bool) (v uint64, ok bool) {
	ok = true
	if bigEndian {
		for k := range len(b) {
			ok = ok && v>>56 == 0
			v = v<<8 | uint64(b[k])
		}
		return v, ok
	}
	for k := len(b) - 1; k >= 0; k-- {
		ok = ok && v>>56 == 0
		v = v<<8 | uint64(b[k])
	}
	return v, ok
}
