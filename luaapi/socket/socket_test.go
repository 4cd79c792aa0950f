package socket_test

import (
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/bytes"
	"github.com/netrepl/netrepl/luaapi/fiber"
	"github.com/netrepl/netrepl/luaapi/luatest"
	"github.com/netrepl/netrepl/luaapi/socket"
	"github.com/netrepl/netrepl/luaapi/vm"
)

func modules() []vm.Module {
	return []vm.Module{socket.Module(), fiber.Module(), bytes.Module(), test()}
}

// test is a module that tells the tests what only Go knows.
func test() vm.Module {
	return vm.Module{Name: "test", Open: func(rt *vm.Runtime, L *lua.LState) lua.LValue {
		t := L.NewTable()
		t.RawSetString("slow", lua.LNumber(slow))
		return t
	}}
}

func TestLua(t *testing.T) { luatest.Run(t, modules()) }
