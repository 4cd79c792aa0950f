package vm

import (
	"errors"
	"io"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func TestSyntaxErrorColumn(t *testing.T) {
	t.Parallel()
	rt := New(SystemHost(strings.NewReader(""), io.Discard, io.Discard), Config{})
	defer rt.Close()
	for _, c := range []struct {
		src          string
		line, column int
		near         string
	}{
		{"1 +* 2", 1, 1, "1"},
		{"return 1 +* 2", 1, 11, "*"},
		{"x = 1\ny = end", 2, 7, "end"},
		{"if x then", 1, 0, "<eof>"},
	} {
		var err error
		rt.Do("load", func(L *lua.LState) { _, err = rt.Load(L, "t", []byte(c.src)) })
		var e *SyntaxError
		if !errors.As(err, &e) {
			t.Fatalf("%q: no syntax error: %v", c.src, err)
		}
		if e.Line != c.line || e.Column != c.column || e.Near != c.near {
			t.Errorf("%q: %d:%d near %q, want %d:%d near %q", c.src, e.Line, e.Column, e.Near, c.line, c.column, c.near)
		}
	}
}
