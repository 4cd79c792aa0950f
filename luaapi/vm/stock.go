package vm

import (
	"runtime"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// openStock makes Lua's own libraries: gopher-lua's, with what must not stay
// as it is replaced.
//
//	print, io.*, os.exit, os.execute,  wrote to, read from or ended the process
//	os.remove, os.rename, os.tmpname   by themselves: all goes through the host
//	load*, dofile, require             could kill the process in the compiler
//	error, assert                      error's level 2 was the line of level 1;
//	                                   assert took no message but a string
//	pcall, xpcall                      swallowed the end of a coroutine, hid the stack
//	coroutine.*                        could not yield or wait in pcall, sort, ...
//	unpack, table.concat               "registry overflow", or took all memory
//	table.sort                         left a mess when the comparison failed
//	string.*                           could not be cancelled; see openStrings
//	tonumber                           no exponents
//	collectgarbage                     only collected
//	debug.traceback                    names Go functions, knows our coroutines
//	_printregs, channel                left out: the one writes to the process,
//	                                   the other blocks with the baton held
//	L.SetMx                            not called: it ends the process
func (rt *Runtime) openStock(L *lua.LState) {
	for _, open := range []struct {
		name string
		fn   lua.LGFunction
	}{
		{"", lua.OpenBase}, {"table", lua.OpenTable}, {"string", lua.OpenString},
		{"math", lua.OpenMath}, {"debug", lua.OpenDebug},
	} {
		L.Push(L.NewFunction(open.fn))
		L.Push(lua.LString(open.name))
		L.Call(1, 0)
	}
	g := L.G.Global
	g.RawSetString("_printregs", lua.LNil)
	rt.plainCall = L.NewFunction(rt.plainly)
	rt.noCall = L.NewFunction(func(*lua.LState) int { return 0 })
	rt.replace("", map[string]lua.LGFunction{
		"print":          rt.print,
		"error":          raise,
		"assert":         assert,
		"pcall":          rt.pcall,
		"xpcall":         rt.xpcall,
		"load":           rt.baseLoad,
		"loadstring":     rt.loadString,
		"loadfile":       rt.baseLoadFile,
		"dofile":         rt.doFile,
		"tonumber":       toNumber,
		"unpack":         unpack,
		"collectgarbage": collectGarbage,
	})
	rt.replace("table.", map[string]lua.LGFunction{"concat": tableConcat, "sort": tableSort, "unpack": unpack, "pack": tablePack})
	rt.openStrings()
	rt.replace("debug.", map[string]lua.LGFunction{"traceback": rt.debugTraceback})
	rt.openCoroutine(L)
	rt.openOS(L)
	rt.openIO(L)
	rt.nameStock(g)
	if s, ok := rt.Global("arg").(*lua.LTable); !ok || s == nil {
		t := L.NewTable()
		t.RawSetInt(0, lua.LString(rt.config.Script))
		for i, a := range rt.config.Args {
			t.RawSetInt(i+1, lua.LString(a))
		}
		for i, a := range rt.config.Before {
			t.RawSetInt(i-len(rt.config.Before), lua.LString(a))
		}
		g.RawSetString("arg", t)
	}
}

// replace puts functions into a stock table; prefix is "" or "table.".
func (rt *Runtime) replace(prefix string, fns map[string]lua.LGFunction) {
	t := rt.main.G.Global
	if prefix != "" {
		t = rt.Global(strings.TrimSuffix(prefix, ".")).(*lua.LTable)
	}
	for _, name := range sortedKeys(fns) {
		t.RawSetString(name, rt.Func(prefix+name, fns[name]))
	}
}

// nameStock makes the Lua names of the stock functions known.
func (rt *Runtime) nameStock(g *lua.LTable) {
	name := func(prefix string) func(k, v lua.LValue) {
		return func(k, v lua.LValue) {
			if fn, ok := v.(*lua.LFunction); ok && fn.IsG && rt.names[fn] == "" {
				rt.names[fn] = prefix + k.String()
			}
		}
	}
	g.ForEach(name(""))
	for _, lib := range []string{"string", "table", "math", "os", "debug"} {
		if t, ok := rt.Global(lib).(*lua.LTable); ok {
			t.ForEach(name(lib + "."))
		}
	}
}

// print writes a line in one piece. The baton is kept: print is no place where
// another fiber may come between.
func (rt *Runtime) print(L *lua.LState) int {
	var b strings.Builder
	for i := 1; i <= L.GetTop(); i++ {
		if i > 1 {
			b.WriteByte('\t')
		}
		b.WriteString(L.ToStringMeta(L.Get(i)).String())
	}
	b.WriteByte('\n')
	rt.writeOut(b.String())
	return 0
}

func (rt *Runtime) loadResult(L *lua.LState, fn *lua.LFunction, err error) int {
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	L.Push(fn)
	return 1
}

func (rt *Runtime) loadString(L *lua.LState) int {
	src := arg.String(L, 1)
	fn, err := rt.Load(L, chunkName(arg.OptString(L, 2, src)), []byte(src))
	return rt.loadResult(L, fn, err)
}

// chunkName shows a chunk as Lua does: a name given with = or @ without it,
// source by its first line.
func chunkName(name string) string {
	if strings.HasPrefix(name, "=") || strings.HasPrefix(name, "@") {
		return name[1:]
	}
	if line, _, more := strings.Cut(name, "\n"); more || len(name) > 40 || strings.ContainsAny(name, " (\"'=") {
		if len(line) > 40 {
			line, more = line[:40], true
		}
		if more {
			line += "..."
		}
		return `[string "` + line + `"]`
	}
	return name
}

// baseLoad is load(function | string [, name]).
func (rt *Runtime) baseLoad(L *lua.LState) int {
	if _, ok := L.Get(1).(lua.LString); ok {
		return rt.loadString(L)
	}
	reader := arg.Func(L, 1)
	name := arg.OptString(L, 2, "=(load)")
	var src strings.Builder
	for src.Len() <= maxSource {
		L.Push(reader)
		L.Call(0, 1)
		piece := L.Get(-1)
		L.Pop(1)
		s, ok := piece.(lua.LString)
		if piece == lua.LNil || s == "" && ok {
			break
		}
		if !ok {
			L.Push(lua.LNil)
			L.Push(lua.LString("reader function must return a string"))
			return 2
		}
		src.WriteString(string(s))
	}
	fn, err := rt.Load(L, chunkName(name), []byte(src.String()))
	return rt.loadResult(L, fn, err)
}

func (rt *Runtime) baseLoadFile(L *lua.LState) int {
	fn, err := rt.loadFileOrInput(L)
	return rt.loadResult(L, fn, err)
}

func (rt *Runtime) loadFileOrInput(L *lua.LState) (*lua.LFunction, error) {
	if !arg.Given(L, 1) {
		return rt.LoadInput(L)
	}
	return rt.LoadFile(L, arg.String(L, 1))
}

// LoadInput compiles the whole standard input as a chunk named stdin. The
// baton must be held; it is given away while the input is read.
func (rt *Runtime) LoadInput(L *lua.LState) (*lua.LFunction, error) {
	src, err := rt.readInput(L)
	if err != nil {
		return nil, err
	}
	return rt.Load(L, "stdin", src)
}

func (rt *Runtime) doFile(L *lua.LState) int {
	fn, err := rt.loadFileOrInput(L)
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
	L.SetTop(0)
	L.Push(fn)
	L.Call(0, lua.MultRet)
	return L.GetTop()
}

// collectGarbage knows "collect", "count" (KB in use), "step"; "stop",
// "restart", "setpause" and "setstepmul" do nothing and answer 0: the
// collector is Go's.
func collectGarbage(L *lua.LState) int {
	switch arg.OptEnum(L, 1, "collect", "collect", "count", "step", "stop", "restart", "setpause", "setstepmul", "incremental", "generational") {
	case "collect":
		runtime.GC()
		L.Push(lua.LNumber(0))
	case "step":
		runtime.GC()
		L.Push(lua.LTrue)
	case "count":
		L.Push(lua.LNumber(float64(heapBytes()) / 1024))
	default:
		L.Push(lua.LNumber(0))
	}
	return 1
}
