package bench

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
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
	b.Cleanup(p.stop)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	p.addr = strings.TrimSpace(line)
	return p
}

// stop ends the process; it may be called again.
func (p *process) stop() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
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

// cpu answers the processor time the process has used, in ticks.
func (p *process) cpu(b testing.TB) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')'):]))
	var user, system float64
	fmt.Sscan(fields[12]+" "+fields[13], &user, &system) // utime and stime, see proc(5)
	return user + system
}

// compare measures a job in Go and in Lua in turn, b.N times, and reports the
// medians of both and of their ratio: what Lua reaches of Go, by the clock and
// by the server's processor time, which busy neighbours disturb less.
func compare(b *testing.B, name, unit string, measure func(p *process) float64) {
	plain, ours := start(b, "go", name, ""), start(b, "lua", name, "")
	var rates, plainRates, ratios, cpuRatios []float64
	once := func(p *process) (rate, perCPU float64) {
		before := p.cpu(b)
		t := time.Now()
		rate = measure(p)
		return rate, rate * time.Since(t).Seconds() / (p.cpu(b) - before)
	}
	for b.Loop() {
		r1, c1 := once(plain)
		r2, c2 := once(ours)
		plainRates, rates = append(plainRates, r1), append(rates, r2)
		ratios, cpuRatios = append(ratios, r2/r1), append(cpuRatios, c2/c1)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(plainRates), "go-"+unit)
	b.ReportMetric(median(rates), unit)
	b.ReportMetric(median(ratios), "of-go")
	b.ReportMetric(median(cpuRatios), "of-go/cpu-s")
}

// load runs fn on the second core.
func load(fn func() float64) (r float64) {
	pin(1, func() { r = fn() })
	return r
}

func BenchmarkPingPong(b *testing.B) {
	for _, n := range []int{1, 64, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			compare(b, "greet", "req/s", func(p *process) float64 {
				return load(func() float64 { return lines(b, p.addr, n, 1, span) })
			})
		})
	}
}

func BenchmarkPipelined(b *testing.B) {
	compare(b, "greet", "req/s", func(p *process) float64 {
		return load(func() float64 { return lines(b, p.addr, 8, 16, span) })
	})
}

func BenchmarkConnect(b *testing.B) {
	compare(b, "greet", "conn/s", func(p *process) float64 {
		return load(func() float64 { return connects(b, p.addr, span) })
	})
}

func BenchmarkUDPEcho(b *testing.B) {
	compare(b, "echo", "echo/s", func(p *process) float64 {
		return load(func() float64 { return datagrams(b, p.addr, 32, span) })
	})
}

func BenchmarkBulk(b *testing.B) {
	compare(b, "sink", "MB/s", func(p *process) float64 {
		return load(func() float64 { return stream(b, p.addr, span) })
	})
}

// BenchmarkUDPSender lets each sender run alone; where it sends to, somebody
// listens and never reads.
func BenchmarkUDPSender(b *testing.B) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	send := func(kind string) float64 {
		p := start(b, kind, "sender", c.LocalAddr().String())
		defer p.stop()
		before, t := arrived(b), time.Now()
		time.Sleep(span)
		return float64(arrived(b)-before) / time.Since(t).Seconds()
	}
	var plain, ours, ratios []float64
	for b.Loop() {
		p, o := send("go"), send("lua")
		plain, ours, ratios = append(plain, p), append(ours, o), append(ratios, o/p)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(plain), "go-sent/s")
	b.ReportMetric(median(ours), "sent/s")
	b.ReportMetric(median(ratios), "of-go")
}

// arrived reads how many datagrams have come to this machine, from
// /proc/net/snmp, those dropped because nobody reads them included: a receiver
// could not keep up with counting, and what is sent as one buffer to be cut up
// counts as one on the way out.
func arrived(b testing.TB) uint64 {
	text, err := os.ReadFile("/proc/net/snmp")
	if err != nil {
		b.Skip(err)
	}
	for _, l := range strings.Split(string(text), "\n") {
		var in, noPorts, errs uint64
		if n, _ := fmt.Sscanf(l, "Udp: %d %d %d", &in, &noPorts, &errs); n == 3 {
			return in + errs
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
			for _, fd := range idle(b, p.addr, 200) { // load the code that will run
				unix.Close(fd)
			}
			before := p.rss(b)
			fds := idle(b, p.addr, n)
			time.Sleep(3 * time.Second) // both have come to rest
			each := (p.rss(b) - before) / float64(n)
			for _, fd := range fds {
				unix.Close(fd)
			}
			p.stop()
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
