package socket

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/internal/addr"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// checkAddr refuses an address of another kind than the socket.
func (s *Socket) checkAddr(a addr.Addr) error {
	if a.Unix() != (s.kind == "unix") {
		return syscall.EAFNOSUPPORT
	}
	if a.Unix() && a.Path[0] != '@' && strings.Contains(a.Path, "\x00") {
		return syscall.EINVAL // the system would take the path to end there
	}
	return nil
}

// checkFamily refuses an address in numbers of the other family.
func (s *Socket) checkFamily(host string) error {
	host, _ = splitZone(host)
	ip := net.ParseIP(host)
	if ip != nil && (ip.To4() == nil && s.family == "4" || ip.To4() != nil && s.family == "6") {
		return syscall.EAFNOSUPPORT
	}
	return nil
}

// lookUp turns a host name into an address of the socket's family. It fails
// when the socket was closed meanwhile.
func (s *Socket) lookUp(L *lua.LState, a addr.Addr) (addr.Addr, error) {
	if a.Unix() {
		return a, nil
	}
	if a.Host == "" {
		if s.family == "4" {
			a.Host = "0.0.0.0"
		}
		return a, nil
	}
	if err := s.checkFamily(a.Host); err != nil || net.ParseIP(a.Host) != nil {
		return a, err
	}
	if _, zone := splitZone(a.Host); zone != "" {
		return a, nil
	}
	var ips []net.IP
	var err error
	s.st.rt.WaitContext(L, s.Timeout(), func(ctx context.Context) {
		ips, err = s.st.rt.Host.Net.LookupIP(ctx, "ip"+s.family, a.Host)
	})
	if s.shut.Load() {
		return a, net.ErrClosed
	}
	if err != nil {
		return a, notFound(err, a.Host)
	}
	if len(ips) == 0 {
		return a, hostNotFound(a.Host)
	}
	best := ips[0]
	for _, ip := range ips {
		if (ip.To4() != nil) == s.prefers4() {
			best = ip
			break
		}
	}
	a.Host = best.String()
	return a, nil
}

// prefers4 tells whether it rather takes a name's IPv4 address: as the local
// names of most machines have it, unless it has an IPv6 address itself.
func (s *Socket) prefers4() bool {
	if s.pc == nil {
		return true
	}
	a, ok := s.pc.c.LocalAddr().(*net.UDPAddr)
	return !ok || a.IP.To4() != nil || a.IP.IsUnspecified()
}

func hostNotFound(host string) error {
	return &net.DNSError{Err: vm.ErrHostNotFound, Name: host, IsNotFound: true}
}

// notFound makes of an error that says that a name has no address of the
// family the one that says that there is no such name.
func notFound(err error, host string) error {
	var none *net.AddrError
	if errors.As(err, &none) && none.Addr == host {
		return hostNotFound(host)
	}
	return err
}

func splitZone(host string) (string, string) {
	for i := range len(host) {
		if host[i] == '%' {
			return host[:i], host[i+1:]
		}
	}
	return host, ""
}
