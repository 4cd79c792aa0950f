// Package scripts_test runs every script with the real binary, against each
// other and against Python, nc and curl.
package scripts_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// limit is how long anything here may take.
const limit = time.Minute

// netrepl is the binary, built once.
var netrepl string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "netrepl-scripts")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	netrepl = filepath.Join(dir, "netrepl.exe")
	args := []string{"build", "-o", netrepl}
	if raceDetector() {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "..")...)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "go build:", err)
		return 1
	}
	return m.Run()
}

// raceDetector tells whether this test has the race detector; the binary gets
// it, too.
func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, s := range info.Settings {
			if s.Key == "-race" {
				return s.Value == "true"
			}
		}
	}
	return false
}

// program answers a command of the machine, or skips the test.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not on this machine", name)
	}
	return path
}

// python answers a Python 3 that runs, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	path := program(t, "python3")
	out, err := exec.Command(path, "-c", "print(6*7)").Output()
	if err != nil || strings.TrimSpace(string(out)) != "42" {
		t.Skipf("python3 is there but does not run: %v", err)
	}
	return path
}

// testdata answers the absolute path of a file in testdata.
func testdata(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// script answers the command line of a script.
func script(t *testing.T, name string, args ...string) []string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{netrepl, path}, args...)
}

// result is how a command ended.
type result struct {
	out, err string
	code     int
}

// run runs a command in dir to its end.
func run(t *testing.T, dir, input string, line []string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s: %v %v\n%s%s", line, err, ctx.Err(), &out, &errs)
	}
	r := result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
	if line[0] == netrepl && strings.Contains(r.err, "traceback") {
		t.Errorf("%s: %s", line[1:], r.err)
	}
	return r
}

// want compares how a command ended. The error output must hold errs, or be
// empty if errs is.
func (r result) want(t *testing.T, out, errs string, code int) {
	t.Helper()
	if r.out != out || !strings.Contains(r.err, errs) || errs == "" && r.err != "" || r.code != code {
		t.Errorf("got  %q, error output %q, exit %d\nwant %q, error output %q, exit %d", r.out, r.err, r.code, out, errs, code)
	}
}

// process is a command that goes on while the test runs.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string   // of its output
	done  chan struct{} // closed when it has ended
	mu    sync.Mutex
	log   bytes.Buffer // both outputs
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// start starts a command; it is ended with the test.
func start(t *testing.T, dir string, line []string) *process {
	t.Helper()
	p := &process{t: t, lines: make(chan string, 10000), done: make(chan struct{})}
	p.cmd = exec.Command(line[0], line[1:]...)
	p.cmd.Dir = dir
	p.cmd.Stderr = p
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		in := bufio.NewScanner(out)
		for in.Scan() {
			fmt.Fprintln(p, in.Text())
			p.lines <- in.Text()
		}
		close(p.lines)
		p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.stop()
		if line[0] == netrepl && strings.Contains(p.text(), "traceback") {
			t.Errorf("%s printed\n%s", line[1:], p.text())
		}
	})
	return p
}

// stop ends it in order.
func (p *process) stop() {
	if runtime.GOOS == "windows" {
		p.cmd.Process.Kill()
	} else {
		p.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		p.cmd.Process.Kill()
		p.t.Errorf("%s does not end:\n%s", p.cmd.Args, p.text())
	}
}

// wait answers the exit code.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		p.t.Fatalf("%s does not end:\n%s", p.cmd.Args, p.text())
	}
	return p.cmd.ProcessState.ExitCode()
}

// expect waits for a line of output that matches, and answers its groups.
func (p *process) expect(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.After(limit)
	for {
		select {
		case line, ok := <-p.lines:
			if m := re.FindStringSubmatch(line); m != nil {
				return m
			} else if !ok {
				p.t.Fatalf("%s ended without %s:\n%s", p.cmd.Args, pattern, p.text())
			}
		case <-late:
			p.t.Fatalf("%s: no %s:\n%s", p.cmd.Args, pattern, p.text())
		}
	}
}

// serve starts a server script on a free port, in dir, and answers its address.
func serve(t *testing.T, dir, name string, args ...string) (p *process, addr string) {
	t.Helper()
	p = start(t, dir, script(t, name, append([]string{"--port", "0"}, args...)...))
	return p, p.expect(`^listening on (\S+:\d+)$`)[1]
}

func port(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// freePort answers a port that was free a moment ago, for a server that cannot
// take any.
func freePort(t *testing.T, network string) string {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return port(c.LocalAddr().String())
	}
	l := listen(t)
	defer l.Close()
	return port(l.Addr().String())
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// conn is a connection with a deadline, whose failures end the test.
type conn struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func wrap(t *testing.T, c net.Conn) *conn {
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(limit))
	return &conn{t, c, bufio.NewReader(c)}
}

