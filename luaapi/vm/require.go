package vm

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// openModules makes require, package and the modules of the configuration:
// each can be required and is a global too, opened at first use. A script's
// own global of that name stands before it.
func (rt *Runtime) openModules(L *lua.LState) {
	pkg := rt.Funcs("package", map[string]lua.LGFunction{
		"seeall": func(L *lua.LState) int {
			t := arg.Table(L, 1)
			mt, ok := t.Metatable.(*lua.LTable)
			if !ok {
				mt = L.NewTable()
				t.Metatable = mt
			}
			mt.RawSetString("__index", L.G.Global)
			return 0
		},
		"loadlib": func(L *lua.LState) int {
			L.Push(lua.LNil)
			L.Push(lua.LString("C libraries cannot be loaded"))
			L.Push(lua.LString("absent"))
			return 3
		},
	})
	loaded, preload := L.NewTable(), L.NewTable()
	pkg.RawSetString("loaded", loaded)
	pkg.RawSetString("preload", preload)
	pkg.RawSetString("path", lua.LString(rt.searchPath()))
	pkg.RawSetString("cpath", lua.LString(""))
	pkg.RawSetString("config", lua.LString("/\n;\n?\n!\n-\n"))
	loaders := L.NewTable()
	loaders.Append(rt.Func("package.loaders.preload", func(L *lua.LState) int {
		name := arg.String(L, 1)
		if v := preload.RawGetString(name); v != lua.LNil {
			L.Push(v)
		} else {
			L.Push(lua.LString(fmt.Sprintf("\n\tno field package.preload['%s']", name)))
		}
		return 1
	}))
	loaders.Append(rt.Func("package.loaders.lua", func(L *lua.LState) int { return rt.loadFromPath(L, pkg) }))
	pkg.RawSetString("loaders", loaders)

	for _, name := range []string{"string", "table", "math", "os", "io", "debug", "coroutine"} {
		if v := rt.Global(name); v != lua.LNil {
			loaded.RawSetString(name, v)
		}
	}
	loaded.RawSetString("_G", L.G.Global)
	loaded.RawSetString("package", pkg)
	L.G.Global.RawSetString("package", pkg)
	L.G.Registry.RawSetString("_LOADED", loaded)

	for _, m := range rt.config.Modules {
		rt.modules[m.Name] = m
		preload.RawSetString(m.Name, rt.Func("open "+m.Name, func(L *lua.LState) int {
			L.Push(m.Open(rt, L))
			return 1
		}))
		for name, fn := range m.Globals {
			t, field := L.G.Global, name
			if i := strings.LastIndexByte(name, '.'); i >= 0 {
				t, field = rt.Global(name[:i]).(*lua.LTable), name[i+1:]
			}
			t.RawSetString(field, rt.Func(name, fn))
		}
	}
	L.G.Global.RawSetString("require", rt.Func("require", func(L *lua.LState) int {
		L.Push(rt.require(L, arg.String(L, 1), loaded, loaders))
		return 1
	}))
	mt := L.NewTable()
	mt.RawSetString("__index", rt.Func("_G.__index", func(L *lua.LState) int {
		name, ok := L.Get(2).(lua.LString)
		if _, module := rt.modules[string(name)]; !ok || !module {
			L.Push(lua.LNil)
			return 1
		}
		v := rt.require(L, string(name), loaded, loaders)
		L.G.Global.RawSetString(string(name), v)
		L.Push(v)
		return 1
	}))
	L.G.Global.Metatable = mt
}

// Require answers the value of a module, as Lua's require does.
func (rt *Runtime) Require(L *lua.LState, name string) lua.LValue {
	L.Push(rt.Global("require"))
	L.Push(lua.LString(name))
	L.Call(1, 1)
	v := L.Get(-1)
	L.Pop(1)
	return v
}

// require opens a module once. A fiber that requires what another is just
// loading waits for it.
func (rt *Runtime) require(L *lua.LState, name string, loaded, loaders *lua.LTable) lua.LValue {
	f := rt.cur.Load()
	for {
		if v := loaded.RawGetString(name); v != lua.LNil {
			return v
		}
		l := rt.loading[name]
		if l == nil {
			break
		}
		for on := l; on != nil; on = on.by.requires {
			if on.by == f {
				L.RaiseError("loop in require: module '%s' requires itself", name)
			}
		}
		p := &Parking{}
		l.waiting = append(l.waiting, p)
		f.requires = l
		rt.Park(L, p, arg.Forever)
		f.requires = nil
		Check(L)
	}
	l := &loadingModule{by: f}
	rt.loading[name] = l
	defer func() {
		delete(rt.loading, name)
		for _, p := range l.waiting {
			p.Unpark()
		}
	}()

	loader := rt.findLoader(L, name, loaders)
	L.Push(loader)
	L.Push(lua.LString(name))
	L.Call(1, 1)
	v := L.Get(-1)
	L.Pop(1)
	switch {
	case v != lua.LNil:
		loaded.RawSetString(name, v)
	case loaded.RawGetString(name) == lua.LNil: // module() may have set it
		loaded.RawSetString(name, lua.LTrue)
	}
	return loaded.RawGetString(name)
}

