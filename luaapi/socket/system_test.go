//go:build unix

package socket_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/netrepl/netrepl/luaapi/vm"
)

// waiting opens one of everything and leaves a fiber waiting in each.
const waiting = `
local function pair()
  local l = assert(socket.listen("127.0.0.1", 0))
  local a = assert(socket.connect(l:getsockname()))
  return a, assert(l:accept())
end
local fs = {}
local function wait(fn) fs[#fs + 1] = spawn(function() fiber.defer(function() end) fn() end) end
local a, b = pair()
local c, d = pair()
local e, f = pair()
local g, i = pair()
local h, j = pair()
local l = assert(socket.listen("127.0.0.1", 0))
local u = socket.udp()
assert(u:bind("127.0.0.1", 0))
local full = socket.tcp()
assert(full:bind("127.0.0.1", 0))
assert(full:listen(0))
for _ = 1, 3 do wait(function() socket.connect(full:getsockname()) end) end
local x = socket.unix()
assert(x:bind(DIR .. "/bound"))
assert(socket.listen("unix:" .. DIR .. "/listening"))
local dg = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
assert(dg:bind(DIR .. "/dgram"))
wait(function() l:accept() end)
wait(function() l:accept() end)
wait(function() a:recv() end)
wait(function() a:recv() end)
wait(function() b:send(("x"):rep(2 ^ 25)) end)
wait(function() u:recvfrom() end)
wait(function() dg:recvfrom() end)
wait(function() socket.pump(d, e) end)
wait(function() for _ in g:lines() do end end)
wait(function() h:write(("x"):rep(2 ^ 25)) h:flush() end)
local server = socket.serve("127.0.0.1", 0, function(conn) conn:recv() end)
local idle = {}
for i = 1, 10 do idle[i] = socket.connect(server:addr()) end
wait(function() server:wait() end)
local bound = socket.tcp()
bound:bind("127.0.0.1", 0)
local co = coroutine.create(function() coroutine.yield(a) end)
coroutine.resume(co)
for _, f in ipairs(fs) do
  while f:status() ~= "waiting" and f:status() ~= "done" do sleep(0.001) end
end
`

