// Package cli is the Lua module cli: the words a script was started with.
package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/args"
	"github.com/netrepl/netrepl/luaapi/vm"
)

//go:embed cli.d.lua
var stub string

// Module answers the module for the list of modules.
func Module() vm.Module {
	return vm.Module{
		Name: "cli",
		Stub: stub,
		Open: func(rt *vm.Runtime, L *lua.LState) lua.LValue {
			return rt.Funcs("cli", map[string]lua.LGFunction{
				"parse": parse, "scan": scan, "usage": usage, "fail": fail,
			})
		},
	}
}

func parse(L *lua.LState) int {
	rt := vm.Of(L)
	c := readSpec(L)
	rt.Values()[nameKey{}] = c.Name
	v, err := c.Parse(words(rt))
	switch {
	case errors.Is(err, args.ErrHelp):
		io.WriteString(rt.Host.Out, c.Help())
		exit(L, 0)
	case err != nil:
		fmt.Fprintln(rt.Host.Err, err)
		exit(L, 2)
	}
	L.Push(results(L, c, v))
	return 1
}

func scan(L *lua.LState) int {
	c := readSpec(L)
	t := arg.Table(L, 2)
	list := make([]string, t.Len())
	for i := range list {
		list[i] = t.RawGetInt(i + 1).String()
	}
	v, err := c.Parse(list)
	if err == nil {
		L.Push(results(L, c, v))
		return 1
	}
	text := "help"
	var wrong *args.UsageError
	if errors.As(err, &wrong) {
		text = wrong.Text
	}
	L.Push(lua.LNil)
	L.Push(lua.LString(text))
	return 2
}

func usage(L *lua.LState) int {
	L.Push(lua.LString(readSpec(L).Help()))
	return 1
}

func fail(L *lua.LState) int {
	rt := vm.Of(L)
	message := arg.String(L, 1)
	code := arg.OptInt(L, 2, 1, 0, 255)
	rt.Logf("%s: %s", name(rt), message)
	exit(L, int(code))
	return 0
}

// exit ends the script, the running fiber at once.
func exit(L *lua.LState, code int) {
	vm.Of(L).Exit(code)
	vm.Check(L)
}

type nameKey struct{}

// name answers the script's name in messages.
func name(rt *vm.Runtime) string {
	if s, ok := rt.Values()[nameKey{}].(string); ok {
		return s
	}
	if t, ok := rt.Global("arg").(*lua.LTable); ok {
		if s, ok := t.RawGet(lua.LNumber(0)).(lua.LString); ok && s != "" {
			return filepath.Base(string(s))
		}
	}
	return "netrepl"
}

func words(rt *vm.Runtime) (list []string) {
	t, ok := rt.Global("arg").(*lua.LTable)
	if !ok {
		return nil
	}
	for i := 1; i <= t.Len(); i++ {
		list = append(list, t.RawGetInt(i).String())
	}
	return list
}

// results makes the table of values; a - in a name is _ in the field.
func results(L *lua.LState, c *args.Command, v *args.Values) *lua.LTable {
	t := L.NewTable()
	for _, list := range [][]args.Param{c.Flags, c.Args} {
		for _, p := range list {
			t.RawSetString(strings.ReplaceAll(p.Name, "-", "_"), luaValue(L, v.Get(p.Name)))
		}
	}
	return t
}

func luaValue(L *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case string:
		return lua.LString(v)
	case float64:
		return lua.LNumber(v)
	case bool:
		return lua.LBool(v)
	case []any:
		t := L.NewTable()
		for _, x := range v {
			t.Append(luaValue(L, x))
		}
		return t
	}
	return lua.LNil
}
