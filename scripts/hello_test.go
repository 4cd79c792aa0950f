package scripts_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

const greetings = "Welcome!\nHello, Michael!\nHello, Tracy!\nHello, Sarah!\n"

// bare are the greetings of a server that adds no space.
var bare = strings.ReplaceAll(greetings, ", ", ",")

func TestHelloServer(t *testing.T) {
	t.Parallel()
	p, addr := serve(t, "", "hello_server.lua")
	c := dial(t, addr)
	c.hear("Welcome!\n")
	p.expect(`^127\.0\.0\.1 port \d+ came$`)
	c.say("Michael\n")
	c.hear("Hello, Michael!\n")
	c.say("one\ntwo\r\n\nhal")
	c.hear("Hello, one!\nHello, two!\nHello, !\n")
	c.say("f\n\x00\xff\n")
	c.hear("Hello, half!\nHello, \x00\xff!\n")
	c.say("exit\nnot answered\n")
	c.end()
	p.expect(`^127\.0\.0\.1 port \d+ left$`)

	gone := dial(t, addr)
	gone.Close()
	p.expect(`left$`)
}

func TestHelloServerQuiet(t *testing.T) {
	t.Parallel()
	p, addr := serve(t, "", "hello_server.lua", "--quiet", "--host", "*")
	c := dial(t, net.JoinHostPort("127.0.0.1", port(addr)))
	c.say("exit\n")
	c.hear("Welcome!\n")
	c.end()
	p.stop()
	if text := p.text(); strings.Count(text, "\n") != 1 {
		t.Errorf("it printed %q", text)
	}
}

func TestHelloServerManyClients(t *testing.T) {
	t.Parallel()
	_, addr := serve(t, "", "hello_server.lua", "-q")
	var all []*conn
	for range 1000 {
		all = append(all, dial(t, addr))
	}
	for i, c := range all {
		c.hear("Welcome!\n")
		c.say(fmt.Sprintf("%d\n", i))
	}
	for i := len(all) - 1; i >= 0; i-- {
		all[i].hear(fmt.Sprintf("Hello, %d!\n", i))
	}
}

func TestHelloClient(t *testing.T) {
	t.Parallel()
	p, addr := serve(t, "", "hello_server.lua")
	run(t, "", "", script(t, "hello_client.lua", "--port", port(addr))).want(t, greetings, "", 0)
	p.expect("left$")
	run(t, "", "", script(t, "hello_client.lua", "--host", "localhost", "-h")).want(t, run(t, "", "", script(t, "hello_client.lua", "--help")).out, "", 0)
	run(t, "", "", script(t, "hello_client.lua", "--port", port(addr), "Ada", "Grace Hopper")).
		want(t, "Welcome!\nHello, Ada!\nHello, Grace Hopper!\n", "", 0)
	// A raw client waits for ever, because no line ever ends.
	run(t, "", "", script(t, "hello_client.lua", "--port", port(addr), "--raw", "--timeout", "2s")).
		want(t, "Welcome!\n\n", "hello_client.lua: no answer: timeout\n", 1)
}

func TestHelloIPv6(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 on this machine: %v", err)
	}
	l.Close()
	p, addr := serve(t, "", "hello_server.lua", "--host", "::1")
	run(t, "", "", script(t, "hello_client.lua", "--host", "[::1]", "--port", port(addr))).want(t, greetings, "", 0)
	p.expect("^::1 port .* left$")
}

func TestHelloClientFailures(t *testing.T) {
	t.Parallel()
	free := freePort(t, "tcp")
	run(t, "", "", script(t, "hello_client.lua", "--port", free)).
		want(t, "", "hello_client.lua: 127.0.0.1 port "+free+": connection refused\n", 1)
	run(t, "", "", script(t, "hello_client.lua", "--port", "70000")).want(t, "", "--port: port 0..65535 expected", 2)
	l := listen(t)
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Write([]byte("Welcome!\n"))
			c.Close()
		}
	}()
	run(t, "", "", script(t, "hello_client.lua", "--port", port(l.Addr().String()))).
		want(t, "Welcome!\n", "hello_client.lua: no answer: ", 1)
}

