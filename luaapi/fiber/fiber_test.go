package fiber_test

import (
	"testing"

	"github.com/netrepl/netrepl/luaapi/fiber"
	"github.com/netrepl/netrepl/luaapi/luatest"
	"github.com/netrepl/netrepl/luaapi/vm"
)

func TestLua(t *testing.T) {
	t.Parallel()
	luatest.Run(t, []vm.Module{fiber.Module()})
}

func BenchmarkLua(b *testing.B) {
	luatest.Bench(b, []vm.Module{fiber.Module()})
}
