package repl

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/vm"
)

const (
	lineWidth = 80
	maxItems  = 50    // of a table
	maxText   = 1_000 // bytes of a string
)

// formatResults answers the arguments of a Lua call as the prompt shows them:
// "=> 1, 2", or a line each if that is too long.
func formatResults(L *lua.LState) string {
	parts := make([]string, L.GetTop())
	for i := range parts {
		parts[i] = format(L, L.Get(i+1), true)
	}
	if line := "=> " + strings.Join(parts, ", "); utf8.RuneCountInString(line) <= lineWidth {
		return line + "\n"
	}
	return "=> " + strings.Join(parts, "\n=> ") + "\n"
}

// format answers a value as Lua would write it, where it can; other kinds
// stand in angle brackets. A table shows its fields, those within it do not.
func format(L *lua.LState, v lua.LValue, open bool) string {
	switch v := v.(type) {
	case lua.LString:
		return quote(string(v))
	case *lua.LTable:
		if L.GetMetaField(v, "__tostring") != lua.LNil {
			return "<" + L.ToStringMeta(v).String() + ">"
		}
		return formatTable(L, v, open)
	case *lua.LFunction:
		if name := vm.Of(L).FunctionName(v); name != "" {
			return "<builtin " + name + ">"
		}
		if v.IsG {
			return "<builtin>"
		}
		return fmt.Sprintf("<function %s:%d>", v.Proto.SourceName, v.Proto.LineDefined)
	case *lua.LUserData:
		return "<" + L.ToStringMeta(v).String() + ">"
	case *lua.LState:
		return "<coroutine>"
	}
	return v.String()
}

func formatTable(L *lua.LState, t *lua.LTable, open bool) string {
	if k, _ := t.Next(lua.LNil); k == lua.LNil {
		return "{}"
	}
	if !open {
		return "{…}"
	}
	var parts []string
	n := 0 // of the items before the first hole
	for ; t.RawGetInt(n+1) != lua.LNil; n++ {
		if n < maxItems {
			parts = append(parts, format(L, t.RawGetInt(n+1), false))
		}
	}
	type field struct {
		key  lua.LValue
		text string
	}
	var fields []field
	t.ForEach(func(k, v lua.LValue) {
		if i, ok := k.(lua.LNumber); ok && i >= 1 && int(i) <= n && i == lua.LNumber(int(i)) {
			return
		}
		fields = append(fields, field{k, formatKey(L, k) + " = "})
	})
	sort.SliceStable(fields, func(i, j int) bool {
		a, b := fields[i], fields[j]
		x, isX := a.key.(lua.LNumber)
		y, isY := b.key.(lua.LNumber)
		if isX && isY {
			return x < y
		}
		if isX != isY {
			return isX
		}
		return a.text < b.text
	})
	for _, f := range fields {
		if len(parts) >= maxItems {
			break
		}
		parts = append(parts, f.text+format(L, t.RawGet(f.key), false))
	}
	if more := n + len(fields) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("… %d more", more))
	}
	if line := "{" + strings.Join(parts, ", ") + "}"; utf8.RuneCountInString(line) <= lineWidth-3 {
		return line
	}
	return "{\n  " + strings.Join(parts, ",\n  ") + "\n}"
}

var keywords = []string{
	"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local",
	"nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
}

func formatKey(L *lua.LState, k lua.LValue) string {
	if s, ok := k.(lua.LString); ok && isName(string(s)) {
		return string(s)
	}
	return "[" + format(L, k, false) + "]"
}

// isName tells whether s can stand as a name in Lua.
func isName(s string) bool {
	for i, c := range s {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && !slices.Contains(keywords, s)
}

// quote writes a string as a Lua literal that loads back as the same bytes;
// what is printable stays. A long one is cut.
func quote(s string) string {
	tail := ""
	if len(s) > maxText {
		cut := maxText
		for cut > maxText-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s, tail = s[:cut], fmt.Sprintf("… (%d bytes)", len(s))
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == utf8.RuneError && n == 1, !unicode.IsPrint(r):
			for _, c := range []byte(s[i : i+n]) {
				digits := strconv.Itoa(int(c))
				if next := i + n; next < len(s) && s[next] >= '0' && s[next] <= '9' || n > 1 {
					digits = fmt.Sprintf("%03d", c)
				}
				b.WriteString(`\` + digits)
			}
		default:
			b.WriteRune(r)
		}
		i += n
	}
	b.WriteByte('"')
	return b.String() + tail
}
