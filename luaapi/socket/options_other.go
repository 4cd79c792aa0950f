//go:build !unix

package socket

import (
	"net"
	"syscall"

	"github.com/netrepl/netrepl/luaapi/vm"
)

func (o *option) set(fd uintptr) error { return vm.ErrNotSupported }
func (o *option) get(fd uintptr) error { return vm.ErrNotSupported }

// readable tells whether a listener has a connection to accept; here, that it
// is worth a try.
func readable(net.Listener) bool { return true }

func reuseAddr(_, _ string, _ syscall.RawConn) error { return nil }
