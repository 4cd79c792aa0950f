package bench

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const roleVar = "NETREPL_BENCH_ROLE"

func TestMain(m *testing.M) {
	if role := strings.Fields(os.Getenv(roleVar)); len(role) >= 2 {
		target := ""
		if len(role) > 2 {
			target = role[2]
		}
		serve(role[0], role[1], target)
		return
	}
	os.Exit(m.Run())
}

// span is how long one measurement takes; a benchmark makes b.N pairs of them.
const span = 400 * time.Millisecond

// pin runs fn with the calling thread, and the processes it starts, on one
// core. Where there is only one, nothing is pinned.
func pin(core int, fn func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old, set unix.CPUSet
	if unix.SchedGetaffinity(0, &old) != nil || old.Count() < 2 {
		fn()
		return
	}
	for cpu := range 1024 {
		if old.IsSet(cpu) {
			if core == 0 {
				set.Set(cpu)
				break
			}
			core--
		}
	}
	unix.SchedSetaffinity(0, &set)
	defer unix.SchedSetaffinity(0, &old)
	fn()
}

// process is a server in a process of its own, on the first core.
type process struct {
	cmd  *exec.Cmd
	addr string
}

func start(b testing.TB, kind, name, target string) *process {
	b.Helper()
	p := &process{}
	p.cmd = exec.Command(os.Args[0], "-test.run=none")
	p.cmd.Env = append(os.Environ(), roleVar+"="+strings.Join([]string{kind, name, target}, " "))
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	pin(0, func() { err = p.cmd.Start() })
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.cmd.Process.Kill(); p.cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	p.addr = strings.TrimSpace(line)
	return p
}

// rss answers the resident memory of the process in bytes.
func (p *process) rss(b testing.TB) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for _, l := range strings.Split(string(text), "\n") {
		var kb float64
		if _, err := fmt.Sscanf(l, "VmRSS: %f kB", &kb); err == nil {
			return kb * 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}

// compare measures Go and Lua in turn, b.N times, and reports both medians and
// their ratio: what Lua reaches of Go.
func compare(b *testing.B, unit string, measure func(kind string) float64) {
	var plain, ours []float64
	for b.Loop() {
		plain = append(plain, measure("go"))
		ours = append(ours, measure("lua"))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(plain), "go-"+unit)
	b.ReportMetric(median(ours), unit)
	b.ReportMetric(median(ours)/median(plain), "of-go")
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

// servers starts a job in Go and in Lua.
func servers(b testing.TB, name string) map[string]*process {
	return map[string]*process{"go": start(b, "go", name, ""), "lua": start(b, "lua", name, "")}
}

func BenchmarkPingPong(b *testing.B) {
	for _, n := range []int{1, 64, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := servers(b, "greet")
			compare(b, "req/s", func(kind string) (r float64) {
				pin(1, func() { r = lines(b, s[kind].addr, n, 1, span) })
				return r
			})
		})
	}
}

func BenchmarkPipelined(b *testing.B) {
	s := servers(b, "greet")
	compare(b, "req/s", func(kind string) (r float64) {
		pin(1, func() { r = lines(b, s[kind].addr, 8, 16, span) })
		return r
	})
}

func BenchmarkConnect(b *testing.B) {
	s := servers(b, "greet")
	compare(b, "conn/s", func(kind string) (r float64) {
		pin(1, func() { r = connects(b, s[kind].addr, span) })
		return r
	})
}

func BenchmarkUDPEcho(b *testing.B) {
	s := servers(b, "echo")
	compare(b, "echo/s", func(kind string) (r float64) {
		pin(1, func() { r = datagrams(b, s[kind].addr, 32, span) })
		return r
	})
}

func BenchmarkBulk(b *testing.B) {
	s := servers(b, "sink")
	compare(b, "MB/s", func(kind string) (r float64) {
		pin(1, func() { r = stream(b, s[kind].addr, span) })
		return r
	})
}

func BenchmarkUDPSender(b *testing.B) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	compare(b, "sent/s", func(kind string) float64 {
		p := start(b, kind, "sender", c.LocalAddr().String())
		defer p.cmd.Wait()
		defer p.cmd.Process.Kill()
		before := sentDatagrams(b)
		t := time.Now()
		time.Sleep(span)
		return float64(sentDatagrams(b)-before) / time.Since(t).Seconds()
	})
}

// sentDatagrams reads how many datagrams this machine has sent, from
// /proc/net/snmp; a receiver could not keep up with counting them.
func sentDatagrams(b testing.TB) uint64 {
	text, err := os.ReadFile("/proc/net/snmp")
	if err != nil {
		b.Skip(err)
	}
	for _, l := range strings.Split(string(text), "\n") {
		var in, noPorts, errs, out uint64
		if n, _ := fmt.Sscanf(l, "Udp: %d %d %d %d", &in, &noPorts, &errs, &out); n == 4 {
			return out
		}
	}
	b.Fatal("no Udp line in /proc/net/snmp")
	return 0
}

// BenchmarkIdle reports what an idle connection in its fiber costs in resident
// memory.
func BenchmarkIdle(b *testing.B) {
	n := 9000
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) == nil && int(lim.Cur) < n+100 {
		n = int(lim.Cur) - 100
		b.Logf("%d connections: the descriptor limit is %d", n, lim.Cur)
	}
	var plain, ours []float64
	for b.Loop() {
		for _, kind := range []string{"go", "lua"} {
			p := start(b, kind, "greet", "")
			before := p.rss(b)
			fds := idle(b, p.addr, n)
			each := (p.rss(b) - before) / float64(n)
			for _, fd := range fds {
				unix.Close(fd)
			}
			p.cmd.Process.Kill()
			p.cmd.Wait()
			if kind == "go" {
				plain = append(plain, each)
			} else {
				ours = append(ours, each)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(plain)/1024, "go-KB/conn")
	b.ReportMetric(median(ours)/1024, "KB/conn")
}