// TestHelloClientChunks checks what a raw client sends: names, no line ends.
func TestHelloClientChunks(t *testing.T) {
	t.Parallel()
	l := listen(t)
	p := start(t, "", script(t, "hello_client.lua", "--raw", "--port", port(l.Addr().String())))
	c := accept(t, l)
	c.say("Welcome!")
	for _, name := range []string{"Michael", "Tracy", "Sarah"} {
		c.hear(name)
		c.say("Hello,\n" + name)
	}
	c.hear("exit")
	c.end()
	if code := p.wait(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if got, want := p.text(), "Welcome!\nHello,\nMichael\nHello,\nTracy\nHello,\nSarah\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestBSDServer(t *testing.T) {
	t.Parallel()
	p, addr := serve(t, "", "bsd_server.lua", "--delay", "0")
	c := dial(t, addr)
	p.expect(`^Accept new connection from 127\.0\.0\.1:\d+$`)
	c.hear("Welcome!")
	c.say("a")
	c.hear("Hello,a!")
	c.say("b\n\x00")
	c.hear("Hello,b\n\x00!")
	c.say("exit")
	c.end()
	p.expect(`^Connection from 127\.0\.0\.1:\d+ closed\.$`)
	dial(t, addr).Close()
	p.expect(`closed\.$`)
	run(t, "", "", script(t, "hello_client.lua", "--raw", "--port", port(addr))).want(t, bare, "", 0)
}

// TestBSDServerTenClients checks that ten clients at once do not wait for each
// other: each answer takes a second.
func TestBSDServerTenClients(t *testing.T) {
	t.Parallel()
	_, addr := serve(t, "", "bsd_server.lua")
	var all []*conn
	for range 10 {
		c := dial(t, addr)
		c.hear("Welcome!")
		all = append(all, c)
	}
	before := time.Now()
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() {
			c.say(fmt.Sprint(i))
			want := fmt.Sprintf("Hello,%d!", i)
			buf := make([]byte, 100)
			if n, err := c.Read(buf); string(buf[:n]) != want {
				t.Errorf("got %q, %v, want %q", buf[:n], err, want)
			}
		})
	}
	wg.Wait()
	if d := time.Since(before); d < time.Second || d > 5*time.Second {
		t.Errorf("ten clients took %v, want about a second", d)
	}
}

func TestUDP(t *testing.T) {
	t.Parallel()
	p, addr := serve(t, "", "udp_server.lua")
	names := strings.TrimPrefix(greetings, "Welcome!\n")
	run(t, "", "", script(t, "udp_sender.lua", "--port", port(addr))).want(t, names, "", 0)
	p.expect(`^7 bytes from 127\.0\.0\.1 port \d+$`)
	run(t, "", "", script(t, "udp_sender.lua", "--port", port(addr), "", "two words")).want(t, "Hello, !\nHello, two words!\n", "", 0)

	c, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	u := wrap(t, c)
	// The answer to the largest datagram would be larger than that.
	u.say(strings.Repeat("x", 65507))
	u.say("\x00")
	buf := make([]byte, 100)
	if n, err := u.Read(buf); string(buf[:n]) != "Hello, \x00!" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
	eventually(t, "it says what went wrong", func() bool { return strings.Contains(p.text(), ": message too long\n") })
}

func TestUDPNoAnswer(t *testing.T) {
	t.Parallel()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	run(t, "", "", script(t, "udp_sender.lua", "--port", port(c.LocalAddr().String()), "--timeout", "50ms", "x")).
		want(t, "", "udp_sender.lua: no answer: timeout\n", 1)
	c.SetDeadline(time.Now().Add(limit))
	buf := make([]byte, 100)
	if n, _, err := c.ReadFrom(buf); string(buf[:n]) != "x" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
}

func TestUDPQuiet(t *testing.T) {
	t.Parallel()
	p, addr := serve(t, "", "udp_server.lua", "--quiet")
	run(t, "", "", script(t, "udp_sender.lua", "--port", port(addr), "x")).want(t, "Hello, x!\n", "", 0)
	p.stop()
	if text := p.text(); strings.Count(text, "\n") != 1 {
		t.Errorf("it printed %q", text)
	}
}
