package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

func (rt *Runtime) stringGsub(L *lua.LState) int {
	src, text := arg.String(L, 1), arg.String(L, 2)
	g := gsub{m: &rt.matcher, L: L, src: src, pat: rt.patterns.get(text), repl: L.Get(3)}
	switch v := g.repl.(type) {
	case lua.LNumber:
		g.text = v.String()
	case lua.LString:
		g.text = string(v)
	case *lua.LTable, *lua.LFunction:
	default:
		arg.Fail(L, 3, "string, table or function", "")
	}
	g.verbatim = strings.IndexByte(g.text, '%') < 0
	n := g.run(optInteger(L, 4, len(src)+1))
	g.m.done()
	if n == 0 {
		L.Push(lua.LString(src))
	} else {
		g.write(src[g.at:])
		L.Push(lua.LString(g.out.String()))
	}
	L.Push(lua.LNumber(n))
	return 2
}

// gsub is one call of string.gsub.
type gsub struct {
	m        *matcher
	L        *lua.LState
	src      string
	pat      *pattern
	repl     lua.LValue
	text     string // if repl is one
	verbatim bool   // text has no %
	out      strings.Builder
	at       int // what stands before it in src has been dealt with
}

func (g *gsub) run(limit int) (n int) {
	for s := 0; n < limit && s <= len(g.src); {
		g.m.begin(g.L, g.src, g.pat) // again each time: repl may have used it
		start, end := g.m.find(s)
		if start < 0 {
			break
		}
		n++
		g.write(g.src[g.at:start])
		g.at = end
		g.replace(start, end)
		s = max(end, start+1)
		if g.pat.anchored {
			break
		}
		if n%64 == 0 {
			g.m.L = g.L
			g.m.step(64)
		}
	}
	return n
}

func (g *gsub) write(s string) {
	if g.out.Len()+len(s) > maxString {
		g.m.done()
		tooLong(g.L)
	}
	g.out.WriteString(s)
}

// replace writes what stands for one match.
func (g *gsub) replace(start, end int) {
	L := g.L
	var v lua.LValue
	switch repl := g.repl.(type) {
	case *lua.LFunction:
		L.Push(repl)
		L.Call(g.m.pushCaptures(start, end), 1)
		v = L.Get(-1)
		L.Pop(1)
	case *lua.LTable:
		v = L.GetTable(repl, g.m.capture(0, start, end))
	default:
		if g.verbatim {
			g.write(g.text)
		} else {
			g.expand(start, end)
		}
		return
	}
	switch v := v.(type) {
	case lua.LString:
		g.write(string(v))
	case lua.LNumber:
		g.write(v.String())
	default:
		if lua.LVAsBool(v) {
			g.m.done()
			L.RaiseError("invalid replacement value (a %s)", v.Type())
		}
		g.write(g.src[start:end])
	}
}

// expand writes the replacement text with its captures.
func (g *gsub) expand(start, end int) {
	for text := g.text; ; {
		i := strings.IndexByte(text, '%')
		if i < 0 {
			g.write(text)
			return
		}
		g.write(text[:i])
		if text = text[i+1:]; text == "" {
			g.write("\x00") // Lua 5.1 takes the zero byte behind the text
			return
		}
		switch c := text[0]; {
		case c == '0':
			g.write(g.src[start:end])
		case isDigit(c):
			g.write(g.m.capture(int(c-'1'), start, end).String())
		default:
			g.write(text[:1])
		}
		text = text[1:]
	}
}
