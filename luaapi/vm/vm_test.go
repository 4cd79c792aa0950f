package vm

import (
	"bytes"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func run(t *testing.T, src string) (out string, code int) {
	t.Helper()
	var b syncBuffer
	rt := New(SystemHost(strings.NewReader(""), &b, &b), Config{})
	var fn *lua.LFunction
	rt.Do("load", func(L *lua.LState) {
		var err error
		if fn, err = rt.Load(L, "t.lua", []byte(src)); err != nil {
			t.Fatal(err)
		}
		rt.Spawn(fn, nil, SpawnOptions{Name: "main"})
	})
	rt.WaitIdle()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	return b.String(), rt.ExitCode()
}

func TestHello(t *testing.T) {
	t.Parallel()
	out, code := run(t, `print("hi", pcall(error, "x"), xpcall(function() error("boom") end, debug.traceback))
	local co = coroutine.wrap(function(a) local b = coroutine.yield(a+1) error("in co "..b) end)
	print(co(1))
	local function f() co(5) end
	f()`)
	t.Log(out, code)
}

type syncBuffer struct{ bytes.Buffer }
