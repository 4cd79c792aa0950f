// Package help is the Lua function help.
package help

import (
	_ "embed"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/stub"
	"github.com/netrepl/netrepl/luaapi/vm"
)

//go:embed help.d.lua
var text string

// Module answers the module for the list of modules. docs is asked when help
// is called.
func Module(docs func() *stub.Set) vm.Module {
	return vm.Module{
		Name: "help",
		Stub: text,
		Open: func(rt *vm.Runtime, L *lua.LState) lua.LValue { return rt.Global("help") },
		Globals: map[string]lua.LGFunction{
			"help": func(L *lua.LState) int { return help(L, docs()) },
		},
	}
}

func help(L *lua.LState, docs *stub.Set) int {
	rt := vm.Of(L)
	name := ""
	if s, ok := L.Get(1).(lua.LString); ok {
		name = string(s)
	} else if arg.Given(L, 1) {
		if name = nameOf(L, docs, L.Get(1)); name == "" {
			fmt.Fprintf(rt.Host.Out, "no docs for %s\n", describe(L.Get(1)))
			return 0
		}
	} else if L.GetTop() > 0 {
		fmt.Fprintln(rt.Host.Out, "no docs for nil")
		return 0
	}
	var b strings.Builder
	if err := docs.Text(&b, name); err != nil {
		fmt.Fprintln(&b, err)
	}
	fmt.Fprint(rt.Host.Out, b.String())
	return 0
}

// nameOf answers the name under which a value is documented, "" if it is not.
func nameOf(L *lua.LState, docs *stub.Set, v lua.LValue) string {
	rt := vm.Of(L)
	switch v := v.(type) {
	case *lua.LFunction:
		return rt.FunctionName(v)
	case *lua.LUserData:
		for name, mt := range rt.Classes() {
			if v.Metatable == mt {
				return name
			}
		}
	case *lua.LTable:
		loaded, _ := L.G.Registry.RawGetString("_LOADED").(*lua.LTable)
		for _, m := range docs.Modules() {
			if loaded != nil && loaded.RawGetString(m.Name) == v {
				return m.Name
			}
		}
	}
	return ""
}

func describe(v lua.LValue) string {
	t, ok := v.(*lua.LTable)
	if !ok {
		return arg.DescribeValue(v)
	}
	n, keys := 0, []string{}
	t.ForEach(func(k, _ lua.LValue) {
		n++
		if s, ok := k.(lua.LString); ok && len(keys) < 12 {
			keys = append(keys, string(s))
		}
	})
	if len(keys) == 0 {
		return fmt.Sprintf("a table with %d fields", n)
	}
	if len(keys) < n {
		keys = append(keys, "…")
	}
	return fmt.Sprintf("a table with %d fields: %s", n, strings.Join(keys, ", "))
}
