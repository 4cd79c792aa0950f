package vm_test

import (
	"testing"

	"github.com/netrepl/netrepl/luaapi/fiber"
	"github.com/netrepl/netrepl/luaapi/luatest"
	"github.com/netrepl/netrepl/luaapi/vm"
)

var modules = []vm.Module{fiber.Module()}

func TestAnywhere(t *testing.T) {
	t.Parallel()
	luatest.Run(t, modules, "testdata/anywhere_test.lua")
}
