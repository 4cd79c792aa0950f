package stub

import "strings"

// tag reads a line such as ---@param, without dashes and @.
func (p *parser) tag(s string) {
	b := &p.b
	word, rest := s, ""
	if i := strings.IndexAny(s, " \t:("); i >= 0 {
		word, rest = s[:i], strings.TrimSpace(s[i:])
	}
	b.alias = nil
	switch word {
	case "async", "class", "field", "overload", "param", "return", "see", "type":
		b.tags = append(b.tags, word)
	}
	switch word {
	case "meta", "diagnostic", "generic", "nodiscard", "operator":
	case "async":
		b.async = true
	case "param":
		if v, ok := p.named(word, rest); ok {
			b.params = append(b.params, v)
			b.more = &b.params[len(b.params)-1].Doc
		}
	case "return":
		p.returns(rest)
	case "field":
		p.field(rest)
	case "type":
		if typ, _, ok := scanType(rest, true); ok {
			b.typ = typ
		} else {
			p.errorf(p.line, "---@type <type> expected, got %q", rest)
		}
	case "class":
		p.class(rest)
	case "alias":
		p.typeAlias(rest)
	case "overload":
		b.overloads = append(b.overloads, rest)
	case "see":
		b.see = append(b.see, strings.FieldsFunc(rest, func(r rune) bool { return r == ',' || r == ' ' })...)
	default:
		p.errorf(p.line, "---@%s is not known", word)
	}
}

// named reads "name? type prose".
func (p *parser) named(tag, s string) (Param, bool) {
	var v Param
	name, rest := cutSpace(s)
	v.Name, v.Optional = strings.CutSuffix(name, "?")
	typ, rest, ok := scanType(rest, true)
	if !ok || !isName(v.Name) && v.Name != "..." && !strings.HasPrefix(v.Name, "[") {
		p.errorf(p.line, "---@%s <name> <type> <prose> expected, got %q", tag, s)
		return v, false
	}
	typ, opt := optionalType(typ)
	v.Type, v.Optional, v.Doc = typ, v.Optional || opt, prose(rest)
	return v, true
}

func (p *parser) field(s string) {
	b := &p.b
	for _, scope := range []string{"public ", "private ", "protected ", "package "} {
		s = strings.TrimPrefix(s, scope)
	}
	if v, ok := p.named("field", s); ok {
		e := &Entry{Name: v.Name, Kind: Field, Type: v.Type, Optional: v.Optional, Doc: v.Doc, Line: p.line}
		b.fields = append(b.fields, e)
		b.more = &e.Doc
	}
}

// returns reads "type name prose", "type # prose" or "type name, type name".
func (p *parser) returns(s string) {
	b := &p.b
	var vs []Param
	for rest := s; ; {
		var v Param
		var typ string
		var ok bool
		typ, rest, ok = scanType(rest, false)
		if !ok {
			p.errorf(p.line, "---@return <type> <name> <prose> expected, got %q", s)
			return
		}
		v.Type, v.Optional = optionalType(typ)
		v.Name, rest = valueName(rest)
		rest = strings.TrimSpace(rest)
		if after, more := strings.CutPrefix(rest, ","); more {
			vs = append(vs, v)
			rest = strings.TrimSpace(after)
			continue
		}
		switch v.Name {
		case "the", "a", "an":
			p.errorf(p.line, "---@return %s: a name or # expected before the prose, got %q", typ, v.Name)
		}
		v.Doc = prose(rest)
		vs = append(vs, v)
		break
	}
	failure := len(vs) > 1 && (vs[0].Type == "nil" || vs[0].Type == "false")
	if failure || len(b.returns) == 0 {
		b.returns = append(b.returns, vs)
	} else {
		b.returns[len(b.returns)-1] = append(b.returns[len(b.returns)-1], vs...)
	}
	way := b.returns[len(b.returns)-1]
	b.more = &way[len(way)-1].Doc
}

