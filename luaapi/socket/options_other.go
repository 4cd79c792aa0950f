//go:build !unix

package socket

import (
	"syscall"

	"github.com/netrepl/netrepl/luaapi/vm"
)

func (o *option) set(fd uintptr) error { return vm.ErrNotSupported }
func (o *option) get(fd uintptr) error { return vm.ErrNotSupported }

func reuseAddr(_, _ string, _ syscall.RawConn) error { return nil }
