//go:build unix && !linux

package socket

import "github.com/netrepl/netrepl/luaapi/vm"

// disconnect fails: the way to do it differs from system to system here.
func (p *packets) disconnect(int) error { return vm.ErrNotSupported }
