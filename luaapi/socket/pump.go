package socket

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/stream"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// pump is socket.pump(a, b): bytes go both ways until both ends have closed.
func (st *state) pump(L *lua.LState) int {
	var s [2]*Socket
	for i := range s {
		s[i] = arg.Value[*Socket](L, i+1, "connection")
		if s[i].Stream() == nil && !s[i].Gone() {
			arg.Fail(L, i+1, "open connection", "")
		}
	}
	if s[0] == s[1] {
		arg.Fail(L, 2, "another connection", "")
	}
	forth, back, err := stream.Pump(L, &s[0].Conn, &s[1].Conn)
	if err != nil && !vm.Of(L).Current().Cancelled() {
		stream.Fail(L, err)
		L.Push(lua.LNumber(forth))
		L.Push(lua.LNumber(back))
		return 4
	}
	L.Push(lua.LNumber(forth))
	L.Push(lua.LNumber(back))
	return 2
}
