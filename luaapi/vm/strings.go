package vm

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// maxString is the longest string a library function makes: 1 GB.
const maxString = 1 << 30

// checkEvery is how many steps a loop in Go takes between two looks at the
// cancel flag.
const checkEvery = 1024

func unpack(L *lua.LState) int {
	t := arg.Table(L, 1)
	i := arg.OptInt(L, 2, 1, -arg.MaxInt, arg.MaxInt)
	j := arg.OptInt(L, 3, int64(t.Len()), -arg.MaxInt, arg.MaxInt)
	if i > j {
		return 0
	}
	n := j - i + 1
	if n > 1<<20-10_000 {
		L.RaiseError("too many results to unpack (%d)", n)
	}
	top := L.GetTop()
	L.SetTop(top + int(n)) // grows the stack once; pushing would grow it bit by bit
	for k := range int(n) {
		L.Replace(top+1+k, item(t, int(i)+k))
	}
	return int(n)
}

// item answers t[i]. RawGetInt alone does not find what stands outside of the
// table's array part.
func item(t *lua.LTable, i int) lua.LValue {
	if i < 1 || i >= lua.MaxArrayIndex {
		return t.RawGet(lua.LNumber(i))
	}
	return t.RawGetInt(i)
}

// tablePack is Lua 5.2's: the values and their count in n.
func tablePack(L *lua.LState) int {
	n := L.GetTop()
	t := L.CreateTable(n, 1)
	for i := 1; i <= n; i++ {
		t.RawSetInt(i, L.Get(i))
	}
	t.RawSetString("n", lua.LNumber(n))
	L.Push(t)
	return 1
}

func tableConcat(L *lua.LState) int {
	t := arg.Table(L, 1)
	sep := arg.OptString(L, 2, "")
	i := optInteger(L, 3, 1)
	j := optInteger(L, 4, t.Len())
	size := 0
	for k := i; k <= j; k++ {
		switch v := item(t, k).(type) {
		case lua.LString:
			size += len(v)
		case lua.LNumber:
			size += 5 // or so
		default:
			L.RaiseError("invalid value (%s) at index %d in table for 'concat'", v.Type(), k)
		}
		if k < j {
			size += len(sep)
		}
		if size > maxString {
			tooLong(L)
		}
		if (k-i)%checkEvery == checkEvery-1 {
			Check(L)
		}
	}
	var b strings.Builder
	b.Grow(size)
	for k := i; k <= j; k++ {
		switch v := item(t, k).(type) {
		case lua.LString:
			b.WriteString(string(v))
		default:
			b.WriteString(v.String())
		}
		if k < j {
			b.WriteString(sep)
		}
		if (k-i)%checkEvery == checkEvery-1 {
			Check(L)
		}
	}
	L.Push(lua.LString(b.String()))
	return 1
}

func stringRep(L *lua.LState) int {
	s := arg.String(L, 1)
	n := integer(L, 2)
	sep := arg.OptString(L, 3, "")
	if n <= 0 {
		L.Push(lua.LString(""))
		return 1
	}
	if size := len(s) + len(sep); size > 0 && n > maxString/size {
		tooLong(L)
	}
	if sep != "" {
		s = strings.Repeat(s+sep, n-1) + s
	} else {
		s = strings.Repeat(s, n)
	}
	L.Push(lua.LString(s))
	return 1
}

// stringByte counts from the end what is negative, as stringSub does.
func stringByte(L *lua.LState) int {
	s := arg.String(L, 1)
	i := fromEnd(optInteger(L, 2, 1), len(s))
	j := min(fromEnd(optInteger(L, 3, i), len(s)), len(s))
	i = max(i, 1)
	if i > j {
		return 0
	}
	if j-i >= 1<<20-10_000 {
		L.RaiseError("string slice too long (%d)", j-i+1)
	}
	n := j - i + 1
	if n == 1 {
		L.Push(lua.LNumber(s[i-1]))
		return 1
	}
	top := L.GetTop()
	L.SetTop(top + n)
	for k := range n {
		L.Replace(top+1+k, lua.LNumber(s[i-1+k]))
	}
	return n
}

func stringSub(L *lua.LState) int {
	s := arg.String(L, 1)
	i := max(fromEnd(integer(L, 2), len(s)), 1)
	j := min(fromEnd(optInteger(L, 3, -1), len(s)), len(s))
	if i > j {
		s = ""
	} else {
		s = s[i-1 : j]
	}
	L.Push(lua.LString(s))
	return 1
}

// fromEnd answers a position in a string of n bytes, 0 for one before its start.
func fromEnd(i, n int) int {
	if i < 0 {
		i += n + 1
	}
	return max(i, 0)
}

func stringChar(L *lua.LState) int {
	b := make([]byte, L.GetTop())
	for i := range b {
		n := integer(L, i+1)
		if n < 0 || n > 255 {
			arg.Fail(L, i+1, "integer 0..255", "")
		}
		b[i] = byte(n)
	}
	L.Push(lua.LString(b))
	return 1
}

// stringLower knows ASCII letters only, as Lua does: other bytes may be
// anything.
func stringLower(L *lua.LState) int { return mapLetters(L, 'A', 'Z') }

func stringUpper(L *lua.LState) int { return mapLetters(L, 'a', 'z') }

func mapLetters(L *lua.LState, from, to byte) int {
	s := arg.String(L, 1)
	i := 0
	for i < len(s) && (s[i] < from || s[i] > to) {
		i++
	}
	if i < len(s) {
		b := []byte(s)
		for ; i < len(b); i++ {
			if b[i] >= from && b[i] <= to {
				b[i] ^= 0x20
			}
		}
		s = string(b)
	}
	L.Push(lua.LString(s))
	return 1
}

func tooLong(L *lua.LState) {
	L.RaiseError("resulting string too large (limit %s)", fmt.Sprintf("%d MB", maxString>>20))
}
