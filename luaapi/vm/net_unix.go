//go:build unix

package vm

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// bound is a stream socket of our own that holds an address. Go's net binds
// and listens in one step; a script that binds must be told at bind that the
// port is taken, and its backlog must be honoured.
type bound struct {
	fd   int
	addr net.Addr
	path string // of a unix socket, removed when it is closed
}

// Bind takes an address. A port that somebody listens on or holds is refused;
// one that only has connections in TIME_WAIT is not: SO_REUSEADDR is set when
// binding without it has failed, and by Listen.
func (systemNet) Bind(network, address string, o BindOptions) (Bound, error) {
	family, sa, err := sockaddr(network, address)
	if err != nil {
		return nil, err
	}
	b, err := bindOnce(family, sa, o, false)
	if in6, ok := sa.(*unix.SockaddrInet6); ok && errors.Is(err, unix.EAFNOSUPPORT) && network == "tcp" && in6.Addr == [16]byte{} {
		family, sa = unix.AF_INET, &unix.SockaddrInet4{Port: in6.Port} // every address of a machine without IPv6
		b, err = bindOnce(family, sa, o, false)
	}
	if errors.Is(err, unix.EADDRINUSE) && family != unix.AF_UNIX {
		b, err = bindOnce(family, sa, o, true)
	}
	if err != nil {
		return nil, &net.OpError{Op: "bind", Net: network, Err: err}
	}
	if family == unix.AF_UNIX && !strings.HasPrefix(address, "@") {
		b.path = address
	}
	return b, nil
}

func bindOnce(family int, sa unix.Sockaddr, o BindOptions, reuse bool) (*bound, error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	fail := func(call string, err error) (*bound, error) {
		unix.Close(fd)
		return nil, os.NewSyscallError(call, err)
	}
	set := func(level, opt int, on bool) error {
		v := 0
		if on {
			v = 1
		}
		return unix.SetsockoptInt(fd, level, opt, v)
	}
	if family == unix.AF_INET6 {
		if err := set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, o.V6Only); err != nil {
			return fail("setsockopt", err)
		}
	}
	if reuse {
		if err := set(unix.SOL_SOCKET, unix.SO_REUSEADDR, true); err != nil {
			return fail("setsockopt", err)
		}
	}
	if o.ReusePort {
		if err := set(unix.SOL_SOCKET, unix.SO_REUSEPORT, true); err != nil {
			return fail("setsockopt", err)
		}
	}
	if err := unix.Bind(fd, sa); err != nil {
		return fail("bind", err)
	}
	if reuse { // or the next who binds over TIME_WAIT would get it too; Listen sets it again
		if err := set(unix.SOL_SOCKET, unix.SO_REUSEADDR, false); err != nil {
			return fail("setsockopt", err)
		}
	}
	got, err := unix.Getsockname(fd)
	if err != nil {
		return fail("getsockname", err)
	}
	b := &bound{fd: fd, addr: netAddr(got)}
	runtime.SetFinalizer(b, (*bound).Close) // as Go's net does for its own
	return b, nil
}

func (b *bound) Addr() net.Addr { return b.addr }

func (b *bound) Listen(backlog int) (net.Listener, error) {
	defer b.Close()
	if b.path == "" {
		if err := unix.SetsockoptInt(b.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return nil, os.NewSyscallError("setsockopt", err)
		}
	}
	if err := unix.Listen(b.fd, backlog); err != nil {
		return nil, os.NewSyscallError("listen", err)
	}
	if err := unix.SetNonblock(b.fd, true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(b.fd), "listener")
	b.fd = -1
	defer f.Close() // FileListener works on a copy
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*net.UnixListener); ok && b.path != "" {
		u.SetUnlinkOnClose(true)
		b.path = ""
	}
	return l, nil
}

func (b *bound) Close() error {
	if b.fd < 0 {
		return nil
	}
	err := unix.Close(b.fd)
	b.fd = -1
	if b.path != "" {
		os.Remove(b.path)
	}
	return err
}

func sockaddr(network, address string) (int, unix.Sockaddr, error) {
	if strings.HasPrefix(network, "unix") {
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: address}, nil
	}
	a, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return 0, nil, err
	}
	if ip4 := a.IP.To4(); ip4 != nil || network == "tcp4" {
		sa := &unix.SockaddrInet4{Port: a.Port}
		copy(sa.Addr[:], ip4)
		return unix.AF_INET, sa, nil
	}
	sa := &unix.SockaddrInet6{Port: a.Port}
	copy(sa.Addr[:], a.IP.To16())
	if a.Zone != "" {
		if ifi, err := net.InterfaceByName(a.Zone); err == nil {
			sa.ZoneId = uint32(ifi.Index)
		}
	}
	return unix.AF_INET6, sa, nil
}

func netAddr(sa unix.Sockaddr) net.Addr {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: append(net.IP(nil), sa.Addr[:]...), Port: sa.Port}
	case *unix.SockaddrInet6:
		a := &net.TCPAddr{IP: append(net.IP(nil), sa.Addr[:]...), Port: sa.Port}
		if ifi, err := net.InterfaceByIndex(int(sa.ZoneId)); sa.ZoneId != 0 && err == nil {
			a.Zone = ifi.Name
		}
		return a
	case *unix.SockaddrUnix:
		return &net.UnixAddr{Name: sa.Name, Net: "unix"}
	}
	return nil
}
