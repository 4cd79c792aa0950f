package socket

import (
	"net"
	"net/netip"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/internal/addr"
)

// hostCache keeps the text of addresses seen lately: a server that names its
// peer for every datagram would otherwise write it out each time.
type hostCache map[netip.Addr]lua.LValue

// hostCacheSize bounds it; it is emptied when it is full.
const hostCacheSize = 256

// pushIP pushes host and port.
func (st *state) pushIP(L *lua.LState, a netip.AddrPort) int {
	ip := a.Addr()
	host, ok := st.hosts[ip]
	if !ok {
		if st.hosts == nil || len(st.hosts) >= hostCacheSize {
			st.hosts = hostCache{}
		}
		host = lua.LString(ip.Unmap().String())
		st.hosts[ip] = host
	}
	L.Push(host)
	L.Push(lua.LNumber(a.Port()))
	return 2
}

// pushAddr pushes an address as Lua gets it.
func (st *state) pushAddr(L *lua.LState, a net.Addr) int {
	switch a := a.(type) {
	case *net.TCPAddr:
		return st.pushIP(L, a.AddrPort())
	case *net.UDPAddr:
		return st.pushIP(L, a.AddrPort())
	}
	return addr.Push(L, a)
}
