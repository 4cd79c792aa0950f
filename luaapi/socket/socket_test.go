package socket_test

import (
	"testing"

	"github.com/netrepl/netrepl/luaapi/bytes"
	"github.com/netrepl/netrepl/luaapi/fiber"
	"github.com/netrepl/netrepl/luaapi/luatest"
	"github.com/netrepl/netrepl/luaapi/socket"
	"github.com/netrepl/netrepl/luaapi/vm"
)

func modules() []vm.Module {
	return []vm.Module{socket.Module(), fiber.Module(), bytes.Module()}
}

func TestLua(t *testing.T) { luatest.Run(t, modules()) }
