package stub

import (
	"strconv"
	"strings"
)

// statement reads a line of Lua.
func (p *parser) statement(line string) {
	s, note := splitComment(line)
	word, rest := identifier(s)
	switch {
	case p.closed:
		p.errorf(p.line, "nothing may follow return")
	case word == "return":
		if id, end := identifier(strings.TrimSpace(rest)); id == "" || end != "" || id != p.table {
			p.errorf(p.line, "return <the module table> expected, got %q", s)
		}
		p.closed = true
		if p.b.text() != "" || len(p.b.tags) > 0 {
			p.errorf(p.b.start, "the comment describes nothing: return follows")
		}
	case word == "local":
		p.local(rest)
	case p.b.class != nil:
		p.errorf(p.line, "---@class %s expects local <name> = {} or a blank line next, got %q", p.b.class.Name, s)
	case word == "function":
		p.function(rest)
	default:
		p.assignment(s, note)
	}
}

func (p *parser) local(rest string) {
	name, end := identifier(strings.TrimSpace(rest))
	value := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(end), "="), " ", "")
	b := &p.b
	switch {
	case name == "" || value != "{}" && value != "":
		p.errorf(p.line, "local <name> = {} expected, got %q", "local"+rest)
	case name == p.table && p.opened || p.locals[name] != nil:
		p.errorf(p.line, "local %s is declared twice", name)
	case name == p.table:
		p.opened = true
		p.allow(b, "module "+p.m.Name, "class", "field", "overload", "see")
		p.describeModule(b)
		for _, f := range b.fields {
			f.Name = p.m.Name + "." + f.Name
			p.add(f, nil)
		}
	case b.class == nil:
		p.errorf(p.line, "local %s is neither returned nor does a ---@class stand above it", name)
	default:
		p.locals[name] = b.class
		p.addClass(b)
	}
}

func (p *parser) function(rest string) {
	b := &p.b
	parts, colon, end := path(strings.TrimSpace(rest))
	list, tail, ok := strings.Cut(strings.TrimPrefix(end, "("), ")")
	if len(parts) == 0 || !strings.HasPrefix(end, "(") || !ok || strings.TrimSpace(tail) != "end" {
		p.errorf(p.line, "function <name>(<parameters>) end on one line expected, got %q", "function"+rest)
		return
	}
	e, c := p.entry(parts, colon)
	if e == nil {
		return
	}
	switch {
	case c != nil && !colon:
		p.errorf(p.line, "%s: write a method with a colon: function %s:%s", e.Name, parts[0], parts[1])
		return
	case c == nil && colon:
		p.errorf(p.line, "%s: %s is not the local of a ---@class", strings.Join(parts, ":"), parts[0])
		return
	}
	e.Async, e.Params, e.Returns, e.Overloads, e.See = b.async, b.params, b.returns, b.overloads, b.see
	p.checkParams(e.Name, list)
	p.allow(b, e.Name, "async", "param", "return", "overload", "see")
	if e.Doc == "" {
		p.errorf(p.line, "%s has no prose", e.Name)
	}
	p.add(e, c)
}

func (p *parser) checkParams(name, list string) {
	var names []string
	if strings.TrimSpace(list) != "" {
		names = strings.Split(list, ",")
	}
	for i, n := range names {
		n = strings.TrimSpace(n)
		switch {
		case i >= len(p.b.params):
			p.errorf(p.line, "%s: parameter %s has no ---@param", name, n)
			return
		case p.b.params[i].Name != n:
			p.errorf(p.line, "%s: parameter %d is %s, but its ---@param says %s", name, i+1, n, p.b.params[i].Name)
			return
		}
	}
	if len(p.b.params) > len(names) {
		p.errorf(p.line, "%s: ---@param %s is no parameter", name, p.b.params[len(names)].Name)
	}
}