func dial(t *testing.T, addr string) *conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, limit)
	if err != nil {
		t.Fatal(err)
	}
	return wrap(t, c)
}

// dialUntil dials until somebody listens, while p runs.
func dialUntil(t *testing.T, p *process, addr string) *conn {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if c, err := net.Dial("tcp", addr); err == nil {
			return wrap(t, c)
		}
		select {
		case <-tick.C:
		case <-p.done:
			t.Fatalf("%s has ended:\n%s", p.cmd.Args, p.text())
		}
	}
	t.Fatalf("nobody listens on %s", addr)
	return nil
}

func accept(t *testing.T, l net.Listener) *conn {
	t.Helper()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(limit))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return wrap(t, c)
}

func (c *conn) say(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, s); err != nil {
		c.t.Fatalf("write %.60q: %v", s, err)
	}
}

// hear reads exactly what is wanted.
func (c *conn) hear(want string) {
	c.t.Helper()
	buf := make([]byte, len(want))
	n, err := io.ReadFull(c.in, buf)
	if string(buf[:n]) != want {
		c.t.Fatalf("got %q, %v, want %q", buf[:n], err, want)
	}
}

// line reads a line.
func (c *conn) line() string {
	c.t.Helper()
	s, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatalf("line: %q, %v", s, err)
	}
	return strings.TrimSuffix(s, "\n")
}

// end reads the end of the stream.
func (c *conn) end() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); len(rest) > 0 || err != nil {
		c.t.Fatalf("got %.200q, %v, want the end", rest, err)
	}
}

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Fatalf("still not: %s", what)
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// wantFile compares a file with data.
func wantFile(t *testing.T, path string, data []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	} else if !bytes.Equal(got, data) {
		t.Errorf("%s: %d bytes, %.60q, want %d, %.60q", path, len(got), got, len(data), data)
	}
}

// wantFiles compares the names in a folder.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	scripts, _ := filepath.Glob("*.lua")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := regexp.MustCompile(`(?m)^\| \[(\S+)\]\((\S+)\) \| \S`).FindAllStringSubmatch(string(readme), -1)
	if len(listed) != len(scripts) || len(scripts) == 0 {
		t.Errorf("README.md lists %d scripts, there are %d", len(listed), len(scripts))
	}
	for _, name := range scripts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if n := strings.Count(string(readme), "["+name+"]("+name+")"); n != 1 {
				t.Errorf("README.md lists it %d times", n)
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(text), "#!/usr/bin/env netrepl\n-- ") {
				t.Error("no #! line and comment at its start")
			}
			if info, err := os.Stat(name); err == nil && info.Mode()&0o111 != 0o111 && runtime.GOOS != "windows" {
				t.Error("not executable")
			}
			r := run(t, t.TempDir(), "", script(t, name, "--help"))
			if !strings.HasPrefix(r.out, "usage: "+name+" [") || r.err != "" || r.code != 0 {
				t.Errorf("--help: %+v", r)
			}
			r = run(t, t.TempDir(), "", script(t, name, "--no-such-flag"))
			r.want(t, "", name+": unknown flag --no-such-flag\nusage: "+name+" [", 2)
		})
	}
}

func TestShebang(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no #! lines on windows")
	}
	dir := t.TempDir()
	if err := os.Symlink(netrepl, filepath.Join(dir, "netrepl")); err != nil {
		t.Fatal(err)
	}
	path, _ := filepath.Abs("hello_server.lua")
	cmd := exec.Command(path, "--help")
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "usage: hello_server.lua") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	taken := port(listen(t).Addr().String())
	for _, name := range []string{"hello_server.lua", "bsd_server.lua", "chat_server.lua", "file_recv.lua"} {
		run(t, t.TempDir(), "", script(t, name, "--port", taken)).want(t, "", name+": 127.0.0.1 port "+taken+": address already in use", 1)
	}
	run(t, t.TempDir(), "", script(t, "tcp_proxy.lua", "127.0.0.1:"+taken, "127.0.0.1:1")).
		want(t, "", "127.0.0.1:"+taken+": address already in use", 1)
	_, addr := serve(t, "", "udp_server.lua")
	run(t, t.TempDir(), "", script(t, "udp_server.lua", "--port", port(addr))).want(t, "", "127.0.0.1 port "+port(addr)+": address already in use", 1)
	// UDP and TCP may use the same number, unless some other test has it.
	for try := 1; ; try++ {
		p := start(t, "", script(t, "hello_server.lua", "--port", port(addr)))
		if <-p.lines == "listening on "+addr {
			break
		}
		if p.wait(); try == 5 {
			t.Fatal(p.text())
		}
		_, addr = serve(t, "", "udp_server.lua")
	}
}
