package vm

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"time"
)

// Host is what a runtime may know of the outside world. Permissions, tracing
// and tests replace its parts; modules reach the world through it alone.
type Host struct {
	In       io.Reader // standard input
	Out, Err io.Writer // safe for any goroutine
	Net      Net
	Files    Files
	Clock    Clock
	Env      func(name string) (string, bool)
	// Start starts a program that is set up but not running yet.
	Start func(cmd *exec.Cmd) error
}

// Net opens sockets and looks up names. Addresses are Go's: "host:port", or a
// path for the unix networks.
type Net interface {
	Dial(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error)
	// Bind takes an address without listening on it yet.
	Bind(network, address string, o BindOptions) (Bound, error)
	ListenPacket(ctx context.Context, lc *net.ListenConfig, network, address string) (net.PacketConn, error)
	LookupIP(ctx context.Context, network, host string) ([]net.IP, error)
}

// BindOptions are what must be set on a socket before its address is taken.
type BindOptions struct {
	ReusePort bool
	V6Only    bool // ::1 or :: without the IPv4 addresses
}

// Bound is a stream socket that holds its address.
type Bound interface {
	Addr() net.Addr
	// Listen turns it into a listener; the Bound is used up.
	Listen(backlog int) (net.Listener, error)
	Close() error
}

// Files opens and changes files.
type Files interface {
	OpenFile(name string, flag int, perm os.FileMode) (*os.File, error)
	Stat(name string) (os.FileInfo, error)
	Remove(name string) error
	Rename(from, to string) error
	CreateTemp() (*os.File, error)
}

// Clock tells and waits for time.
type Clock interface {
	Now() time.Time
	NewTimer(d time.Duration) *time.Timer
}

// SystemHost answers the host of an ordinary process: everything is allowed.
func SystemHost(in io.Reader, out, err io.Writer) *Host {
	return &Host{
		In: in, Out: out, Err: err,
		Net: systemNet{}, Files: systemFiles{}, Clock: systemClock{}, Env: os.LookupEnv,
		Start: func(cmd *exec.Cmd) error { return cmd.Start() },
	}
}

type systemFiles struct{}

func (systemFiles) OpenFile(name string, flag int, perm os.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag, perm)
}
func (systemFiles) Stat(name string) (os.FileInfo, error) { return os.Stat(name) }
func (systemFiles) Remove(name string) error              { return os.Remove(name) }
func (systemFiles) Rename(from, to string) error          { return os.Rename(from, to) }
func (systemFiles) CreateTemp() (*os.File, error)         { return os.CreateTemp("", "lua_") }

type systemClock struct{}

func (systemClock) Now() time.Time                       { return time.Now() }
func (systemClock) NewTimer(d time.Duration) *time.Timer { return time.NewTimer(d) }

type systemNet struct{}

func (systemNet) Dial(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
	return d.DialContext(ctx, network, address)
}

func (systemNet) ListenPacket(ctx context.Context, lc *net.ListenConfig, network, address string) (net.PacketConn, error) {
	return lc.ListenPacket(ctx, network, address)
}

func (systemNet) LookupIP(ctx context.Context, network, host string) ([]net.IP, error) {
	return net.DefaultResolver.LookupIP(ctx, network, host)
}
