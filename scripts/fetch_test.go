package scripts_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// answering listens and gives one connection to answer, after the request has
// come; it answers the address and the request.
func answering(t *testing.T, answer func(c *conn)) (addr string, request chan string) {
	l := listen(t)
	request = make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		w := wrap(t, c)
		var all strings.Builder
		for {
			line, err := w.in.ReadString('\n')
			all.WriteString(line)
			if err != nil || line == "\r\n" {
				break
			}
		}
		request <- all.String()
		answer(w)
	}()
	return l.Addr().String(), request
}

// text answers with a fixed text, in pieces.
func text(pieces ...string) func(c *conn) {
	return func(c *conn) {
		for _, s := range pieces {
			c.Write([]byte(s))
		}
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		path, file string // of the URL; the argument
		answer     []string
		saved      string // the name of the file
		body       string
	}{
		{"plain", "/a/page.txt", "", []string{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"}, "page.txt", "abc"},
		{"given name", "/a/page.txt?x=/y", "other", []string{"HTTP/1.0 200 OK\r\n\r\nabc"}, "other", "abc"},
		{"name before the query", "/a/page.txt?x=/y#z", "", []string{"HTTP/1.0 200 OK\r\n\r\nabc"}, "page.txt", "abc"},
		{"no name", "/a/?x=/y", "", []string{"HTTP/1.1 200 OK\r\n\r\nabc"}, "index.html", "abc"},
		{"no path", "", "", []string{"HTTP/1.1 200 OK\r\n\r\nabc"}, "index.html", "abc"},
		{"query only", "?q=1", "", []string{"HTTP/1.1 200\r\n\r\nabc"}, "index.html", "abc"},
		{"name is a folder", "/a/..", "", []string{"HTTP/1.1 200 OK\r\n\r\nabc"}, "index.html", "abc"},
		{"name is -", "/-", "", []string{"HTTP/1.1 200 OK\r\n\r\nabc"}, "-", "abc"},
		{"no body", "/x", "", []string{"HTTP/1.0 204 No Content\r\ncontent-length:0\r\n\r\n"}, "x", ""},
		{"binary", "/x", "", []string{"HTTP/1.0 200 OK\r\nX: y\r\n\r\n\r\n\r\n\x00\xff\n\r\n\r\nend"}, "x", "\r\n\r\n\x00\xff\n\r\n\r\nend"},
		{"pieces", "/x", "", []string{"HT", "TP/1.0 200 OK\r\nConte", "nt-Length: 6\r\n\r", "\nab", "c", "def"}, "x", "abcdef"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			addr, request := answering(t, text(tt.answer...))
			args := []string{"http://" + addr + tt.path}
			if tt.file != "" {
				args = append(args, tt.file)
			}
			r := run(t, dir, "", script(t, "http_fetch.lua", args...))
			if r.code != 0 || !strings.HasPrefix(r.out, "HTTP/1.") || strings.Contains(r.out, "abc") {
				t.Errorf("%+v", r)
			}
			wantFile(t, filepath.Join(dir, tt.saved), []byte(tt.body))
			wantFiles(t, dir, tt.saved)
			target, _, _ := strings.Cut(tt.path, "#")
			if !strings.HasPrefix(target, "/") {
				target = "/" + target
			}
			want := "GET " + target + " HTTP/1.0\r\nHost: " + addr + "\r\nConnection: close\r\n\r\n"
			if got := <-request; got != want {
				t.Errorf("request %q, want %q", got, want)
			}
		})
	}
}

func TestFetchFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer func(c *conn)
		err    string
	}{
		{"not HTTP", text("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "the answer is not HTTP"},
		{"closed", text(), "closed"},
		{"half a header", text("HTTP/1.0 200 OK\r\nCont"), "closed"},
		{"status", text("HTTP/1.0 500 Oh dear\r\n\r\nbody"), "500 Oh dear"},
		{"too short", text("HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "3 bytes of 10 came"},
		{"too long", text("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nabc"), "3 bytes of 1 came"},
		{"reset", func(c *conn) {
			c.say("HTTP/1.0 200 OK\r\n\r\nabc")
			c.Conn.(*net.TCPConn).SetLinger(0)
		}, "connection reset"},
		{"silent", func(c *conn) {
			c.say("HTTP/1.0 200 OK\r\n\r\nabc")
			c.end() // it gives up
		}, "timeout after 3 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "page"), []byte("old"))
			addr, _ := answering(t, tt.answer)
			timeout := "30s"
			if tt.name == "silent" {
				timeout = "2s"
			}
			r := run(t, dir, "", script(t, "http_fetch.lua", "--timeout", timeout, "http://"+addr+"/page"))
			if r.code != 1 || !strings.HasPrefix(r.err, "http_fetch.lua: http://"+addr+"/page: ") || !strings.Contains(r.err, tt.err) {
				t.Errorf("exit %d, %q, want %q", r.code, r.err, tt.err)
			}
			wantFile(t, filepath.Join(dir, "page"), []byte("old"))
			wantFiles(t, dir, "page")
		})
	}
}

func TestFetchBadURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://example.com/":                   "not an http:// URL",
		"example.com":                            "not an http:// URL",
		"http://":                                "not an http:// URL",
		"http:///x":                              "not an http:// URL",
		"http://h/a b":                           "not an http:// URL",
		"http://h/a\r\nX: y":                     "not an http:// URL",
		"http://h:70000/":                        "no such port",
		"http://127.0.0.1:" + freePort(t, "tcp"): "connection refused",
	} {
		run(t, t.TempDir(), "", script(t, "http_fetch.lua", url)).want(t, "", url+": "+want, 1)
	}
	run(t, "", "", script(t, "http_fetch.lua")).want(t, "", "URL is missing", 2)
}
