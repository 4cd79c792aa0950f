package scripts_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestChat(t *testing.T) {
	t.Parallel()
	p, addr := serve(t, "", "chat_server.lua")
	join := func(name string) *conn {
		c := dial(t, addr)
		c.hear("Your name?\n")
		c.say(name + "\n")
		return c
	}
	ann := join("ann")
	ann.hear("Welcome, ann! Here: ann\n")
	bob := join(" bob\r")
	bob.hear("Welcome, bob! Here: ann, bob\n")
	ann.hear("* bob came\n")
	carl := join("ann")
	carl.hear("ann is taken.\n")
	carl.say("two words\n\n" + strings.Repeat("x", 21) + "\n\x1bcarl\n")
	carl.hear(strings.Repeat("One word, please, of at most 20 bytes.\n", 3))
	carl.hear("Welcome, carl! Here: ann, bob, carl\n")
	ann.hear("* carl came\n")
	bob.hear("* carl came\n")

	bob.say("hello\nall\x1b[2J\r\n")
	for _, c := range []*conn{ann, carl} {
		c.hear("bob: hello\nbob: all[2J\n")
	}
	bob.say("/who\n")
	bob.hear("Here: ann, bob, carl\n")
	carl.say("/quit\nnot said\n")
	carl.end()
	bob.Conn.(*net.TCPConn).SetLinger(0)
	ann.hear("* carl left\n")
	bob.Close()
	ann.hear("* bob left\n")
	ann.say("/who\n")
	ann.hear("Here: ann\n")
	p.expect("^bob left$")
}

// TestChatSlowMember checks that one who does not read holds up nobody.
func TestChatSlowMember(t *testing.T) {
	t.Parallel()
	_, addr := serve(t, "", "chat_server.lua")
	slow, reader, talker := dial(t, addr), dial(t, addr), dial(t, addr)
	for i, c := range []*conn{slow, reader, talker} {
		c.say(fmt.Sprintf("m%d\n", i))
		for !strings.HasPrefix(c.line(), "Welcome") {
		}
	}
	// More than the buffers between here and there hold.
	line := strings.Repeat("x", 100_000)
	for i := range 200 {
		talker.say(fmt.Sprintf("%d %s\n", i, line))
		want := fmt.Sprintf("m2: %d %s", i, line)
		for got := ""; got != want; {
			got = reader.line() // who came stands before it
		}
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	l := listen(t)
	p := start(t, "", script(t, "tcp_proxy.lua", "127.0.0.1:0", l.Addr().String()))
	addr := p.expect(`^listening on (\S+)$`)[1]
	c := dial(t, addr)
	s := accept(t, l)
	c.say("question")
	s.hear("question")
	s.say("answer")
	c.hear("answer")
	// One direction ends, the other goes on.
	c.Conn.(*net.TCPConn).CloseWrite()
	s.end()
	s.say("late")
	s.Close()
	c.hear("late")
	c.end()
	p.expect(`^127\.0\.0\.1 port \d+: 8 bytes there, 10 bytes back$`)

	// Many at once, one of them broken.
	var all []*conn
	for i := range 20 {
		c := dial(t, addr)
		s := accept(t, l)
		c.say(fmt.Sprint(i))
		s.hear(fmt.Sprint(i))
		all = append(all, c, s)
	}
	all[0].Conn.(*net.TCPConn).SetLinger(0)
	all[0].Close()
	p.expect(`: 1 bytes there, 0 bytes back$`)
	for i := 2; i < len(all); i += 2 {
		all[i+1].say("x")
		all[i].hear("x")
	}

	l.Close()
	c = dial(t, addr)
	c.end()
	eventually(t, "the refusal is logged", func() bool {
		return strings.Contains(p.text(), ": "+l.Addr().String()+": connection refused\n")
	})
}

func TestProxyArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"8080", "h:1"}, {"h:1", "h"}, {"h:1", "h:70000"}} {
		run(t, "", "", script(t, "tcp_proxy.lua", args...)).want(t, "", "tcp_proxy.lua: host:port expected, got ", 2)
	}
	run(t, "", "", script(t, "tcp_proxy.lua", "127.0.0.1:1")).want(t, "", "TARGET is missing", 2)
}

