// Package bit is the Lua module bit: operations on 32-bit integers, as LuaJIT
// and Lua BitOp have them.
package bit

import (
	_ "embed"
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/vm"
)

//go:embed bit.d.lua
var stub string

// Module answers the module for the list of modules.
func Module() vm.Module {
	return vm.Module{
		Name: "bit",
		Stub: stub,
		Open: func(rt *vm.Runtime, L *lua.LState) lua.LValue { return rt.Funcs("bit", functions()) },
	}
}

func functions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"tobit":   unary(func(a uint32) uint32 { return a }),
		"bnot":    unary(func(a uint32) uint32 { return ^a }),
		"bswap":   unary(bits.ReverseBytes32),
		"band":    fold(func(a, b uint32) uint32 { return a & b }),
		"bor":     fold(func(a, b uint32) uint32 { return a | b }),
		"bxor":    fold(func(a, b uint32) uint32 { return a ^ b }),
		"lshift":  shift(func(a uint32, n int) uint32 { return a << n }),
		"rshift":  shift(func(a uint32, n int) uint32 { return a >> n }),
		"arshift": shift(func(a uint32, n int) uint32 { return uint32(int32(a) >> n) }),
		"rol":     shift(func(a uint32, n int) uint32 { return bits.RotateLeft32(a, n) }),
		"ror":     shift(func(a uint32, n int) uint32 { return bits.RotateLeft32(a, -n) }),
		"tohex":   tohex,
	}
}

// operand reads argument i as 32 bits: a number is rounded to the nearest
// integer, half to even, and taken modulo 2^32.
func operand(L *lua.LState, i int) uint32 {
	var f float64
	if n, ok := L.Get(i).(lua.LNumber); ok {
		f = float64(n)
	} else {
		f = arg.Number(L, i)
	}
	if -1<<52 <= f && f <= 1<<52 {
		return uint32(int64(math.RoundToEven(f)))
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		arg.Fail(L, i, "finite number", "")
	}
	return uint32(int64(math.Mod(f, 1<<32)))
}

// push gives the 32 bits back as a signed number.
func push(L *lua.LState, v uint32) int {
	L.Push(lua.LNumber(int32(v)))
	return 1
}

func unary(op func(a uint32) uint32) lua.LGFunction {
	return func(L *lua.LState) int { return push(L, op(operand(L, 1))) }
}

func fold(op func(a, b uint32) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		v := operand(L, 1)
		for i := 2; i <= L.GetTop(); i++ {
			v = op(v, operand(L, i))
		}
		return push(L, v)
	}
}

// shift makes a function of a value and a count, of which 5 bits count.
func shift(op func(a uint32, n int) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		return push(L, op(operand(L, 1), int(operand(L, 2)&31)))
	}
}

func tohex(L *lua.LState) int {
	v := operand(L, 1)
	n := int32(8)
	if arg.Given(L, 2) {
		n = int32(operand(L, 2))
	}
	digits := "0123456789abcdef"
	if n < 0 {
		n, digits = -n, "0123456789ABCDEF"
	}
	if n < 0 || n > 8 { // -2^31 has no positive
		n = 8
	}
	out := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		out[i] = digits[v&15]
		v >>= 4
	}
	L.Push(lua.LString(out))
	return 1
}