func valueName(s string) (name, rest string) {
	if rest, ok := strings.CutPrefix(s, "..."); ok {
		return "...", rest
	}
	return identifier(s)
}

func (p *parser) class(s string) {
	b := &p.b
	s = strings.TrimSpace(strings.TrimPrefix(s, "(exact)"))
	name, parents, _ := strings.Cut(s, ":")
	name = strings.TrimSpace(name)
	if !isName(name) {
		p.errorf(p.line, "---@class <name> : <parent> expected, got %q", s)
		return
	}
	if b.class != nil {
		p.errorf(p.line, "---@class %s: a blank line expected after ---@class %s", name, b.class.Name)
		return
	}
	b.class = &Class{Name: name, Line: p.line}
	for _, parent := range strings.Split(parents, ",") {
		if parent = strings.TrimSpace(parent); parent != "" {
			b.class.Parents = append(b.class.Parents, parent)
		}
	}
}

func (p *parser) typeAlias(s string) {
	b := &p.b
	name, rest := cutSpace(s)
	typ, rest, ok := scanType(rest, true)
	if !isName(name) || !ok && rest != "" {
		p.errorf(p.line, "---@alias <name> <type> expected, got %q", s)
		return
	}
	doc := strings.TrimSpace(b.text() + " " + prose(rest))
	b.doc, b.examples = nil, nil
	p.m.Types = append(p.m.Types, Param{Name: name, Type: typ, Doc: doc, line: p.line})
	b.alias = &p.m.Types[len(p.m.Types)-1]
	b.more = &b.alias.Doc
}

func (p *parser) aliasValue(s string) {
	a := p.b.alias
	typ, rest, ok := scanType(strings.TrimLeft(s, "+> "), true)
	if !ok {
		p.errorf(p.line, "---| <type> expected, got %q", s)
		return
	}
	if a.Type != "" {
		a.Type += "|"
	}
	a.Type += typ
	if doc := prose(rest); doc != "" {
		a.Doc = strings.TrimSpace(a.Doc + "\n- `" + typ + "` " + doc)
	}
}

// prose takes off the sign that LuaLS wants before a comment.
func prose(s string) string {
	return strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(s), "#@:"))
}

func optionalType(typ string) (string, bool) { return strings.CutSuffix(typ, "?") }

// scanType takes a type off the front of s. Blanks end it, but not inside
// brackets and quotes, around |, after the colon of a fun, or after async. With
// list, a comma in what a fun returns belongs to the type.
func scanType(s string, list bool) (typ, rest string, ok bool) {
	s = strings.TrimSpace(s)
	depth, i, fun := 0, 0, false
scan:
	for ; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\'', '`':
			j := strings.IndexByte(s[i+1:], c)
			if j < 0 {
				return "", s, false
			}
			i += j + 1
		case '(', '[', '{', '<':
			fun = fun || depth == 0 && strings.HasSuffix(s[:i], "fun")
			depth++
		case ')', ']', '}', '>':
			if depth == 0 {
				break scan
			}
			depth--
		case ':', ',':
			if depth == 0 && (!fun || c == ',' && !list) {
				break scan
			}
		case '#', '@':
			if depth == 0 {
				break scan
			}
		case ' ', '\t':
			next := strings.TrimLeft(s[i:], " \t")
			if depth == 0 && !goesOn(s[:i], next) {
				break scan
			}
		}
	}
	typ = strings.TrimSpace(s[:i])
	return typ, strings.TrimSpace(s[i:]), typ != "" && depth == 0
}

// goesOn tells whether a type continues over the blanks between two texts.
func goesOn(before, next string) bool {
	if strings.HasPrefix(next, "|") || before == "async" && strings.HasPrefix(next, "fun(") {
		return true
	}
	before = strings.TrimRight(before, " \t")
	return strings.HasSuffix(before, "|") || strings.HasSuffix(before, ":") || strings.HasSuffix(before, ",")
}

func cutSpace(s string) (word, rest string) {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], strings.TrimSpace(s[i:])
	}
	return s, ""
}