func TestPortScan(t *testing.T) {
	t.Parallel()
	var ports []string
	lowest, highest := 65535, 0
	for range 3 {
		p := port(listen(t).Addr().String())
		ports = append(ports, p)
		n, _ := strconv.Atoi(p)
		lowest, highest = min(lowest, n), max(highest, n)
	}
	closed := freePort(t, "tcp")
	r := run(t, "", "", script(t, "port_scan.lua", "127.0.0.1", "--ports", strings.Join(append(ports, closed), ",")))
	for _, p := range ports {
		if !strings.Contains("\n"+r.out, "\n"+p+"\n") {
			t.Errorf("%s is open and not found", p)
		}
	}
	if strings.Contains("\n"+r.out, "\n"+closed+"\n") {
		t.Errorf("%s is closed and found", closed)
	}
	if want := "127.0.0.1: 1 connection refused, 3 open\n"; r.err != want || r.code != 0 {
		t.Errorf("exit %d, %q, want %q", r.code, r.err, want)
	}

	// A range, some fibers, a name, and progress where it was asked for.
	first, _ := strconv.Atoi(ports[0])
	from, to := max(1, first-500), min(65535, first+500)
	r = run(t, "", "", script(t, "port_scan.lua", "localhost", "--ports", fmt.Sprintf("%d-%d", from, to), "--at-once", "5", "--progress"))
	if !strings.Contains("\n"+r.out, "\n"+ports[0]+"\n") {
		t.Errorf("%s is open and not found", ports[0])
	}
	for _, line := range strings.Fields(r.out) {
		if n, err := strconv.Atoi(line); err != nil || n < from || n > to {
			t.Errorf("it printed %q", line)
		}
	}
	if !regexp.MustCompile(`\r\d+ of \d+ ports, \d+ open\n127\.0\.0\.1: `).MatchString(r.err) {
		t.Errorf("error output %q", r.err)
	}
}

// TestPortScanTerminal checks that progress shows on a terminal.
func TestPortScanTerminal(t *testing.T) {
	t.Parallel()
	pty := program(t, "script")
	if runtime.GOOS != "linux" {
		t.Skip("script takes other arguments here")
	}
	p := port(listen(t).Addr().String())
	line := append([]string{"env", "TERM=dumb"}, script(t, "port_scan.lua", "127.0.0.1", "--ports", p)...)
	r := run(t, t.TempDir(), "", []string{pty, "-qec", strings.Join(line, " "), "typescript"})
	if !strings.Contains(r.out, "\r1 of 1 ports, 1 open\r\n"+p+"\r\n127.0.0.1: 1 open\r\n") {
		t.Errorf("%+v", r)
	}
}

func TestPortScanArguments(t *testing.T) {
	t.Parallel()
	for _, ports := range []string{"", "0", "65536", "5-4", "1-", "-1", "1-2-3", "22,,80", "http", "1e3", "1.5", "0x50", "99999999999999999999"} {
		run(t, "", "", script(t, "port_scan.lua", "--ports="+ports, "127.0.0.1")).want(t, "", "port_scan.lua: --ports: ports such as ", 2)
	}
	run(t, "", "", script(t, "port_scan.lua", "--at-once", "0", "127.0.0.1")).want(t, "", "--at-once", 2)
	run(t, "", "", script(t, "port_scan.lua", "no-such-host.invalid")).want(t, "", "port_scan.lua: no-such-host.invalid: ", 1)
}

// ntpTime is a time as NTP writes it.
func ntpTime(t time.Time) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(t.Unix()+2208988800))
	return binary.BigEndian.AppendUint32(b, uint32(uint64(t.Nanosecond())<<32/1e9))
}

