package vm

import (
	"fmt"
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const traceHeader = "stack traceback:"

// shown is how many frames a traceback shows at each end of a deep stack.
const shown = 10

// traceback answers the frames of a thread from level on, innermost first, as
// Lua writes them, then those of the thread it stands on. Go functions have
// their Lua name.
func traceback(rt *Runtime, L *lua.LState, level int) string {
	var b strings.Builder
	b.WriteString(traceHeader)
	for ; L != nil; L, level = rt.below[L], 0 {
		writeFrames(&b, rt, L, level)
	}
	return b.String()
}

func writeFrames(b *strings.Builder, rt *Runtime, L *lua.LState, level int) {
	for i := level; ; i++ {
		if i == level+shown {
			if n := stackDepth(L, i); n > i+shown {
				fmt.Fprintf(b, "\n\t... (%d more)", n-i-shown)
				i = n - shown
			}
		}
		dbg, ok := L.GetStack(i)
		if !ok {
			return
		}
		if line := frameLine(rt, L, dbg); line != "" {
			b.WriteString("\n\t" + line)
		}
	}
}

// Traceback answers where a fiber waits, innermost frame first; "" for one that
// runs or has ended. The baton must be held.
func (rt *Runtime) Traceback(f *Fiber) string {
	if f.parked == nil {
		return ""
	}
	return traceback(rt, f.parked, 0)
}

// stackDepth answers the number of frames, which is more than from. GetStack
// walks, so asking it for every level would be quadratic.
func stackDepth(L *lua.LState, from int) int {
	ok := func(i int) bool { _, ok := L.GetStack(i); return ok }
	top := from + 1
	for ok(top) {
		top *= 2
	}
	return from + sort.Search(top-from, func(i int) bool { return !ok(from + i) })
}

func frameLine(rt *Runtime, L *lua.LState, dbg *lua.Debug) string {
	fv, err := L.GetInfo("nSlf", dbg, lua.LNil)
	if err != nil {
		return ""
	}
	fn := fv.(*lua.LFunction)
	if fn.IsG {
		name := rt.names[fn]
		if name == "" {
			name = dbg.Name
		}
		if name == "(anonymous)" { // called from Go: the inside of one with a name
			return ""
		}
		return fmt.Sprintf("[Go]: in function '%s'", name)
	}
	at := fmt.Sprintf("%s:%d", dbg.Source, dbg.CurrentLine)
	switch {
	case dbg.LineDefined == 0:
		return at + ": in main chunk"
	case dbg.Name == "" || dbg.Name == "?" || strings.ContainsAny(dbg.Name[:1], "<(") || dbg.Name == "main chunk" || dbg.Name == "corountine":
		return fmt.Sprintf("%s: in function <%s:%d>", at, dbg.Source, dbg.LineDefined)
	}
	return fmt.Sprintf("%s: in function '%s'", at, dbg.Name)
}

// where answers "file:line" of the innermost Lua function from level on, ""
// if there is none.
func where(L *lua.LState, level int) string {
	for i := level; ; i++ {
		dbg, ok := L.GetStack(i)
		if !ok {
			return ""
		}
		fn, err := L.GetInfo("Slf", dbg, lua.LNil)
		if err == nil && !fn.(*lua.LFunction).IsG {
			return fmt.Sprintf("%s:%d", dbg.Source, dbg.CurrentLine)
		}
	}
}

// debugTraceback is debug.traceback([thread,] [message [, level]]).
func (rt *Runtime) debugTraceback(L *lua.LState) int {
	th, i := L, 1
	if t, ok := L.Get(1).(*lua.LState); ok {
		i = 2
		if co := rt.coroutineFor(t); co != nil {
			th = co.thread
		}
	}
	msg := L.Get(i)
	if _, text := msg.(lua.LString); !text && msg != lua.LNil && msg.Type() != lua.LTNumber {
		L.Push(msg)
		return 1
	}
	level := 1
	if th != L {
		level = 0
	}
	if n, ok := L.Get(i + 1).(lua.LNumber); ok {
		level = max(0, int(n))
	}
	text := traceback(rt, th, level)
	if msg != lua.LNil {
		text = msg.String() + "\n" + text
	}
	L.Push(lua.LString(text))
	return 1
}
