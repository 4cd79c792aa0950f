package bit

import (
	"math"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func TestLua(t *testing.T) {
	t.Parallel()
	L := lua.NewState()
	t.Cleanup(L.Close)
	L.SetGlobal("bit", L.SetFuncs(L.NewTable(), functions()))
	if err := L.DoFile("bit_test.lua"); err != nil {
		t.Fatal(err)
	}
	L.G.Global.ForEach(func(k, v lua.LValue) {
		fn, ok := v.(*lua.LFunction)
		if name := k.String(); ok && strings.HasPrefix(name, "test_") {
			t.Run(name, func(t *testing.T) {
				if err := L.CallByParam(lua.P{Fn: fn, Protect: true}); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// TestOperand compares operand with the definition of BitOp: the low 32 bits
// after 2^52+2^51 is added, for what that defines.
func TestOperand(t *testing.T) {
	t.Parallel()
	L := lua.NewState()
	defer L.Close()
	for _, f := range []float64{0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e9, 1<<31 - 0.5, 1 << 31, -1 << 31, 1<<32 - 0.5, 1<<51 - 1, -1 << 51, 123456789012.75} {
		L.SetTop(0)
		L.Push(lua.LNumber(f))
		want := uint32(math.Float64bits(f + (1<<52 + 1<<51)))
		if got := operand(L, 1); got != want {
			t.Errorf("operand(%v) = %#x, want %#x", f, got, want)
		}
	}
}