// sockets counts the open sockets of the process. (Pipes come and go: Go keeps
// some for splicing.)
func sockets(t *testing.T) (n int) {
	t.Helper()
	const dir = "/proc/self/fd/"
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Skipf("descriptors cannot be counted here: %v", err)
	}
	for _, fd := range list {
		if to, err := os.Readlink(dir + fd.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// Nothing is left of a runtime: not in the middle of waiting, not of sockets
// that were only bound, and no path of a unix socket.
func TestNothingIsLeftOfARuntime(t *testing.T) {
	runScript(t, "socket.tcp()") // what Go opens once
	before := sockets(t)
	ignore := goleak.IgnoreCurrent()
	for range 3 {
		dir := t.TempDir()
		out := runScript(t, "DIR = "+fmt.Sprintf("%q", dir)+waiting)
		if out != "" {
			t.Errorf("printed: %s", out)
		}
		deadline := time.Now().Add(20 * time.Second)
		for {
			left, _ := filepath.Glob(dir + "/*")
			if len(left) == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("left behind: %v", left)
			}
			runtime.GC() // the collector may have been faster than Close, and not be ready yet
			time.Sleep(time.Millisecond)
		}
	}
	if err := goleak.Find(ignore); err != nil {
		t.Error(err)
	}
	if after := sockets(t); after > before {
		t.Errorf("%d sockets before, %d after", before, after)
	}
}

// What a script lets go of is closed while it runs.
func TestTheCollectorClosesWhatIsLetGo(t *testing.T) {
	runScript(t, "socket.tcp()")
	before := sockets(t)
	dir := t.TempDir()
	runScript(t, fmt.Sprintf("DIR, paths = %q, 0", dir)+`
		local function make()
			local l = assert(socket.listen("127.0.0.1", 0))
			local a = assert(socket.connect(l:getsockname()))
			local b = assert(l:accept())
			local s = socket.tcp()
			assert(s:bind("127.0.0.1", 0))
			local u = socket.udp()
			assert(u:bind("127.0.0.1", 0))
			paths = paths + 3
			assert(socket.listen("unix:" .. DIR .. "/l" .. paths))
			assert(socket.unix():bind(DIR .. "/s" .. paths))
			assert(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM):bind(DIR .. "/d" .. paths))
		end
		for i = 1, 100 do make() end
		local give_up = fiber.now() + 20
		while #socket.list() > 0 and fiber.now() < give_up do
			collectgarbage()
			sleep(0.01)
		end
		assert(#socket.list() == 0, #socket.list())`)
	deadline := time.Now().Add(20 * time.Second)
	for {
		paths, _ := filepath.Glob(dir + "/*")
		if sockets(t) <= before && len(paths) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d sockets before, %d after; %d paths left", before, sockets(t), len(paths))
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

func TestAnAddressOfAnotherRuntimeIsInUse(t *testing.T) {
	held := make(chan string)
	in, release := io.Pipe()
	done := make(chan error)
	go func() {
		done <- script(vm.SystemHost(in, notify{held}, os.Stderr), `
			local s = socket.tcp()
			assert(s:bind("127.0.0.1", 0))
			print((select(2, s:getsockname())))
			io.read()`)
	}()
	port := strings.TrimSpace(<-held)
	src := `
		local s = socket.tcp()
		print((select(2, s:bind("127.0.0.1", ` + port + `))))
		print((select(2, socket.listen("127.0.0.1", ` + port + `))))
		local ok, err = s:bind("127.0.0.1", 0)
		assert(ok, err)`
	want := "address already in use\naddress already in use"
	if got := strings.TrimSpace(runScript(t, src)); got != want {
		t.Errorf("another runtime: %q", got)
	}
	if got := childRun(t, src, nil); got != want {
		t.Errorf("another process: %q", got)
	}
	release.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// notify sends what is written to a channel.
type notify struct{ c chan string }

func (n notify) Write(p []byte) (int, error) {
	n.c <- string(p)
	return len(p), nil
}

func TestAPortBelow1024NeedsRights(t *testing.T) {
	src := `
		for _, host in ipairs({"127.0.0.1", "0.0.0.0", "::1", "*"}) do
			local ok, err = socket.tcp():bind(host, 80)
			print(ok or err)
			ok, err = socket.listen(host, 80)
			print(ok or err)
			ok, err = socket.serve(host, 80, print)
			print(ok or err)
			ok, err = socket.udp():bind(host, 80)
			print(ok or err)
		end`
	out := childRun(t, src, func(cmd *exec.Cmd) {
		if os.Getuid() != 0 {
			return
		}
		// The binary stands where only its owner may look.
		bin, err := os.ReadFile(os.Args[0])
		if err != nil {
			t.Skip(err)
		}
		dir, err := os.MkdirTemp("", "")
		if err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Skip(err)
		}
		cmd.Path = filepath.Join(dir, "test")
		if err := os.WriteFile(cmd.Path, bin, 0o755); err != nil {
			t.Skip(err)
		}
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	})
	for i, line := range strings.Split(out, "\n") {
		if line != "permission denied" {
			if b, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"); err == nil && strings.TrimSpace(string(b)) <= "80" {
				t.Skip("everybody may take port 80 here")
			}
			t.Errorf("line %d: %q, want permission denied", i+1, line)
		}
	}
}

// Descriptors run out and come back: the server says so once, does not spin,
// and goes on.
func TestDescriptorsRunOut(t *testing.T) {
	out := childRun(t, `
		local server = assert(socket.serve("127.0.0.1", 0, function(c)
			for line in c:lines() do c:write(line, "\n") end
		end))
		local conns = {}
		-- what is left goes to clients and their connections in equal parts
		local err
		for i = 1, 200 do
			conns[i], err = socket.connect(server:addr())
			if not conns[i] then break end
			sleep(0)
		end
		print(err)
		assert(#conns > 20 and #conns < 128, #conns)
		assert(select(2, socket.listen("127.0.0.1", 0)) == "too many open files")
		assert(select(2, socket.udp():bind("127.0.0.1", 0)) == "too many open files")
		local busy = os.clock()
		sleep(0.3)
		assert(os.clock() - busy < 0.2, "the server spins")
		for i = 1, #conns - 10 do conns[i]:close() end
		sleep(0) -- the last ones have not been accepted: now they can be
		for i = #conns - 9, #conns do
			conns[i]:settimeout(10)
			assert(conns[i]:send("still here\n"))
			assert(conns[i]:recvline() == "still here")
		end
		for _ = 1, 100 do
			local c = assert(socket.connect(server:addr()))
			c:settimeout(10)
			assert(c:send("new\n"))
			assert(c:recvline() == "new")
			c:close()
		end
		server:stop(0)
		print("served")`,
		func(cmd *exec.Cmd) {
			cmd.Path = "/bin/sh"
			cmd.Args = []string{"sh", "-c", `ulimit -n 128 && exec "$0"`, os.Args[0]}
		})
	lines := strings.Split(out, "\n")
	said := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "server 127.0.0.1:") && strings.HasSuffix(line, ": accept: too many open files; waiting") {
			said++
		}
	}
	if said > 1 || lines[len(lines)-1] != "served" || !strings.Contains(out, "too many open files") {
		t.Errorf("printed:\n%s", out)
	}
	if said == 0 {
		t.Errorf("the server did not say that it waits:\n%s", out)
	}
}

// 5,000 connections that do nothing, from a process of its own.
func TestIdleConnections(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip(err)
	}
	n := 5000
	if room := int(limit.Cur) - sockets(t) - 100; room < n {
		n = room
		t.Logf("the descriptor limit of %d leaves room for %d connections", limit.Cur, n)
	}
	address := make(chan string)
	done := make(chan error)
	go func() {
		done <- script(vm.SystemHost(strings.NewReader(""), notify{address}, os.Stderr), fmt.Sprintf(`
			local n = %d
			local server = assert(socket.serve("127.0.0.1", 0, function(c)
				for line in c:lines() do c:write(line, "\n") end
			end, {backlog = 4096}))
			local host, port = server:addr()
			print(host .. ":" .. port)
			local give_up = fiber.now() + 50
			while server:connections() < n do
				assert(fiber.now() < give_up, server:connections())
				sleep(0.01)
			end
			print("all are here")
			local c = assert(socket.connect(host, port))
			c:send("hello\n")
			assert(c:recvline() == "hello")
			c:close()
			server:stop()
			assert(server:wait(30))`, n))
	}()
	cmd := child("idle", "SOCKET_TEST_ADDRESS="+strings.TrimSpace(<-address), fmt.Sprintf("SOCKET_TEST_COUNT=%d", n))
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	line, _ := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) != fmt.Sprint(n) {
		t.Errorf("the client opened %s of %d", strings.TrimSpace(line), n)
	}
	select {
	case <-address: // all are here
		in.Close()
	case err := <-done:
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
