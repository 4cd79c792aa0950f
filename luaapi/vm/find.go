package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// openStrings replaces what works on strings. gopher-lua's matcher could not be
// cancelled, its gsub copied the string for each match, its lower and upper
// broke bytes that are not UTF-8, and many results were not Lua's.
func (rt *Runtime) openStrings() {
	fns := map[string]lua.LGFunction{
		"byte": stringByte, "char": stringChar, "lower": stringLower, "upper": stringUpper, "sub": stringSub,
		"rep": stringRep, "find": rt.stringFind, "match": rt.stringMatch, "gmatch": rt.stringGmatch, "gsub": rt.stringGsub,
		"format": stringFormat,
	}
	rt.replace("string.", fns)
	t := rt.Global("string").(*lua.LTable)
	t.RawSetString("gfind", t.RawGetString("gmatch"))
}

// integer reads a number without its fraction.
func integer(L *lua.LState, i int) int {
	var f float64
	if n, ok := L.Get(i).(lua.LNumber); ok {
		f = float64(n)
	} else {
		f = arg.Number(L, i)
	}
	switch {
	case f != f:
		return 0
	case f >= arg.MaxInt:
		return arg.MaxInt
	case f <= -arg.MaxInt:
		return -arg.MaxInt
	}
	return int(f)
}

func optInteger(L *lua.LState, i, def int) int {
	if !arg.Given(L, i) {
		return def
	}
	return integer(L, i)
}

// startAt reads where to start in a string of n bytes, counted from 0 and from
// the end if negative.
func startAt(L *lua.LState, i, n int) int {
	at := optInteger(L, i, 1)
	if at < 0 {
		at += n + 1
	}
	return min(max(at-1, 0), n)
}

func (rt *Runtime) stringFind(L *lua.LState) int {
	s, text := arg.String(L, 1), arg.String(L, 2)
	at := startAt(L, 3, len(s))
	plain := lua.LVAsBool(L.Get(4))
	var p *pattern
	if !plain {
		p = rt.patterns.get(text)
		plain = p.plain
	}
	if plain {
		i := strings.Index(s[at:], text)
		if i < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(at + i + 1))
		L.Push(lua.LNumber(at + i + len(text)))
		return 2
	}
	m := &rt.matcher
	m.begin(L, s, p)
	start, end := m.find(at)
	n := 1
	if start < 0 {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LNumber(start + 1))
		L.Push(lua.LNumber(end))
		n = 2
		if len(p.captures) > 0 {
			n += m.pushCaptures(start, end)
		}
	}
	m.done()
	return n
}

func (rt *Runtime) stringMatch(L *lua.LState) int {
	s, text := arg.String(L, 1), arg.String(L, 2)
	at := startAt(L, 3, len(s))
	m := &rt.matcher
	m.begin(L, s, rt.patterns.get(text))
	start, end := m.find(at)
	n := 1
	if start < 0 {
		L.Push(lua.LNil)
	} else {
		n = m.pushCaptures(start, end)
	}
	m.done()
	return n
}

func (rt *Runtime) stringGmatch(L *lua.LState) int {
	s, text := arg.String(L, 1), arg.String(L, 2)
	var p *pattern
	if strings.HasPrefix(text, "^") {
		p = compilePattern(text, false)
	} else {
		p = rt.patterns.get(text)
	}
	at := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		m := &rt.matcher
		m.begin(L, s, p)
		start, end := m.find(at)
		n := 0
		if start < 0 {
			at = len(s) + 1
		} else {
			at = max(end, start+1) // past an empty match
			n = m.pushCaptures(start, end)
		}
		m.done()
		return n
	}))
	return 1
}
