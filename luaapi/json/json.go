// Package json is the Lua module json: JSON texts (RFC 8259) from Lua values
// and back.
package json

import (
	_ "embed"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/vm"
)

//go:embed json.d.lua
var stub string

// arrayName is the __name of the metatable that marks a table as an array.
const arrayName = "json.array"

// maxDepth is how many arrays and objects may stand inside each other.
const maxDepth = 1000

// Module answers the module for the list of modules.
func Module() vm.Module {
	return vm.Module{
		Name: "json",
		Stub: stub,
		Open: open,
	}
}

func open(rt *vm.Runtime, L *lua.LState) lua.LValue {
	nullMeta := rt.Class("json.null", nil, map[string]lua.LGFunction{"__tostring": nullString})
	lib := newLibrary(L, vm.Userdata(null{}, nullMeta))
	t := rt.Funcs("json", lib.functions())
	t.RawSetString("null", lib.null)
	return t
}

// null is the value inside json.null.
type null struct{}

func (null) String() string { return "null" }

func nullString(L *lua.LState) int {
	L.Push(lua.LString("null"))
	return 1
}

// library is what the functions of one runtime share. It is guarded by the
// baton; no function here lets go of it.
type library struct {
	null    *lua.LUserData
	array   *lua.LTable // the metatable of arrays
	decoder decoder
	encoder encoder
}

func newLibrary(L *lua.LState, null *lua.LUserData) *library {
	lib := &library{null: null, array: L.CreateTable(0, 1)}
	lib.array.RawSetString("__name", lua.LString(arrayName))
	lib.decoder.array = lib.array
	lib.encoder.array = lib.array
	return lib
}

func (lib *library) functions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"encode": lib.encode,
		"decode": lib.decode,
		"array":  lib.mark,
	}
}

// mark is json.array.
func (lib *library) mark(L *lua.LState) int {
	var t *lua.LTable
	if arg.Given(L, 1) {
		t = arg.Table(L, 1)
	} else {
		t = L.CreateTable(0, 0)
	}
	t.Metatable = lib.array
	L.Push(t)
	return 1
}

func (lib *library) encode(L *lua.LState) int {
	v := arg.Any(L, 1)
	e := &lib.encoder
	e.sort, e.indent = true, ""
	if arg.Given(L, 2) {
		o := arg.Opts(L, 2)
		e.sort, e.indent = o.Bool("sort", true), indent(o)
		o.Done()
	}
	text, p := e.encode(v)
	if p != nil {
		arg.Fail(L, 1, p.place()+": "+p.expected, p.got)
	}
	L.Push(lua.LString(text))
	return 1
}

// indent reads the option indent: a number of spaces, or spaces and tabs.
func indent(o *arg.Options) string {
	switch v := o.Get("indent").(type) {
	case *lua.LNilType:
		return ""
	case lua.LNumber:
		return strings.Repeat(" ", int(o.Int("indent", 0, 0, 16)))
	case lua.LString:
		if s := string(v); len(s) <= 16 && strings.Trim(s, " \t") == "" {
			return s
		}
	}
	o.Fail("indent", "0..16 or a string of at most 16 spaces and tabs")
	return ""
}

func (lib *library) decode(L *lua.LState) int {
	s := arg.String(L, 1)
	d := &lib.decoder
	d.null, d.bigText = lib.null, false
	if arg.Given(L, 2) {
		o := arg.Opts(L, 2)
		if v := o.Get("null"); v != lua.LNil {
			d.null = v
		}
		d.bigText = o.Enum("bigint", "error", "error", "string") == "string"
		o.Done()
	}
	v, err := d.decode(L, s)
	if err != "" {
		L.Push(lua.LNil)
		L.Push(lua.LString(err))
		return 2
	}
	L.Push(v)
	return 1
}
