package repl

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func TestHistory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", "history")
	h, lines := OpenHistory(path)
	if lines != nil {
		t.Errorf("lines of no file: %q", lines)
	}
	for line, want := range map[string]bool{"": false, " secret": false} {
		if h.Add(line) != want {
			t.Errorf("%q is kept: %v", line, !want)
		}
	}
	entered := []string{"x = 1", "x = 1", `print("a\n\\")`, "a\nb", "x = 1"}
	for _, l := range entered {
		h.Add(l)
	}
	want := []string{"x = 1", `print("a\n\\")`, "a\nb", "x = 1"}
	again, lines := OpenHistory(path)
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	if again.Add("x = 1") {
		t.Error("the last line is kept twice")
	}
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestHistoryIsCut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history")
	var b strings.Builder
	for i := range 2*maxHistory + 5 {
		fmt.Fprintln(&b, i)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	_, lines := OpenHistory(path)
	if len(lines) != maxHistory || lines[maxHistory-1] != fmt.Sprint(2*maxHistory+4) {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
	if _, again := OpenHistory(path); !reflect.DeepEqual(again, lines) {
		t.Error("the file was not cut")
	}
}

func TestHistoryWithoutFile(t *testing.T) {
	t.Parallel()
	h, lines := OpenHistory("")
	if lines != nil || !h.Add("x") || h.Add("x") {
		t.Error("a history in memory keeps lines")
	}
	// What cannot be written disturbs nobody.
	dir := t.TempDir()
	h, _ = OpenHistory(dir)
	if !h.Add("x") {
		t.Error("not kept")
	}
}

func TestHistoryFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"NETREPL_HISTORY": "/h"}, "/h"},
		{map[string]string{"NETREPL_HISTORY": "", "HOME": "/home/x"}, ""},
		{map[string]string{"XDG_STATE_HOME": "/state", "HOME": "/home/x"}, "/state/netrepl/history"},
		{map[string]string{"XDG_STATE_HOME": "relative", "HOME": "/home/x"}, "/home/x/.local/state/netrepl/history"},
		{map[string]string{"HOME": "/home/x"}, "/home/x/.local/state/netrepl/history"},
		{nil, ""},
	} {
		got := HistoryFile(func(name string) (string, bool) { v, ok := c.env[name]; return v, ok })
		if filepath.ToSlash(got) != c.want && !(runtime.GOOS == "windows" && c.want != "") {
			t.Errorf("%v: got %q, want %q", c.env, got, c.want)
		}
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	r := NewReader(strings.NewReader("one\r\ntwo\nthree\nfour"))
	next := func(want string) {
		t.Helper()
		if got, err := r.ReadLine(""); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	next("one")
	p := make([]byte, 2)
	if n, err := r.Read(p); n != 2 || err != nil || string(p) != "tw" {
		t.Errorf("read %q, %v", p[:n], err)
	}
	next("o\nthree"[:1])
	next("three")
	next("four")
	if line, err := r.ReadLine(""); line != "" || err == nil {
		t.Errorf("after the end: %q, %v", line, err)
	}
	if n, err := r.Read(p); n != 0 || err == nil {
		t.Errorf("after the end: %d, %v", n, err)
	}
}
