// Package bytes is the Lua module bytes: binary records, text forms of binary
// data, check sums. It also gives string.pack, string.unpack and string.packsize.
package bytes

import (
	"crypto/subtle"
	_ "embed"
	"hash/crc32"
	"math"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/pack"
	"github.com/netrepl/netrepl/luaapi/vm"
)

//go:embed bytes.d.lua
var stub string

// Module answers the module for the list of modules.
func Module() vm.Module {
	lib := new(library)
	return vm.Module{
		Name: "bytes",
		Stub: stub,
		Open: func(rt *vm.Runtime, L *lua.LState) lua.LValue { return rt.Funcs("bytes", lib.functions()) },
		Globals: map[string]lua.LGFunction{
			"string.pack":     lib.pack,
			"string.unpack":   lib.unpack,
			"string.packsize": lib.packsize,
		},
	}
}

// library is what the functions share, in all runtimes.
type library struct {
	formats pack.Cache
}

func (lib *library) functions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"pack":     lib.pack,
		"unpack":   lib.unpack,
		"packsize": lib.packsize,
		"hex":      hex,
		"unhex":    unhex,
		"hexdump":  hexdump,
		"base64":   base64,
		"unbase64": unbase64,
		"crc32":    crc32Update,
		"xor":      xor,
		"sha256":   sha256Sum,
		"hash":     newHash,
	}
}

func (lib *library) pack(L *lua.LState) int {
	var room [128]byte
	L.Push(lua.LString(lib.formats.Arg(L, 1).Append(L, 2, room[:0])))
	return 1
}

func (lib *library) unpack(L *lua.LState) int {
	f := lib.formats.Arg(L, 1)
	s := arg.String(L, 2)
	pos := arg.OptInt(L, 3, 1, math.MinInt32, arg.MaxInt)
	if pos < 0 {
		pos += int64(len(s)) + 1
	}
	if pos < 1 || pos > int64(len(s))+1 {
		arg.Fail(L, 3, "position within the string", "")
	}
	top := L.GetTop()
	next, err := f.Unpack(L, s, int(pos)-1)
	if err != nil {
		L.SetTop(top)
		pack.Fail(L, 2, err)
	}
	L.Push(lua.LNumber(next + 1))
	return L.GetTop() - top
}

func (lib *library) packsize(L *lua.LState) int {
	n, err := lib.formats.Arg(L, 1).Size()
	if err != nil {
		pack.Fail(L, 1, err)
	}
	L.Push(lua.LNumber(n))
	return 1
}

// checkSize raises if a result of n bytes would be too large.
func checkSize(L *lua.LState, n int) {
	if n > pack.MaxSize {
		arg.Raise(L, "the result would have %d bytes, more than %d", n, pack.MaxSize)
	}
}

func crc32Update(L *lua.LState) int {
	s := arg.String(L, 1)
	crc := uint32(arg.OptInt(L, 2, 0, 0, math.MaxUint32))
	var block [4096]byte
	for len(s) > 0 {
		n := copy(block[:], s)
		crc = crc32.Update(crc, crc32.IEEETable, block[:n])
		s = s[n:]
	}
	L.Push(lua.LNumber(crc))
	return 1
}

func xor(L *lua.LState) int {
	a, key := arg.String(L, 1), arg.String(L, 2)
	if key == "" {
		arg.Fail(L, 2, "key of at least one byte", "")
	}
	out := []byte(a)
	// A long block of repeated keys lets most bytes go through XORBytes.
	block := []byte(key)
	for len(block) < 1024 && len(block) < len(out) {
		block = append(block, key...)
	}
	for rest := out; len(rest) > 0; {
		n := subtle.XORBytes(rest, rest, block)
		rest = rest[n:]
	}
	L.Push(lua.LString(out))
	return 1
}