// timeServer answers one question after change has had a look at the answer,
// and sends no answer if that is empty.
func timeServer(t *testing.T, offset time.Duration, change func(answer []byte) []byte) (port string) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(limit))
	go func() {
		question := make([]byte, 100)
		n, from, err := c.ReadFrom(question)
		if err != nil {
			return
		}
		received := time.Now().Add(offset)
		if n != 48 || question[0] != 4<<3|3 {
			t.Errorf("question of %d bytes, % x", n, question[:n])
			return
		}
		answer := []byte{4<<3 | 4, 2, 6, 0xec, 0, 0, 0, 1, 0, 0, 0, 2, 127, 0, 0, 1}
		answer = append(answer, ntpTime(received.Add(-time.Minute))...)
		answer = append(answer, question[40:48]...)
		answer = append(answer, ntpTime(received)...)
		answer = append(answer, ntpTime(time.Now().Add(offset))...)
		if answer = change(answer); len(answer) > 0 {
			c.WriteTo(answer, from)
		}
	}()
	_, port, _ = net.SplitHostPort(c.LocalAddr().String())
	return port
}

func TestSNTP(t *testing.T) {
	t.Parallel()
	// The last is after 2036, when the seconds start again from 0.
	for _, offset := range []time.Duration{0, 90 * time.Second, -1500 * time.Millisecond, 20 * 365 * 24 * time.Hour} {
		port := timeServer(t, offset, func(b []byte) []byte { return b })
		r := run(t, "", "", script(t, "sntp.lua", "127.0.0.1", "--port", port))
		m := regexp.MustCompile(`^time    (\S+ \S+) UTC
offset  (\S+) s, the clock here is (ahead|behind)
delay   (\S+) s
server  127\.0\.0\.1, stratum 2
$`).FindStringSubmatch(r.out)
		if m == nil || r.code != 0 || r.err != "" {
			t.Fatalf("%+v", r)
		}
		at, err := time.Parse("2006-01-02 15:04:05.000", m[1])
		if d := time.Until(at) - offset; err != nil || d > time.Second || d < -limit {
			t.Errorf("offset %v: time %s is off by %v, %v", offset, m[1], d, err)
		}
		got, err := strconv.ParseFloat(m[2], 64)
		delay, err2 := strconv.ParseFloat(m[4], 64)
		if err != nil || err2 != nil || delay < 0 {
			t.Errorf("%s %v %v", m[0], err, err2)
		}
		// Half of the delay is what it may be wrong by, and the clock of a virtual
		// machine is set by some milliseconds now and then.
		if d := got - offset.Seconds(); d > delay/2+0.05 || d < -delay/2-0.05 {
			t.Errorf("offset %s, want %f, delay %f", m[2], offset.Seconds(), delay)
		}
		if offset != 0 && (m[3] == "behind") != (offset > 0) {
			t.Errorf("offset %v: the clock here is %s", offset, m[3])
		}
	}
}

func TestSNTPFailures(t *testing.T) {
	t.Parallel()
	set := func(i int, values ...byte) func([]byte) []byte {
		return func(b []byte) []byte {
			copy(b[i:], values)
			return b
		}
	}
	for _, tt := range []struct {
		want   string
		change func([]byte) []byte
	}{
		{"answer too short", func(b []byte) []byte { return b[:47] }},
		{"timeout", func([]byte) []byte { return nil }},
		{"not the answer of a server", set(0, 4<<3|3)},
		{"not the answer to this question", set(24, 1)},
		{"the server refuses: RATE", func(b []byte) []byte { return set(12, 'R', 'A', 'T', 'E')(set(1, 0)(b)) }},
		{"the server's own clock is not set", set(0, 3<<6|4<<3|4)},
		{"the server's own clock is not set", set(1, 16)},
	} {
		port, timeout := timeServer(t, 0, tt.change), "30s"
		if tt.want == "timeout" {
			timeout = "100ms"
		}
		run(t, "", "", script(t, "sntp.lua", "127.0.0.1", "--port", port, "--timeout", timeout)).
			want(t, "", "sntp.lua: 127.0.0.1 port "+port+": "+tt.want+"\n", 1)
	}
	free := freePort(t, "udp")
	run(t, "", "", script(t, "sntp.lua", "127.0.0.1", "--port", free)).
		want(t, "", "sntp.lua: 127.0.0.1 port "+free+": connection refused\n", 1)
}
