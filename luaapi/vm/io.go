package vm

import (
	"io"

	lua "github.com/yuin/gopher-lua"
)

func (rt *Runtime) openIO(L *lua.LState) {}

func (rt *Runtime) writeOut(s string) { io.WriteString(rt.Host.Out, s) }

func (rt *Runtime) readInput(L *lua.LState) ([]byte, error) { return io.ReadAll(rt.Host.In) }