func (p *parser) assignment(s, note string) {
	parts, colon, end := path(s)
	value, ok := strings.CutPrefix(strings.TrimSpace(end), "=")
	if len(parts) == 0 || colon || !ok {
		p.errorf(p.line, "declaration expected, got %q", s)
		return
	}
	value = strings.TrimSpace(value)
	b := &p.b
	typ := literalType(value)
	if typ == "" {
		p.aliasOf(parts, value)
		return
	}
	e, c := p.entry(parts, false)
	if e == nil {
		return
	}
	e.Kind, e.Type, e.Optional, e.See = Field, typ, false, b.see
	if b.typ != "" {
		e.Type, e.Optional = optionalType(b.typ)
	}
	if e.Doc == "" {
		e.Doc = note
	}
	p.allow(b, e.Name, "type", "see")
	p.add(e, c)
}

func (p *parser) aliasOf(parts []string, value string) {
	target, colon, end := path(value)
	if len(target) == 0 || colon || end != "" {
		p.errorf(p.line, "a literal or a name expected after =, got %q", value)
		return
	}
	e, c := p.entry(parts, p.locals[parts[0]] != nil)
	t, _ := p.entry(target, p.locals[target[0]] != nil)
	if e == nil || t == nil {
		return
	}
	e.Alias, e.See = t.Name, p.b.see
	p.allow(&p.b, e.Name, "see")
	p.add(e, c)
}

// entry makes the entry that a path stands for, with the block's prose, and
// answers its class, if it is in one.
func (p *parser) entry(parts []string, method bool) (*Entry, *Class) {
	e := &Entry{Doc: p.b.text(), Line: p.line}
	c := p.locals[parts[0]]
	switch {
	case c != nil:
		if len(parts) != 2 {
			p.errorf(p.line, "%s: one name after the class expected", strings.Join(parts, "."))
			return nil, nil
		}
		sep := "."
		if method {
			sep, e.Kind = ":", Method
		}
		e.Name = c.Name + sep + parts[1]
	case parts[0] == p.table && p.opened && len(parts) > 1:
		e.Name = p.m.Name + "." + strings.Join(parts[1:], ".")
		up := e.Name[:strings.LastIndexByte(e.Name, '.')]
		if len(parts) > 2 && p.index.entries[up] == nil {
			p.errorf(p.line, "%s: %s is not declared", e.Name, up)
			return nil, nil
		}
	case parts[0] == p.table:
		p.errorf(p.line, "%s is the module itself or not yet declared", parts[0])
		return nil, nil
	default:
		e.Name, e.Global = strings.Join(parts, "."), true
	}
	e.Examples = p.b.about(e.Name)
	return e, c
}

// identifier takes a Lua name off the front of s.
func identifier(s string) (id, rest string) {
	i := 0
	for i < len(s) && isIdent(s[i]) {
		i++
	}
	if i > 0 && s[0] >= '0' && s[0] <= '9' {
		return "", s
	}
	return s[:i], s[i:]
}

// path takes a.b.c or a:b off the front of s.
func path(s string) (parts []string, colon bool, rest string) {
	for {
		id, after := identifier(s)
		if id == "" {
			return nil, false, s
		}
		parts = append(parts, id)
		switch {
		case strings.HasPrefix(after, ".") && !colon:
			s = after[1:]
		case strings.HasPrefix(after, ":") && !colon:
			colon, s = true, after[1:]
		default:
			return parts, colon, strings.TrimSpace(after)
		}
	}
}

// splitComment cuts a line of Lua at its comment.
func splitComment(s string) (code, note string) {
	var quote byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case strings.HasPrefix(s[i:], "--"):
			return strings.TrimSpace(s[:i]), strings.TrimSpace(strings.TrimLeft(s[i:], "-"))
		}
	}
	return s, ""
}

// literalType answers the type of a Lua literal, "" for anything else.
func literalType(s string) string {
	switch {
	case s == "":
		return ""
	case s == "nil":
		return "any"
	case s == "true" || s == "false":
		return "boolean"
	case s[0] == '"' || s[0] == '\'' || strings.HasPrefix(s, "[["):
		return "string"
	case s[0] == '{':
		return "table"
	}
	if _, err := strconv.ParseInt(s, 0, 64); err == nil {
		return "integer"
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil && strings.ContainsAny(s[:min(2, len(s))], "0123456789") {
		return "number"
	}
	return ""
}
