package scripts_test

import (
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The programs in testdata are those of a Python lesson on sockets.

func TestPythonClient(t *testing.T) {
	t.Parallel()
	py := python(t)
	p, addr := serve(t, "", "bsd_server.lua", "--delay", "100ms")
	run(t, "", "", []string{py, testdata(t, "tcp_client.py"), port(addr)}).want(t, bare, "", 0)
	p.expect("^Accept new connection")
	p.expect("closed")
}

func TestPythonServer(t *testing.T) {
	t.Parallel()
	py := python(t)
	free := freePort(t, "tcp")
	p := start(t, "", []string{py, testdata(t, "tcp_server.py"), free})
	dialUntil(t, p, net.JoinHostPort("127.0.0.1", free)).hear("Welcome!")
	run(t, "", "", script(t, "hello_client.lua", "--raw", "--port", free)).want(t, bare, "", 0)
	p.expect("^Connection from .* closed.$")
}

func TestPythonUDPSender(t *testing.T) {
	t.Parallel()
	py := python(t)
	_, addr := serve(t, "", "udp_server.lua")
	run(t, "", "", []string{py, testdata(t, "udp_sender.py"), port(addr)}).
		want(t, strings.TrimPrefix(greetings, "Welcome!\n"), "", 0)
}

func TestPythonUDPServer(t *testing.T) {
	t.Parallel()
	py := python(t)
	free := freePort(t, "udp")
	start(t, "", []string{py, testdata(t, "udp_server.py"), free})
	c, err := net.Dial("udp", net.JoinHostPort("127.0.0.1", free))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	eventually(t, "the UDP server answers", func() bool {
		c.Write([]byte("x"))
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		n, _ := c.Read(make([]byte, 100))
		return n > 0
	})
	run(t, "", "", script(t, "udp_sender.lua", "--port", free)).
		want(t, strings.TrimPrefix(greetings, "Welcome!\n"), "", 0)
}

// httpServer serves a folder with Python's own server.
func httpServer(t *testing.T, dir string) (addr string) {
	t.Helper()
	p := start(t, dir, []string{python(t), "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"})
	m := p.expect(`^Serving HTTP on (\S+) port (\d+)`)
	return net.JoinHostPort(m[1], m[2])
}

func TestFetchFromPython(t *testing.T) {
	t.Parallel()
	site, dir := t.TempDir(), t.TempDir()
	big := make([]byte, 20_000_000)
	rand.NewChaCha8([32]byte{1}).Read(big)
	writeFile(t, filepath.Join(site, "big.bin"), big)
	addr := httpServer(t, site)
	url := "http://" + addr + "/big.bin"

	r := run(t, dir, "", script(t, "http_fetch.lua", url))
	wantFile(t, filepath.Join(dir, "big.bin"), big)
	if r.code != 0 || !strings.HasPrefix(r.out, "HTTP/1.0 200 OK\r\n") || !strings.Contains(r.out, "Content-Length: 20000000\r\n") ||
		!strings.HasSuffix(r.out, "\n20000000 bytes saved as big.bin\n") || r.err != "" {
		t.Errorf("%+v", r)
	}

	// The lesson's own fetch gets the same.
	run(t, dir, "", []string{python(t), testdata(t, "fetch.py"), port(addr), "/big.bin", "python.bin"})
	wantFile(t, filepath.Join(dir, "python.bin"), big)

	r = run(t, dir, "", script(t, "http_fetch.lua", url, "-"))
	if r.out != string(big) || r.code != 0 || !strings.HasPrefix(r.err, "HTTP/1.0 200 OK") {
		t.Errorf("%d bytes, exit %d, %s", len(r.out), r.code, r.err)
	}

	r = run(t, dir, "", script(t, "http_fetch.lua", "http://"+addr))
	if list, err := os.ReadFile(filepath.Join(dir, "index.html")); err != nil || !strings.Contains(string(list), "big.bin") {
		t.Errorf("%+v: index.html: %v, %s", r, err, list)
	}
	r = run(t, dir, "", script(t, "http_fetch.lua", "http://"+addr+"/none"))
	if r.code != 1 || !strings.HasPrefix(r.out, "HTTP/1.0 404 ") || !strings.HasSuffix(r.err, "/none: 404 File not found\n") {
		t.Errorf("%+v", r)
	}
	wantFiles(t, dir, "big.bin", "index.html", "python.bin")
}

func TestNetcat(t *testing.T) {
	t.Parallel()
	nc := program(t, "nc")
	if help, _ := exec.Command(nc, "-h").CombinedOutput(); !strings.Contains(string(help), "OpenBSD") {
		t.Skip("this nc is not OpenBSD's")
	}
	_, addr := serve(t, "", "hello_server.lua")
	run(t, "", "Michael\nTracy\nSarah\nexit\n", []string{nc, "127.0.0.1", port(addr)}).want(t, greetings, "", 0)
	// With CRLF line ends; the end of the input ends the connection, too.
	run(t, "", "Michael\nTracy\nSarah\n", []string{nc, "-C", "-N", "127.0.0.1", port(addr)}).want(t, greetings, "", 0)
	run(t, "", "", script(t, "port_scan.lua", "127.0.0.1", "--ports", port(addr))).want(t, port(addr)+"\n", "1 open", 0)
}

func TestCurl(t *testing.T) {
	t.Parallel()
	curl := program(t, "curl")
	_, addr := serve(t, "", "hello_server.lua")
	run(t, "", "Michael\nTracy\nSarah\nexit\n", []string{curl, "-s", "telnet://" + addr}).want(t, greetings, "", 0)

	site := t.TempDir()
	big := make([]byte, 5_000_000)
	rand.NewChaCha8([32]byte{2}).Read(big)
	writeFile(t, filepath.Join(site, "big.bin"), big)
	p := start(t, "", script(t, "tcp_proxy.lua", "127.0.0.1:0", httpServer(t, site)))
	addr = p.expect(`^listening on (\S+)$`)[1]
	r := run(t, "", "", []string{curl, "-s", "-S", "http://" + addr + "/big.bin"})
	if r.out != string(big) || r.code != 0 {
		t.Errorf("%d bytes of %d, exit %d, %s", len(r.out), len(big), r.code, r.err)
	}
	p.expect(`^127\.0\.0\.1 port \d+: \d\d+ bytes there, 5000\d\d\d bytes back$`)
}
