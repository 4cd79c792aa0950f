package socket_test

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/netrepl/netrepl/luaapi/vm"
)

// names is a network whose names come from a responder of the test: both.test
// has an address of each family, four.test and six.test have one, nobody knows
// none.test, and to silent.test there is no answer.
type names struct {
	vm.Net
	server net.PacketConn
	r      *net.Resolver

	mu    sync.Mutex
	conns []net.Conn
}

func newNames(t *testing.T) *names {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{Net: vm.SystemHost(nil, nil, nil).Net, server: server}
	n.r = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
		if err == nil {
			n.mu.Lock()
			n.conns = append(n.conns, c)
			n.mu.Unlock()
		}
		return c, err
	}}
	var served sync.WaitGroup
	served.Go(n.serve)
	t.Cleanup(func() {
		server.Close()
		served.Wait()
		// Go leaves behind what waits for an answer.
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, c := range n.conns {
			c.Close()
		}
	})
	return n
}

func (n *names) Dial(ctx context.Context, d *net.Dialer, network, address string) (net.Conn, error) {
	d.Resolver = n.r
	return n.Net.Dial(ctx, d, network, address)
}

func (n *names) LookupIP(ctx context.Context, network, host string) ([]net.IP, error) {
	return n.r.LookupIP(ctx, network, host)
}

// serve answers questions.
func (n *names) serve() {
	buf := make([]byte, 1500)
	for {
		k, from, err := n.server.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:k]) != nil || len(m.Questions) != 1 {
			continue
		}
		q := m.Questions[0]
		name, _, _ := strings.Cut(q.Name.String(), ".")
		m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
		h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
		switch {
		case name == "silent":
			continue
		case q.Type == dnsmessage.TypeA && (name == "both" || name == "four"):
			m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
		case q.Type == dnsmessage.TypeAAAA && (name == "both" || name == "six"):
			m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AAAAResource{AAAA: [16]byte{15: 1}}}}
		case name != "both" && name != "four" && name != "six":
			m.RCode = dnsmessage.RCodeNameError
		}
		if answer, err := m.Pack(); err == nil {
			n.server.WriteTo(answer, from)
		}
	}
}

// runNames runs a script with those names.
func runNames(t *testing.T, src string) {
	t.Helper()
	t.Parallel()
	host := vm.SystemHost(strings.NewReader(""), os.Stdout, os.Stderr)
	host.Net = newNames(t)
	if err := script(host, `
		local function check(got, want)
			if got ~= want then error(("got %s, want %s"):format(tostring(got), tostring(want)), 2) end
		end
		`+src+`
		run(check)`); err != nil {
		t.Error(err)
	}
}

func TestNamesOfBothFamilies(t *testing.T) {
	runNames(t, `function run(check)
		local four = assert(socket.listen("127.0.0.1", 0))
		local _, port4 = four:getsockname()
		local six = assert(socket.listen("::1", 0))
		local _, port6 = six:getsockname()
		-- whichever of the two listens is found
		for _ = 1, 5 do
			check(assert(socket.connect("both.test.", port4)):getpeername(), "127.0.0.1")
			check(assert(socket.connect("both.test.:" .. port6)):getpeername(), "::1")
			check(assert(socket.dial("tcp://both.test.:" .. port6)):getpeername(), "::1")
		end
		check(assert(socket.connect("four.test.", port4)):getpeername(), "127.0.0.1")
		check(assert(socket.connect("six.test.", port6)):getpeername(), "::1")
		check(select(2, socket.connect("both.test.", port4, {family = "6"})), "connection refused")
		check(select(2, socket.connect("both.test.", port6, {family = "4"})), "connection refused")
		assert(socket.connect("both.test.", port4, {family = "4"}))
		assert(socket.tcp6():connect("both.test.", port6))
		check(select(2, socket.tcp4():connect("both.test.", port6)), "connection refused")
		-- a name of the other family is none
		check(select(2, socket.tcp4():connect("six.test.", port6)), "host not found")
		check(select(2, socket.tcp6():connect("four.test.", port4)), "host not found")
		check(select(2, socket.connect("four.test.", port4, {family = "6"})), "host not found")
		check(select(2, socket.tcp4():bind("six.test.", 0)), "host not found")
		check(select(2, socket.udp6():sendto("x", "four.test.", port4)), "host not found")
		check(select(2, socket.udp4():connect("six.test.", port6)), "host not found")
		-- from an address of one family only that family is tried
		assert(socket.connect("both.test.", port4, {localaddr = "127.0.0.1"}))
		check(select(2, socket.connect("both.test.", port6, {localaddr = "127.0.0.1"})), "connection refused")
	end`)
}

