// Package socket is the module socket: TCP, UDP and unix sockets as values,
// with the BSD verbs, short forms, servers and proxies.
package socket

import (
	_ "embed"
	"net/url"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/addr"
	"github.com/netrepl/netrepl/luaapi/internal/stream"
	"github.com/netrepl/netrepl/luaapi/vm"
)

//go:embed socket.d.lua
var stub string

// Module answers the module's record.
func Module() vm.Module { return vm.Module{Name: "socket", Stub: stub, Open: open} }

// Values of the constants, Linux's everywhere: they only choose.
const (
	afUnix     = 1
	afInet     = 2
	afInet6    = 10
	sockStream = 1
	sockDgram  = 2
)

// state is what the sockets of one runtime share. Guarded by the baton.
type state struct {
	rt      *vm.Runtime
	env     *stream.Env
	classes map[string]*lua.LTable
	server  *lua.LTable
	hosts   hostCache
	none    *setup // of every accepted connection; never changed
}

func open(rt *vm.Runtime, L *lua.LState) lua.LValue {
	st := &state{rt: rt, env: stream.EnvOf(rt), classes: map[string]*lua.LTable{}, none: &setup{}}
	meta := map[string]lua.LGFunction{"__tostring": toString}
	for _, kind := range []string{"tcp", "udp", "unix"} {
		st.classes[kind] = rt.Class(kind, methods(kind), meta)
	}
	st.server = rt.Class("server", serverMethods(), map[string]lua.LGFunction{"__tostring": serverString})
	fns := map[string]lua.LGFunction{
		"socket":  st.socket,
		"connect": st.connect,
		"listen":  st.listen,
		"serve":   st.serve,
		"dial":    st.dial,
		"pump":    st.pump,
		"get":     st.get,
		"list":    st.list,
		"gettime": st.gettime,
		"unix":    func(L *lua.LState) int { return st.push(L, st.make("unix", "", false)) },
	}
	for _, kind := range []string{"tcp", "udp"} {
		for _, family := range []string{"", "4", "6"} {
			fns[kind+family] = func(L *lua.LState) int {
				return st.push(L, st.make(kind, family, kind == "udp"))
			}
		}
	}
	t := rt.Funcs("socket", fns)
	for name, v := range map[string]int{"AF_UNIX": afUnix, "AF_INET": afInet, "AF_INET6": afInet6, "SOCK_STREAM": sockStream, "SOCK_DGRAM": sockDgram} {
		t.RawSetString(name, lua.LNumber(v))
	}
	return t
}

// gettime is socket.gettime(), as in LuaSocket.
func (st *state) gettime(L *lua.LState) int {
	L.Push(lua.LNumber(float64(st.rt.Host.Clock.Now().UnixMicro()) / 1e6))
	return 1
}

func methods(kind string) map[string]lua.LGFunction {
	m := map[string]lua.LGFunction{
		"connect": sockConnect, "close": sockClose, "bind": sockBind,
		"settimeout": sockSetTimeout, "gettimeout": sockGetTimeout,
		"getsockname": sockName, "getpeername": peerName,
		"setoption": setOption, "getoption": getOption,
		"getfd": getFd, "getstats": getStats, "id": sockID,
	}
	if kind != "udp" {
		for name, fn := range stream.Methods() {
			m[name] = fn
		}
		m["listen"], m["accept"] = sockListen, sockAccept
	}
	if kind != "tcp" {
		m["sendto"], m["recvfrom"] = sendTo, recvFrom
		// A datagram socket that is connected sends and receives whole
		// datagrams; a unix socket may be either.
		m["send"] = either(m["send"], dgramSend)
		m["recv"] = either(m["recv"], dgramRecv)
	}
	return m
}

// either chooses between the stream's method and the datagram's.
func either(ofStream, ofDgram lua.LGFunction) lua.LGFunction {
	return func(L *lua.LState) int {
		if ofStream == nil || arg.Self[*Socket](L, "socket").dgram {
			return ofDgram(L)
		}
		return ofStream(L)
	}
}

// socket.socket(family, type), as in BSD.
func (st *state) socket(L *lua.LState) int {
	family := int(arg.OptInt(L, 1, afInet, 0, arg.MaxInt))
	kind := int(arg.OptInt(L, 2, sockStream, 0, arg.MaxInt))
	if kind != sockStream && kind != sockDgram {
		arg.Fail(L, 2, "socket.SOCK_STREAM or socket.SOCK_DGRAM", "")
	}
	name := "tcp"
	if kind == sockDgram {
		name = "udp"
	}
	switch family {
	case afInet:
		return st.push(L, st.make(name, "4", kind == sockDgram))
	case afInet6:
		return st.push(L, st.make(name, "6", kind == sockDgram))
	case afUnix:
		return st.push(L, st.make("unix", "", kind == sockDgram))
	}
	arg.Fail(L, 1, "socket.AF_INET, AF_INET6 or AF_UNIX", "")
	return 0
}

