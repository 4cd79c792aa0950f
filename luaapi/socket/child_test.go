package socket_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	"go.uber.org/goleak"

	"github.com/netrepl/netrepl/luaapi/vm"
)

// childEnv names the environment variable that makes the test binary something
// else: a process of its own that runs a Lua script, or a client.
const childEnv = "SOCKET_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "script":
		os.Exit(childScript())
	case "idle":
		os.Exit(childIdle())
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "after all tests:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// script runs a Lua script as the main fiber of a runtime and waits for its end.
func script(host *vm.Host, src string) error {
	rt := vm.New(host, vm.Config{Modules: modules(), Script: "script.lua"})
	defer rt.Close()
	ended := make(chan error, 1)
	rt.Do("start", func(L *lua.LState) {
		fn, err := rt.Load(L, "script.lua", []byte(src))
		if err != nil {
			ended <- err
			return
		}
		rt.Spawn(fn, nil, vm.SpawnOptions{Name: "main", OnEnd: func(L *lua.LState, err *vm.Error) bool {
			if err == nil {
				ended <- nil
			} else {
				ended <- fmt.Errorf("%s", rt.WithTrace(L, err))
			}
			return true
		}})
	})
	select {
	case err := <-ended:
		return err
	case <-time.After(60 * time.Second):
		return fmt.Errorf("the script has not ended")
	}
}

// runScript is script with the system's network, for a test: it answers what
// was printed, to both outputs.
func runScript(t *testing.T, src string) string {
	t.Helper()
	var out lockedBuffer
	if err := script(vm.SystemHost(strings.NewReader(""), &out, &out), src); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	return out.String()
}

func childScript() int {
	host := vm.SystemHost(os.Stdin, os.Stdout, os.Stdout)
	if err := script(host, os.Getenv("SOCKET_TEST_SCRIPT")); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// child makes the test binary a command of its own.
func child(kind string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childEnv+"="+kind), env...)
	return cmd
}

// childRun runs a Lua script in a process of its own and answers what it printed.
func childRun(t *testing.T, src string, change func(*exec.Cmd)) string {
	t.Helper()
	cmd := child("script", "SOCKET_TEST_SCRIPT="+src)
	if change != nil {
		change(cmd)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// childIdle opens connections to an address and holds them until its input
// ends. It tells how many it got.
func childIdle() int {
	address := os.Getenv("SOCKET_TEST_ADDRESS")
	n, _ := strconv.Atoi(os.Getenv("SOCKET_TEST_COUNT"))
	var conns []net.Conn
	for len(conns) < n {
		c, err := net.Dial("tcp", address)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			break
		}
		conns = append(conns, c)
	}
	fmt.Println(len(conns))
	io.Copy(io.Discard, os.Stdin)
	for _, c := range conns {
		c.Close()
	}
	return 0
}

// lockedBuffer is a buffer for any goroutine.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
