// Package addr reads and shows network addresses as scripts write them.
package addr

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// Addr is a host and port, or the path of a unix socket.
type Addr struct {
	Host string // "" is every address
	Port int
	Path string // of a unix socket; "@name" is abstract
}

// Unix tells whether it is the path of a unix socket.
func (a Addr) Unix() bool { return a.Path != "" }

// String is the address as Go's net takes it: "host:port" or a path.
func (a Addr) String() string {
	if a.Unix() {
		return a.Path
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// Read takes an address from the arguments i and i+1: a host and a port, or
// one string "host:port", "[::1]:80" or "unix:/path" with nil for the port. It
// raises if they are not an address.
func Read(L *lua.LState, i int) Addr {
	host := arg.String(L, i)
	if path, ok := strings.CutPrefix(host, "unix:"); ok {
		if path == "" {
			arg.Fail(L, i, "path after unix:", "")
		}
		return Addr{Path: path}
	}
	if arg.Given(L, i+1) {
		return Addr{Host: bare(host), Port: arg.Port(L, i+1)}
	}
	if h, p, err := net.SplitHostPort(host); err == nil {
		if port, err := strconv.Atoi(p); err == nil && port >= 0 && port <= 65535 {
			return Addr{Host: bare(h), Port: port}
		}
		arg.Fail(L, i, "port 0..65535 after the host", "")
	}
	arg.Port(L, i+1)
	return Addr{}
}

// bare takes the brackets from an IPv6 address, and "*" as every address.
func bare(host string) string {
	if host == "*" {
		return ""
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return host[1 : len(host)-1]
	}
	return host
}

// Push pushes an address as Lua gets it, host and port or a path, and answers
// how many values that are.
func Push(L *lua.LState, a net.Addr) int {
	switch a := a.(type) {
	case *net.TCPAddr:
		return pushHostPort(L, a.IP, a.Zone, a.Port)
	case *net.UDPAddr:
		return pushHostPort(L, a.IP, a.Zone, a.Port)
	case *net.UnixAddr:
		if a != nil {
			L.Push(lua.LString(Path(a.Name)))
			return 1
		}
	}
	L.Push(lua.LString(""))
	return 1
}

func pushHostPort(L *lua.LState, ip net.IP, zone string, port int) int {
	L.Push(lua.LString(Host(ip, zone)))
	L.Push(lua.LNumber(port))
	return 2
}

// Host shows an IP address; an IPv4 address in IPv6 clothes is shown bare.
func Host(ip net.IP, zone string) string {
	a, ok := netip.AddrFromSlice(ip)
	if !ok {
		return "::"
	}
	return a.Unmap().WithZone(zone).String()
}

// Path is the path of a unix socket; "" for one without, which Go and the
// system write as an abstract one without a name.
func Path(name string) string {
	if name == "@" {
		return ""
	}
	return name
}

// Show is an address in listings: 127.0.0.1:80, [::1]:80, a path.
func Show(a net.Addr) string {
	switch a := a.(type) {
	case *net.TCPAddr:
		return net.JoinHostPort(Host(a.IP, a.Zone), strconv.Itoa(a.Port))
	case *net.UDPAddr:
		return net.JoinHostPort(Host(a.IP, a.Zone), strconv.Itoa(a.Port))
	case *net.UnixAddr:
		if a == nil || Path(a.Name) == "" {
			return "(unnamed)"
		}
		return a.Name
	case nil:
		return "(none)"
	}
	return fmt.Sprint(a)
}
