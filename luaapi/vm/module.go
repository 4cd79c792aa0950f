package vm

import (
	"sort"

	lua "github.com/yuin/gopher-lua"
)

// Module is what require "name" gives: one Go package under luaapi.
type Module struct {
	// Name is the name for require and of the global.
	Name string
	// Stub is the text of <name>.d.lua: the one place of names, prose and examples.
	Stub string
	// Open makes the module's value at the first use in a runtime. It is
	// called with the baton held.
	Open func(rt *Runtime, L *lua.LState) lua.LValue
	// Globals are functions the module puts into the global table, or with a
	// name like "string.pack" into a stock table, when a runtime starts. They
	// must be cheap to make.
	Globals map[string]lua.LGFunction
}

// Funcs makes a table of Go functions. Each is known to errors and tracebacks
// as prefix.name. The baton must be held.
func (rt *Runtime) Funcs(prefix string, fns map[string]lua.LGFunction) *lua.LTable {
	t := rt.main.CreateTable(0, len(fns))
	for _, name := range sortedKeys(fns) {
		t.RawSetString(name, rt.Func(prefix+"."+name, fns[name]))
	}
	return t
}

// Func makes a Lua function of fn, known to errors and tracebacks by name,
// such as "socket.connect" or "tcp:send". The baton must be held.
func (rt *Runtime) Func(name string, fn lua.LGFunction) *lua.LFunction {
	f := rt.main.NewFunction(fn)
	rt.names[f] = name
	return f
}

// Class makes the metatable of a kind of userdata: its methods stand in
// __index and are known as name:method; meta are its metamethods, such as
// __tostring. Each name is made once in a runtime. The baton must be held.
func (rt *Runtime) Class(name string, methods, meta map[string]lua.LGFunction) *lua.LTable {
	if mt := rt.classes[name]; mt != nil {
		return mt
	}
	L := rt.main
	index := L.CreateTable(0, len(methods))
	for _, m := range sortedKeys(methods) {
		index.RawSetString(m, rt.Func(name+":"+m, methods[m]))
	}
	mt := L.CreateTable(0, len(meta)+2)
	mt.RawSetString("__index", index)
	mt.RawSetString("__name", lua.LString(name))
	for _, m := range sortedKeys(meta) {
		mt.RawSetString(m, rt.Func(name+":"+m, meta[m]))
	}
	rt.classes[name] = mt
	return mt
}

// Classes answers the names of the kinds of userdata made so far and their
// metatables. The baton must be held.
func (rt *Runtime) Classes() map[string]*lua.LTable { return rt.classes }

// Userdata wraps a Go value for Lua. The baton must be held.
func Userdata(v any, mt *lua.LTable) *lua.LUserData {
	return &lua.LUserData{Value: v, Metatable: mt}
}

func sortedKeys(m map[string]lua.LGFunction) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
