package scripts_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestFile(t *testing.T) {
	t.Parallel()
	dir, into := t.TempDir(), t.TempDir()
	p, addr := serve(t, "", "file_recv.lua", "--dir", into)
	big := make([]byte, 3_000_001)
	rand.NewChaCha8([32]byte{3}).Read(big)
	files := map[string][]byte{"big.bin": big, "empty": {}, "one": {0}, "two words, ünïcode.txt": []byte("a\r\nb\n")}
	for name, data := range files {
		writeFile(t, filepath.Join(dir, name), data)
		run(t, dir, "", script(t, "file_send.lua", "--port", port(addr), filepath.Join(dir, name))).
			want(t, fmt.Sprintf("sent %s, %d bytes\n", name, len(data)), "", 0)
		wantFile(t, filepath.Join(into, name), data)
		p.expect(fmt.Sprintf("^received %s, %d bytes$", name, len(data)))
	}
	// Under another name, which replaces that file.
	run(t, dir, "", script(t, "file_send.lua", "--port", port(addr), "--name", "one", "empty")).want(t, "sent one, 0 bytes\n", "", 0)
	wantFile(t, filepath.Join(into, "one"), nil)
	wantFiles(t, into, "big.bin", "empty", "one", "two words, ünïcode.txt")
}

func TestFileOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a"), []byte("A"))
	into := t.TempDir()
	p, addr := serve(t, into, "file_recv.lua", "--once")
	run(t, dir, "", script(t, "file_send.lua", "--port", port(addr), "a")).want(t, "sent a, 1 bytes\n", "", 0)
	if code := p.wait(); code != 0 {
		t.Errorf("exit %d: %s", code, p.text())
	}
	wantFile(t, filepath.Join(into, "a"), []byte("A"))

	p, addr = serve(t, into, "file_recv.lua", "--once")
	run(t, dir, "", script(t, "file_send.lua", "--port", port(addr), "--name", "../b", "a")).
		want(t, "", "file_send.lua: ../b was not taken: name is not a plain file name\n", 1)
	if code := p.wait(); code != 1 {
		t.Errorf("exit %d: %s", code, p.text())
	}
}

// sum is the last line of a transfer.
func sum(data string) string { return fmt.Sprintf("SHA256 %x\n", sha256.Sum256([]byte(data))) }

func TestFileProtocol(t *testing.T) {
	t.Parallel()
	into := t.TempDir()
	_, addr := serve(t, "", "file_recv.lua", "--dir", into)
	c := dial(t, addr)
	c.say("NAME 3\nabc")
	c.hear("OK\n")
	c.say("SIZE 5\n")
	c.hear("OK\n")
	wantFiles(t, into, "abc.part")
	c.say("hel")
	c.say("lo")
	c.say(sum("hello"))
	c.hear("OK\n")
	c.end()
	wantFile(t, filepath.Join(into, "abc"), []byte("hello"))
	wantFiles(t, into, "abc")
}

func TestFileRefusedNames(t *testing.T) {
	t.Parallel()
	outer := t.TempDir()
	into := filepath.Join(outer, "in")
	if err := os.Mkdir(into, 0o755); err != nil {
		t.Fatal(err)
	}
	_, addr := serve(t, into, "file_recv.lua")
	for name, want := range map[string]string{
		"../x":                    "name is not a plain file name",
		"/tmp/x":                  "name is not a plain file name",
		filepath.Join(outer, "x"): "name is not a plain file name",
		`..\x`:                    "name is not a plain file name",
		"a/b":                     "name is not a plain file name",
		".":                       "name is not a plain file name",
		"..":                      "name is not a plain file name",
		"":                        "empty name",
		"a\x00b":                  "control character in name",
		"a\nb":                    "control character in name",
		"a\x1b[2J":                "control character in name",
		"x.part":                  "name ends in .part",
		strings.Repeat("x", 251):  "name too long",
		strings.Repeat("x", 5000): "name too long",
	} {
		c := dial(t, addr)
		c.say(fmt.Sprintf("NAME %d\n%s", len(name), name))
		c.hear("ERR " + want + "\n")
		c.end()
	}
	longest := strings.Repeat("x", 250)
	writeFile(t, filepath.Join(outer, "file"), []byte("data"))
	run(t, outer, "", script(t, "file_send.lua", "--port", port(addr), "--name", longest, "file")).want(t, "sent "+longest+", 4 bytes\n", "", 0)
	wantFiles(t, outer, "file", "in")
	wantFiles(t, into, longest)
}

