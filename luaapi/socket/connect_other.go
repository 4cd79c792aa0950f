//go:build !unix

package socket

import (
	"net"

	"github.com/netrepl/netrepl/luaapi/vm"
)

// connect fails: a socket that is bound already cannot be given a peer here.
func (p *packets) connect(net.Addr) error { return vm.ErrNotSupported }
