//go:build unix

package vm

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"
)

// fifo makes a named pipe and a runtime that knows its path as fifo.
func fifo(t *testing.T, out io.Writer) (*Runtime, string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	rt := ioRuntime(t, nil, out)
	rt.Do("fifo", func(L *lua.LState) { L.G.Global.RawSetString("fifo", lua.LString(name)) })
	return rt, name
}

// TestFIFOCancel cancels fibers that opening, reading or writing a named pipe
// blocks.
func TestFIFOCancel(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, src string }{
		{"open", `io.open(fifo)`},
		{"open to write", `io.open(fifo, "w")`},
		{"read", `io.open(fifo, "r+"):read("*l")`},
		{"read all", `io.open(fifo, "r+"):read("*a")`},
		{"lines", `for l in io.open(fifo, "r+"):lines() do end`},
		{"write", `local f = io.open(fifo, "r+") while true do assert(f:write(("x"):rep(5000))) end`},
		{"write much", `local f = io.open(fifo, "r+") f:write(("x"):rep(1e6))`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out lockedBuffer
			rt, name := fifo(t, &out)
			ended := make(chan bool, 1)
			f := ioSpawn(t, rt, tt.src+` print("went on")`, SpawnOptions{
				OnEnd: func(_ *lua.LState, err *Error) bool { ended <- err != nil && err.Cancelled; return true },
			})
			waitFor(t, "the fiber to wait for the pipe", func() bool {
				return f.Status() == "waiting" && f.waitsLong()
			})
			f.Cancel(Cancelled)
			if !awaitEnd(t, ended) {
				t.Error("it was not cancelled")
			}
			start := time.Now()
			rt.Close()
			if d := time.Since(start); d > closeTime {
				t.Errorf("close took %v", d)
			}
			if out.String() != "" {
				t.Errorf("got %q", out.String())
			}
			// Let the opening that was left behind end.
			if p, err := os.OpenFile(name, os.O_RDWR|unix.O_NONBLOCK, 0); err == nil {
				p.Close()
			}
		})
	}
}

// waitsLong tells whether the fiber has been in one wait for 20 ms.
func (f *Fiber) waitsLong() bool {
	seen := f.rt.baton.grants.Load()
	time.Sleep(20 * time.Millisecond)
	return f.rt.baton.grants.Load() == seen && f.Status() == "waiting"
}

// TestFIFOClose closes a pipe that another fiber reads.
func TestFIFOClose(t *testing.T) {
	t.Parallel()
	var out lockedBuffer
	rt, _ := fifo(t, &out)
	ioSpawn(t, rt, `f = io.open(fifo, "r+")`, SpawnOptions{})
	rt.WaitIdle()
	f := ioSpawn(t, rt, `print(f:read())`, SpawnOptions{})
	waitFor(t, "the reader", func() bool { return f.Status() == "waiting" })
	ioSpawn(t, rt, `print(f:close())`, SpawnOptions{})
	rt.WaitIdle()
	rt.Close()
	if got := out.String(); !strings.Contains(got, "nil\tclosed\t0\n") || !strings.Contains(got, "true\n") {
		t.Errorf("got %q", got)
	}
}

// TestFIFOTalk passes lines between two fibers, both ways of a pipe.
func TestFIFOTalk(t *testing.T) {
	t.Parallel()
	var out lockedBuffer
	rt, _ := fifo(t, &out)
	ioSpawn(t, rt, `local f = io.open(fifo, "w") for i = 1, 100 do f:write(i, "\n") f:flush() end f:close()`, SpawnOptions{})
	ioSpawn(t, rt, `local n = 0 for l in io.lines(fifo) do n = n + l end print(n)`, SpawnOptions{})
	rt.WaitIdle()
	rt.Close()
	if out.String() != "5050\n" {
		t.Errorf("got %q", out.String())
	}
}

func TestPopen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, src, want string }{
		{"read", `local p = io.popen("printf 'a\\nb\\n'; exit 3") print(p:read("*a"), p:close())`, "a\nb\n\tnil\texit\t3\n"},
		{"lines", `for l in io.popen("echo 1; echo 2"):lines() do print(l) end`, "1\n2\n"},
		{"write", `local p = io.popen("tr a-z A-Z", "w") p:write("shout\n") print(p:close())`, "SHOUT\ntrue\texit\t0\n"},
		{"write much", `local p = io.popen("wc -c | tr -d ' '", "w") for i = 1, 100 do p:write(("x"):rep(9999)) end print(p:close())`, "999900\ntrue\texit\t0\n"},
		{"signal", `print(io.popen("kill -9 $$"):close())`, "nil\tsignal\t9\n"},
		{"not closed", `io.popen("cat", "w"):write("still written\n")`, "still written\n"},
		{"not closed in the end", `p = io.popen("cat", "w") p:write("still written\n")`, "still written\n"},
		{"wrong way", `local p = io.popen("cat", "w") print(p:read()) print(io.popen(":"):write("x"))`, "nil\tbad file descriptor\t9\nnil\tbad file descriptor\t9\n"},
		{"nobody reads", `local p = io.popen("exec <&-; sleep 5", "w") while true do local ok, err = p:write(("x"):rep(1e5)) if not ok then print(err) break end end os.exit()`, "broken pipe\n"},
		{"mode", `print(pcall(io.popen, ":", "rw"))`, "false\tio.popen: argument 2: \"r\" or \"w\" expected, got \"rw\"\n"},
		{"stderr", `io.popen("echo oops >&2"):close()`, "oops\n"},
		{"background", `local p = io.popen("sleep 3 >&- 2>&- & echo started") print(p:read("*a"), p:close())`, "started\n\ttrue\texit\t0\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, code := ioRun(t, nil, tt.src)
			if got = atLine.ReplaceAllString(got, ""); got != tt.want || code != 0 {
				t.Errorf("code %d, got %q, want %q", code, got, tt.want)
			}
		})
	}
}

func TestPopenCancel(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		`io.popen("sleep 3"):read()`,
		`io.popen("sleep 3"):close()`,
		`io.popen("sleep 3", "w"):write(("x"):rep(1e6))`,
		`os.execute("sleep 3")`,
		`os.execute("sleep 3; true")`,
		`os.execute("sleep 3 | cat; true")`,
	} {
		t.Run(src, func(t *testing.T) {
			t.Parallel()
			rt := ioRuntime(t, nil, io.Discard)
			defer rt.Close()
			ended := make(chan bool, 1)
			f := ioSpawn(t, rt, `pcall(function() `+src+` end) print("went on")`, SpawnOptions{
				OnEnd: func(_ *lua.LState, err *Error) bool { ended <- err != nil && err.Cancelled; return true },
			})
			waitFor(t, "the fiber to wait", func() bool { return f.Status() == "waiting" && f.waitsLong() })
			f.Cancel(Cancelled)
			if !awaitEnd(t, ended) {
				t.Error("it was not cancelled")
			}
		})
	}
}
