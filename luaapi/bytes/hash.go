package bytes

import (
	"crypto/sha256"
	"hash"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// hasher is the Lua value that bytes.hash makes. Guarded by the baton.
type hasher struct {
	name string
	h    hash.Hash
}

// String is how it shows itself.
func (h *hasher) String() string { return "hash " + h.name }

// addString hashes s piece by piece: a []byte of all of it would be a copy.
func addString(h hash.Hash, s string) {
	var block [4096]byte
	for len(s) > 0 {
		n := copy(block[:], s)
		h.Write(block[:n])
		s = s[n:]
	}
}

func hexSum(h hash.Hash) lua.LString {
	var out []byte
	for _, c := range h.Sum(nil) {
		out = append(out, hexDigits[c>>4], hexDigits[c&15])
	}
	return lua.LString(out)
}

// sha256Sum is bytes.sha256(s).
func sha256Sum(L *lua.LState) int {
	h := sha256.New()
	addString(h, arg.String(L, 1))
	L.Push(hexSum(h))
	return 1
}

// newHash is bytes.hash(name).
func newHash(L *lua.LState) int {
	name := arg.Enum(L, 1, "sha256")
	mt := vm.Of(L).Class("hash", map[string]lua.LGFunction{
		"update": hashUpdate,
		"hex":    hashHex,
	}, map[string]lua.LGFunction{
		"__tostring": func(L *lua.LState) int {
			L.Push(lua.LString(arg.Self[*hasher](L, "hash").String()))
			return 1
		},
	})
	L.Push(vm.Userdata(&hasher{name, sha256.New()}, mt))
	return 1
}

func hashUpdate(L *lua.LState) int {
	h := arg.Self[*hasher](L, "hash")
	addString(h.h, arg.String(L, 2))
	L.SetTop(1)
	return 1
}

func hashHex(L *lua.LState) int {
	L.Push(hexSum(arg.Self[*hasher](L, "hash").h))
	return 1
}
