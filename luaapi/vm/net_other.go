//go:build !unix

package vm

import (
	"context"
	"net"
)

// Bind listens at once: without descriptors of our own the two steps cannot be
// taken apart, and the backlog is the system's.
func (systemNet) Bind(network, address string, o BindOptions) (Bound, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	return listening{l}, nil
}

type listening struct{ l net.Listener }

func (b listening) Addr() net.Addr                           { return b.l.Addr() }
func (b listening) Listen(backlog int) (net.Listener, error) { return b.l, nil }
func (b listening) Close() error                             { return b.l.Close() }