// loadingModule is a module that a fiber is loading.
type loadingModule struct {
	by      *Fiber
	waiting []*Parking
}

func (rt *Runtime) findLoader(L *lua.LState, name string, loaders *lua.LTable) lua.LValue {
	var tried strings.Builder
	for i := 1; ; i++ {
		loader := loaders.RawGetInt(i)
		if loader == lua.LNil {
			L.RaiseError("module '%s' not found:%s", name, tried.String())
		}
		L.Push(loader)
		L.Push(lua.LString(name))
		L.Call(1, 1)
		v := L.Get(-1)
		L.Pop(1)
		switch v := v.(type) {
		case *lua.LFunction:
			return v
		case lua.LString:
			tried.WriteString(string(v))
		}
	}
}

// searchPath is package.path: LUA_PATH, or the current folder, the script's,
// the user's LuaRocks tree and the system's.
func (rt *Runtime) searchPath() string {
	dirs := []string{"."}
	if s := rt.config.Script; s != "" && filepath.Dir(s) != "." {
		dirs = append(dirs, filepath.Dir(s))
	}
	if home, ok := rt.Host.Env("HOME"); ok && home != "" {
		dirs = append(dirs, filepath.Join(home, ".luarocks/share/lua/5.1"))
	}
	dirs = append(dirs, "/usr/local/share/lua/5.1", "/usr/share/lua/5.1")
	var all []string
	for _, d := range dirs {
		if d == "." {
			all = append(all, "./?.lua", "./?/init.lua")
			continue
		}
		all = append(all, filepath.Join(d, "?.lua"), filepath.Join(d, "?/init.lua"))
	}
	path := strings.Join(all, ";")
	if env, ok := rt.Host.Env("LUA_PATH"); ok && env != "" {
		return strings.ReplaceAll(env, ";;", ";"+path+";")
	}
	return path
}

func (rt *Runtime) loadFromPath(L *lua.LState, pkg *lua.LTable) int {
	name := arg.String(L, 1)
	path, ok := pkg.RawGetString("path").(lua.LString)
	if !ok {
		L.RaiseError("package.path must be a string")
	}
	file := strings.ReplaceAll(name, ".", "/")
	var tried strings.Builder
	for _, pattern := range strings.Split(string(path), ";") {
		if pattern == "" {
			continue
		}
		p := strings.ReplaceAll(pattern, "?", file)
		if info, err := rt.Host.Files.Stat(p); err != nil || info.IsDir() {
			fmt.Fprintf(&tried, "\n\tno file '%s'", p)
			continue
		}
		fn, err := rt.LoadFile(L, p)
		if err != nil {
			L.RaiseError("error loading module '%s': %s", name, err.Error())
		}
		L.Push(fn)
		return 1
	}
	L.Push(lua.LString(tried.String()))
	return 1
}

// LoadFile compiles a file. The baton must be held; it is given away while the
// file is read. The chunk's name is the path.
func (rt *Runtime) LoadFile(L *lua.LState, path string) (*lua.LFunction, error) {
	src, err := rt.ReadFile(L, path)
	if err != nil {
		return nil, err
	}
	return rt.Load(L, path, src)
}

// ReadFile reads a file whole, 16 MB at most. The baton is given away
// meanwhile; a cancelled fiber leaves the reading behind.
func (rt *Runtime) ReadFile(L *lua.LState, path string) ([]byte, error) {
	var src []byte
	var err error
	ok := rt.Detach(L, func() func() {
		s, e := readFile(rt.Host.Files, path)
		return func() { src, err = s, e }
	})
	if !ok {
		return nil, errors.New(Cancelled)
	}
	return src, err
}

func readFile(files Files, path string) ([]byte, error) {
	f, err := files.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, FileError(err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	return src, FileError(err)
}

// FileError words an error of the file system as "name: what", in lower case.
func FileError(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %s", pe.Path, ErrnoText(pe.Err))
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return fmt.Errorf("%s: %s", le.Old, ErrnoText(le.Err))
	}
	return err
}

// Detach runs fn in a goroutine of its own with the baton given away, for what
// the system cannot interrupt. When the fiber is cancelled, fn is left behind
// and Detach answers false; otherwise it calls what fn answered, with the
// baton held, and answers true.
func (rt *Runtime) Detach(L *lua.LState, fn func() func()) bool {
	done := make(chan func(), 1)
	quit := rt.cur.Load().Quit()
	var then func()
	rt.Wait(L, Quits, func() {
		go func() { done <- fn() }()
		select {
		case then = <-done:
		case <-quit:
		}
	})
	if then == nil {
		return false
	}
	then()
	return true
}
