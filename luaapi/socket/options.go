package socket

import (
	"net"
	"sort"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/stream"
)

// option is an option and the value it is to have.
type option struct {
	name string
	kind optionKind
	on   bool
	n    int // a number; the seconds of linger
	ip   net.IP
	ifi  string // of a membership: an address or a name, "" for any
}

type optionKind int

const (
	flagOption optionKind = iota
	numberOption
	lingerOption
	memberOption
	interfaceOption
)

// optionKinds are the options there are, by LuaSocket's names.
var optionKinds = map[string]optionKind{
	"reuseaddr": flagOption, "reuseport": flagOption, "keepalive": flagOption,
	"tcp-nodelay": flagOption, "broadcast": flagOption, "ipv6-v6only": flagOption,
	"ip-multicast-loop": flagOption,
	"rcvbuf":            numberOption, "sndbuf": numberOption, "ip-multicast-ttl": numberOption,
	"linger":            lingerOption,
	"ip-add-membership": memberOption, "ip-drop-membership": memberOption,
	"ip-multicast-if": interfaceOption,
}

func optionNames() []string {
	var names []string
	for n := range optionKinds {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// readOption reads the arguments of setoption.
func readOption(L *lua.LState) option {
	name := arg.Enum(L, 2, optionNames()...)
	o := option{name: name, kind: optionKinds[name]}
	switch o.kind {
	case flagOption:
		o.on = true
		if L.GetTop() >= 3 {
			o.on = arg.Bool(L, 3)
		}
	case numberOption:
		o.n = int(arg.Int(L, 3, 0, 1<<31-1))
	case lingerOption:
		switch v := L.Get(3).(type) {
		case *lua.LTable:
			opts := arg.Opts(L, 3)
			o.on = opts.Bool("on", true)
			o.n = int(opts.Int("timeout", 0, 0, 65535))
			opts.Done()
		case lua.LBool:
			o.on = bool(v)
		default:
			o.on, o.n = true, int(arg.Int(L, 3, 0, 65535))
		}
	case memberOption:
		opts := arg.Opts(L, 3)
		group := opts.String("multiaddr", "")
		o.ifi = opts.String("interface", "")
		opts.Done()
		if o.ip = net.ParseIP(group); o.ip == nil || !o.ip.IsMulticast() {
			arg.Fail(L, 3, "table {multiaddr = multicast address, interface = address or name}", "")
		}
		if o.ifi == "*" {
			o.ifi = ""
		}
	case interfaceOption:
		o.ifi = arg.String(L, 3)
	}
	return o
}

// fdHolder is what has a descriptor.
type fdHolder interface {
	SyscallConn() (syscall.RawConn, error)
}

// holder answers what has the open socket's descriptor, nil if there is none.
func (s *Socket) holder() fdHolder {
	var v any
	switch {
	case s.Conn.Net() != nil:
		v = s.Conn.Net()
	case s.ln != nil:
		v = s.ln
	case s.pc != nil:
		v = s.pc.c
	}
	h, _ := v.(fdHolder)
	return h
}

func setOption(L *lua.LState) int {
	s, err := ready(L)
	o := readOption(L)
	if err != nil {
		return stream.Fail(L, err)
	}
	h := s.holder()
	if h == nil {
		switch o.name {
		case "reuseport":
			s.bindOpts.ReusePort = o.on
		case "ipv6-v6only":
			if s.bound != nil {
				return stream.Fail(L, syscall.EINVAL) // too late
			}
			s.bindOpts.V6Only = o.on
		}
		s.pending = append(s.pending, o)
		L.Push(lua.LTrue)
		return 1
	}
	return result(L, onFd(h, func(fd uintptr) error { return o.set(fd) }))
}

// onFd calls fn with a descriptor.
func onFd(h fdHolder, fn func(fd uintptr) error) error {
	raw, err := h.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = fn(fd) }); err != nil {
		return err
	}
	return inner
}

// applyPending sets what was asked for before the stream socket was open, and
// was not set by binding it.
func (s *Socket) applyPending(v any) error {
	h, ok := v.(fdHolder)
	if !ok || len(s.pending) == 0 {
		return nil
	}
	var pending []option
	for _, o := range s.pending {
		if o.name != "reuseport" && o.name != "ipv6-v6only" {
			pending = append(pending, o)
		}
	}
	s.pending = nil
	return onFd(h, func(fd uintptr) error { return setAll(fd, pending) })
}

func setAll(fd uintptr, options []option) error {
	for _, o := range options {
		if err := o.set(fd); err != nil {
			return err
		}
	}
	return nil
}

// beforeBind answers what Go's net calls before it binds or connects: options
// such as reuseport have no effect later.
func (s *Socket) beforeBind() func(network, address string, c syscall.RawConn) error {
	pending := s.pending
	if len(pending) == 0 {
		return nil
	}
	return func(_, _ string, c syscall.RawConn) error {
		var inner error
		if err := c.Control(func(fd uintptr) { inner = setAll(fd, pending) }); err != nil {
			return err
		}
		return inner
	}
}

func getOption(L *lua.LState) int {
	s, err := ready(L)
	name := arg.Enum(L, 2, optionNames()...)
	if err != nil {
		return stream.Fail(L, err)
	}
	h := s.holder()
	if h == nil {
		for i := len(s.pending) - 1; i >= 0; i-- {
			if s.pending[i].name == name {
				return s.pending[i].push(L)
			}
		}
		return stream.Fail(L, errNotConnected)
	}
	o := option{name: name, kind: optionKinds[name]}
	if err := onFd(h, func(fd uintptr) error { return o.get(fd) }); err != nil {
		return stream.Fail(L, err)
	}
	return o.push(L)
}

func (o *option) push(L *lua.LState) int {
	switch o.kind {
	case flagOption:
		L.Push(lua.LBool(o.on))
	case numberOption:
		L.Push(lua.LNumber(o.n))
	case lingerOption:
		t := L.CreateTable(0, 2)
		t.RawSetString("on", lua.LBool(o.on))
		t.RawSetString("timeout", lua.LNumber(o.n))
		L.Push(t)
	default:
		L.Push(lua.LString(o.ifi))
	}
	return 1
}

// getFd answers the descriptor; it stays the socket's.
func getFd(L *lua.LState) int {
	s, err := ready(L)
	if err != nil {
		return stream.Fail(L, err)
	}
	h := s.holder()
	if h == nil {
		return stream.Fail(L, errNotConnected)
	}
	n := -1
	if err := onFd(h, func(fd uintptr) error { n = int(fd); return nil }); err != nil {
		return stream.Fail(L, err)
	}
	L.Push(lua.LNumber(n))
	return 1
}

// interfaceOf finds an interface by name or by one of its addresses.
func interfaceOf(name string) (*net.Interface, net.IP, error) {
	ip := net.ParseIP(name)
	if ip == nil {
		ifi, err := net.InterfaceByName(name)
		if err != nil {
			return nil, nil, syscall.ENODEV
		}
		addrs, _ := ifi.Addrs()
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
				ip = n.IP
			}
		}
		return ifi, ip, nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		addrs, _ := all[i].Addrs()
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
				return &all[i], ip, nil
			}
		}
	}
	if ip.IsUnspecified() {
		return &net.Interface{}, ip, nil
	}
	return nil, nil, syscall.EADDRNOTAVAIL
}