// steps makes a connection and sends the pieces of a transfer, each after the
// one before was approved.
func steps(t *testing.T, addr string, pieces ...string) *conn {
	t.Helper()
	c := dial(t, addr)
	for i, s := range pieces {
		if i > 0 {
			c.hear("OK\n")
		}
		c.say(s)
	}
	return c
}

func TestFileBrokenTransfers(t *testing.T) {
	t.Parallel()
	into := t.TempDir()
	if err := os.Mkdir(filepath.Join(into, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(into, "old")
	writeFile(t, old, []byte("old"))
	p, addr := serve(t, into, "file_recv.lua")
	for _, tt := range []struct {
		want   string
		pieces []string
	}{
		{"NAME expected", []string{"GET / HTTP/1.0\r\n\r\n"}},
		{"name too long", []string{"NAME 99999999999999999999\n"}},
		{"SIZE expected", []string{"NAME 3\nold", "SIZE -1\n"}},
		{"SIZE expected", []string{"NAME 3\nold", "SIZE 1e3\n"}},
		{"size too large", []string{"NAME 3\nold", "SIZE 9999999999999999999999\n"}},
		{"the hash is wrong", []string{"NAME 3\nold", "SIZE 3\n", "new" + sum("nex")}},
		{"SHA256 expected", []string{"NAME 3\nold", "SIZE 3\n", "new and more" + sum("new and more")}},
		{"SHA256 expected", []string{"NAME 3\nold", "SIZE 0\n", "\n"}},
		{"file exists", []string{"NAME 6\nfolder", "SIZE 3\n", "new" + sum("new")}},
	} {
		c := steps(t, addr, tt.pieces...)
		if line := c.line(); !strings.HasPrefix(line, "ERR ") || !strings.Contains(line, tt.want) {
			t.Errorf("%q: got %q, want ERR %s", tt.pieces, line, tt.want)
		}
		c.end()
		wantFiles(t, into, "folder", "old")
	}
	// The peer is gone, in order or not, after each step.
	// Each has a name of its own, as some are still under way.
	for i, pieces := range [][]string{
		{""},
		{"NA"},
		{"NAME 3\n"},
		{"NAME 3\nold"},
		{"NAME 3\nold", "SIZE 3"},
		{"NAME 3\nold", "SIZE 3\n"},
		{"NAME 3\nold", "SIZE 3\n", "ne"},
		{"NAME 3\nold", "SIZE 3\n", "new"},
		{"NAME 3\nold", "SIZE 3\n", "new" + strings.TrimSpace(sum("new"))},
	} {
		for _, reset := range []bool{false, true} {
			named := slices.Clone(pieces)
			named[0] = strings.Replace(named[0], "old", fmt.Sprintf("%d %v", i, reset)[:3], 1)
			c := steps(t, addr, named...)
			if reset {
				c.Conn.(*net.TCPConn).SetLinger(0)
			}
			c.Close()
		}
	}
	eventually(t, "18 broken transfers", func() bool {
		return strings.Count(p.text(), ": closed\n")+strings.Count(p.text(), ": connection reset by peer\n") == 18
	})
	wantFiles(t, into, "folder", "old")
	wantFile(t, old, []byte("old"))
}

func TestFileSilentSender(t *testing.T) {
	t.Parallel()
	into := t.TempDir()
	_, addr := serve(t, into, "file_recv.lua", "--timeout", "2s")
	c := steps(t, addr, "NAME 3\nabc", "SIZE 3\n", "ab")
	c.hear("ERR timeout\n")
	wantFiles(t, into)
	c.end()
}

func TestFileSameNameTwice(t *testing.T) {
	t.Parallel()
	into := t.TempDir()
	_, addr := serve(t, into, "file_recv.lua")
	first := steps(t, addr, "NAME 3\nabc", "SIZE 3\n")
	first.hear("OK\n") // under way
	second := steps(t, addr, "NAME 3\nabc")
	second.hear("ERR another transfer of it is under way\n")
	second.end()
	other := steps(t, addr, "NAME 3\nxyz", "SIZE 1\n", "x"+sum("x"))
	other.hear("OK\n")
	first.say("abc" + sum("abc"))
	first.hear("OK\n")
	third := steps(t, addr, "NAME 3\nabc", "SIZE 1\n", "x"+sum("x"))
	third.hear("OK\n")
	wantFile(t, filepath.Join(into, "abc"), []byte("x"))
	wantFiles(t, into, "abc", "xyz")
}

func TestFileReceiverEnds(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be ended in order")
	}
	into := t.TempDir()
	p, addr := serve(t, into, "file_recv.lua")
	steps(t, addr, "NAME 3\nabc", "SIZE 3\n", "ab")
	wantFiles(t, into, "abc.part")
	p.stop()
	wantFiles(t, into)
}

func TestFileNoFolder(t *testing.T) {
	t.Parallel()
	_, addr := serve(t, t.TempDir(), "file_recv.lua", "--dir", "none")
	c := steps(t, addr, "NAME 3\nabc")
	c.hear("ERR none/abc.part: no such file or directory\n")
	c.end()
}

func TestFileSenderFailures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a"), []byte("A"))
	writeFile(t, filepath.Join(dir, "big"), make([]byte, 20_000_000))
	fail := func(file, want string, receive func(c *conn)) {
		timeout := "30s"
		if strings.Contains(want, "timeout") {
			timeout = "100ms"
		}
		t.Helper()
		l := listen(t)
		go func() {
			if c, err := l.Accept(); err == nil {
				receive(wrap(t, c))
				c.Close()
			}
		}()
		run(t, dir, "", script(t, "file_send.lua", "--timeout", timeout, "--port", port(l.Addr().String()), file)).
			want(t, "", "file_send.lua: "+want, 1)
	}
	fail("a", "a was not taken: no room\n", func(c *conn) {
		c.hear("NAME 1\na")
		c.say("ERR no room\n")
	})
	fail("a", "a was not taken: hello\n", func(c *conn) {
		c.hear("NAME 1\na")
		c.say("hello\n")
	})
	fail("a", "a was not taken: closed\n", func(c *conn) {
		c.hear("NAME 1\na")
		c.say("OK\n")
		c.hear("SIZE 1\n")
	})
	fail("a", "a was not taken: hash\n", func(c *conn) {
		c.hear("NAME 1\na")
		c.say("OK\n")
		c.hear("SIZE 1\n")
		c.say("OK\n")
		c.hear("A" + sum("A"))
		c.say("ERR hash\n")
	})
	fail("big", "big was not taken: disk full\n", func(c *conn) {
		c.hear("NAME 3\nbig")
		c.say("OK\n")
		c.hear("SIZE 20000000\n")
		c.say("OK\n")
		c.hear(strings.Repeat("\x00", 1000))
		c.say("ERR disk full\n")
	})
	fail("a", "a was not taken: timeout\n", func(c *conn) { c.hear("NAME 1\na"); c.end() })
	free := freePort(t, "tcp")
	run(t, dir, "", script(t, "file_send.lua", "--port", free, "a")).want(t, "", "file_send.lua: 127.0.0.1 port "+free+": connection refused\n", 1)
	run(t, dir, "", script(t, "file_send.lua", "none")).want(t, "", "file_send.lua: none: no such file or directory\n", 1)
	run(t, dir, "", script(t, "file_send.lua")).want(t, "", "FILE is missing", 2)
}
