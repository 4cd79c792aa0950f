package vm

import lua "github.com/yuin/gopher-lua"

func (rt *Runtime) openOS(L *lua.LState) {}