func TestNamesToListenAndSendTo(t *testing.T) {
	runNames(t, `function run(check)
		check(assert(socket.listen("both.test.", 0)):getsockname(), "127.0.0.1")
		check(assert(socket.listen("six.test.", 0)):getsockname(), "::1")
		check(assert(socket.listen("both.test.", 0, {family = "6"})):getsockname(), "::1")
		local four, six = socket.udp(), socket.udp()
		assert(four:bind("four.test.", 0))
		check(four:getsockname(), "127.0.0.1")
		assert(six:bind("six.test.", 0))
		check(six:getsockname(), "::1")
		local _, port4 = four:getsockname()
		local _, port6 = six:getsockname()
		assert(socket.udp():sendto("a", "both.test.", port4))
		assert(four:sendto("b", "both.test.", port4))
		assert(socket.udp6():sendto("c", "both.test.", port6))
		assert(six:sendto("d", "both.test.", port6))
		check(four:recvfrom() .. four:recvfrom(), "ab")
		check(six:recvfrom() .. six:recvfrom(), "cd")
		local u = socket.udp()
		assert(u:bind("::1", 0))
		assert(u:connect("both.test.", port6))
		check(u:getpeername(), "::1")
	end`)
}

func TestNamesThatNobodyKnows(t *testing.T) {
	runNames(t, `function run(check)
		check(select(2, socket.connect("none.test.", 80)), "host not found")
		check(select(2, socket.connect("none.test.:80")), "host not found")
		check(select(2, socket.listen("none.test.", 80)), "host not found")
		check(select(2, socket.serve("none.test.", 80, print)), "host not found")
		check(select(2, socket.dial("tcp://none.test.:80")), "host not found")
		check(select(2, socket.dial("udp://none.test.:80")), "host not found")
		check(select(2, socket.tcp():connect("none.test.", 80)), "host not found")
		check(select(2, socket.tcp():bind("none.test.", 80)), "host not found")
		check(select(2, socket.udp():bind("none.test.", 80)), "host not found")
		check(select(2, socket.udp():connect("none.test.", 80)), "host not found")
		check(select(2, socket.udp():sendto("x", "none.test.", 80)), "host not found")
		check(select(2, socket.udp():sendto({"x"}, "none.test.", 80)), "host not found")
		for _, name in ipairs({"no name", "a..b", "-", ".", ("x"):rep(300), "a\0b", "127.0.0.1.5", "1.2.3", "::1::"}) do
			local c, err = socket.connect(name, 80, {timeout = 5})
			check(c, nil)
			check(err, "host not found")
		end
	end`)
}

// A look-up that nobody answers ends with the fiber, and with the timeout.
func TestNamesWithoutAnAnswer(t *testing.T) {
	runNames(t, `
		local within = 0.05 * test.slow
		local calls = {
			function(d) return socket.connect("silent.test.", 80, {timeout = d}) end,
			function(d) return socket.dial("tcp://silent.test.:80", {timeout = d}) end,
			function(d) return socket.dial("udp://silent.test.:80", {timeout = d}) end,
			function(d) local s = socket.tcp() s:settimeout(d) return s:connect("silent.test.", 80) end,
			function(d) local s = socket.tcp() s:settimeout(d) return s:bind("silent.test.", 80) end,
			function(d) local s = socket.udp() s:settimeout(d) return s:bind("silent.test.", 80) end,
			function(d) local s = socket.udp() s:settimeout(d) return s:connect("silent.test.", 80) end,
			function(d) local s = socket.udp() s:settimeout(d) return s:sendto("x", "silent.test.", 80) end,
		}
		function run(check)
			for i, call in ipairs(calls) do
				local start = fiber.now()
				local ok, err = call(0.03)
				check(ok, nil)
				check(err, "timeout")
				assert(fiber.now() - start < 1, i)
				local took
				for try = 1, 3 do
					local f = spawn(call)
					while f:status() ~= "waiting" do sleep(0.001) end
					sleep(0.01)
					start = fiber.now()
					f:cancel()
					check(select(2, f:join(5)), "cancelled")
					took = fiber.now() - start
					if took <= within then break end
				end
				assert(took <= within, i .. ": " .. took)
			end
			local s = socket.tcp()
			local f = spawn(function() return s:connect("silent.test.", 80) end)
			while f:status() ~= "waiting" do sleep(0.001) end
			s:close()
			local ok, c, err = f:join(5)
			check(c, nil)
			check(err, "closed")
			check(tostring(s), "tcp closed")
			local u = socket.udp()
			u:settimeout(0.05)
			f = spawn(function() return u:bind("silent.test.", 80) end)
			while f:status() ~= "waiting" do sleep(0.001) end
			u:close()
			ok, c, err = f:join(5)
			check(err, "closed")
		end`)
}