// make answers a socket that is not open yet.
func (st *state) make(kind, family string, dgram bool) *Socket {
	s := &Socket{st: st, kind: kind, dgram: dgram, setup: &setup{family: family}}
	s.SetTimeout(arg.Forever)
	s.bindOpts.V6Only = family == "6"
	return s
}

func (st *state) push(L *lua.LState, s *Socket) int {
	L.Push(st.value(s))
	return 1
}

// value is what Lua holds of a socket, always the same.
func (st *state) value(s *Socket) *lua.LUserData {
	if s.ud == nil {
		s.ud = vm.Userdata(s, st.classes[s.kind])
	}
	return s.ud
}

// ofAddr answers a fresh stream socket of the kind that an address needs.
func (st *state) ofAddr(a addr.Addr, family string) *Socket {
	if a.Unix() {
		return st.make("unix", "", false)
	}
	return st.make("tcp", family, false)
}

func familyOption(o *arg.Options) string { return o.Enum("family", "", "4", "6") }

// readAddr reads host, port and options, or an address in one string and
// options.
func readAddr(L *lua.LState) (addr.Addr, *arg.Options) {
	if _, ok := L.Get(2).(*lua.LTable); ok {
		L.Insert(lua.LNil, 2) // the port
	}
	a := addr.Read(L, 1)
	return a, arg.Opts(L, 3)
}

func (st *state) connect(L *lua.LState) int {
	a, o := readAddr(L)
	s := st.ofAddr(a, familyOption(o))
	timeout := o.Seconds("timeout", arg.Forever)
	if local := o.String("localaddr", ""); local != "" || o.Int("localport", 0, 0, 65535) != 0 {
		s.local = &addr.Addr{Host: local, Port: int(o.Int("localport", 0, 0, 65535))}
	}
	o.Done()
	s.SetTimeout(timeout)
	if err := s.dial(L, a); err != nil {
		return stream.Fail(L, err)
	}
	s.SetTimeout(arg.Forever)
	return st.push(L, s)
}

// backlog is how many connections wait for accept unless told.
const backlog = 512

func (st *state) listenAt(L *lua.LState, a addr.Addr, o *arg.Options) (*Socket, error) {
	s := st.ofAddr(a, familyOption(o))
	n := int(o.Int("backlog", backlog, 0, 1<<30))
	s.bindOpts.ReusePort = o.Bool("reuseport", false)
	s.bindOpts.V6Only = o.Bool("v6only", s.bindOpts.V6Only)
	o.Done()
	if err := s.bind(L, a); err != nil {
		return nil, err
	}
	return s, s.listen(n)
}

func (st *state) listen(L *lua.LState) int {
	a, o := readAddr(L)
	s, err := st.listenAt(L, a, o)
	if err != nil {
		return stream.Fail(L, err)
	}
	return st.push(L, s)
}

// dial takes a URL: tcp://host:port, udp://host:port, unix:///path.
func (st *state) dial(L *lua.LState) int {
	text := arg.String(L, 1)
	o := arg.Opts(L, 2)
	timeout := o.Seconds("timeout", arg.Forever)
	o.Done()
	scheme, rest, ok := strings.Cut(text, "://")
	kind, family := scheme, ""
	if strings.HasSuffix(scheme, "4") || strings.HasSuffix(scheme, "6") {
		kind, family = scheme[:len(scheme)-1], scheme[len(scheme)-1:]
	}
	var s *Socket
	var a addr.Addr
	switch {
	case ok && (kind == "tcp" || kind == "udp"):
		u, err := url.Parse(text)
		if err != nil || u.Port() == "" || (u.Path != "" && u.Path != "/") {
			arg.Fail(L, 1, kind+"://host:port", "")
		}
		L.Replace(1, lua.LString(u.Host))
		L.Replace(2, lua.LNil)
		a = addr.Read(L, 1)
		s = st.make(kind, family, kind == "udp")
	case ok && kind == "unix" && rest != "":
		a = addr.Addr{Path: rest}
		s = st.make("unix", "", false)
	default:
		arg.Fail(L, 1, "tcp://host:port, udp://host:port or unix:///path", "")
	}
	s.SetTimeout(timeout)
	if err := s.dial(L, a); err != nil {
		return stream.Fail(L, err)
	}
	s.SetTimeout(arg.Forever)
	return st.push(L, s)
}

// get answers the open socket of a number, as listings show it.
func (st *state) get(L *lua.LState) int {
	id := arg.Int(L, 1, 1, arg.MaxInt)
	if s, ok := st.rt.Scope.Get(id).(*Socket); ok {
		return st.push(L, s)
	}
	L.Push(lua.LNil)
	return 1
}

// list answers the open sockets, oldest first.
func (st *state) list(L *lua.LState) int {
	t := L.NewTable()
	for _, r := range st.rt.Scope.Resources() {
		if s, ok := r.(*Socket); ok {
			t.Append(st.value(s))
		}
	}
	L.Push(t)
	return 1
}
