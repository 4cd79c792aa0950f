package stub

import (
	"fmt"
	"strings"
)

// Markdown answers the reference page of a module for docs/api. The same
// module always gives the same bytes.
func Markdown(m *Module) string {
	p := &markdownPage{anchors: anchors(m)}
	p.printf("<!-- written from %s.d.lua, do not edit -->\n\n# %s\n", m.Name, m.Name)
	p.prose(m.Doc)
	p.index(m)
	p.types(m)
	p.entries("Functions", pick(m.Entries, func(e *Entry) bool { return isCall(e) && !e.Global }))
	p.fields("Fields", pick(m.Entries, func(e *Entry) bool { return e.Kind == Field && !e.Global }))
	p.entries("Globals", pick(m.Entries, func(e *Entry) bool { return isCall(e) && e.Global }))
	p.fields("Global fields", pick(m.Entries, func(e *Entry) bool { return e.Kind == Field && e.Global }))
	for _, c := range m.Classes {
		p.class(c)
	}
	return p.String()
}

type markdownPage struct {
	strings.Builder
	anchors map[string]string
}

func (p *markdownPage) printf(format string, a ...any) { fmt.Fprintf(p, format, a...) }

func (p *markdownPage) prose(doc string) {
	if doc != "" {
		p.printf("\n%s\n", doc)
	}
}

// anchors answers the fragments that GitHub gives the headings of the page, by
// the name of an entry, or by "class " and the name of a class.
func anchors(m *Module) map[string]string {
	links, used := map[string]string{}, map[string]int{}
	heading := func(key, text string) {
		a := fragment(text)
		links[key] = a
		if n := used[a]; n > 0 {
			links[key] = fmt.Sprintf("%s-%d", a, n)
		}
		used[a]++
	}
	heading("", m.Name)
	for _, e := range callable(m) {
		heading(e.Name, e.Name)
	}
	for _, c := range m.Classes {
		heading("class "+c.Name, c.Name)
		for _, e := range pick(c.Entries, isCall) {
			heading(e.Name, e.Name)
		}
	}
	return links
}

// callable answers the functions of the module, then the global ones.
func callable(m *Module) []*Entry {
	return append(
		pick(m.Entries, func(e *Entry) bool { return isCall(e) && !e.Global }),
		pick(m.Entries, func(e *Entry) bool { return isCall(e) && e.Global })...)
}

func isCall(e *Entry) bool { return e.Kind != Field }

func fragment(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r >= 128 || isIdent(byte(r)):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// code writes a name as code, with a link if it is on this page.
func (p *markdownPage) code(name string) string {
	if a := p.anchors[name]; a != "" {
		return "[`" + name + "`](#" + a + ")"
	}
	return "`" + name + "`"
}

// index lists what can be called, before the details.
func (p *markdownPage) index(m *Module) {
	es := callable(m)
	for _, c := range m.Classes {
		es = append(es, pick(c.Entries, isCall)...)
	}
	if len(es) == 0 {
		return
	}
	p.printf("\n| call | what it does |\n| --- | --- |\n")
	for _, e := range es {
		p.printf("| [`%s`](#%s) | %s |\n", cell(e.Call()), p.anchors[e.Name], cell(e.Summary()))
	}
}

// cell makes s fit for a cell of a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", "\\|")
}

func (p *markdownPage) types(m *Module) {
	if len(m.Types) == 0 {
		return
	}
	p.printf("\n## Types\n\n")
	for _, t := range m.Types {
		p.printf("- `%s`: `%s`", t.Name, t.Type)
		if t.Doc != "" {
			p.printf(" %s", strings.ReplaceAll(t.Doc, "\n", "\n  "))
		}
		p.printf("\n")
	}
}

func (p *markdownPage) entries(title string, es []*Entry) {
	if len(es) > 0 {
		p.printf("\n## %s\n", title)
	}
	for _, e := range es {
		p.entry(e)
	}
}

func (p *markdownPage) fields(title string, es []*Entry) {
	if len(es) == 0 {
		return
	}
	p.printf("\n## %s\n\n| name | type | |\n| --- | --- | --- |\n", title)
	for _, e := range es {
		p.row(e.Name+mark(e.Optional), e.Type, e.Doc)
	}
}

func (p *markdownPage) row(name, typ, doc string) {
	p.printf("| `%s` | `%s` | %s |\n", cell(name), cell(typ), cell(doc))
}

func (p *markdownPage) entry(e *Entry) {
	p.printf("\n### %s\n\n```text\n%s%s\n```\n", e.Name, e.Signature(), wait(e))
	if e.Alias != "" {
		p.printf("\nSame as %s.\n", p.code(e.Alias))
		return
	}
	before, examples := cutExamples(e.Doc)
	p.prose(before)
	if len(e.Params) > 0 {
		p.printf("\n| parameter | type | |\n| --- | --- | --- |\n")
		for _, v := range e.Params {
			p.row(v.Name+mark(v.Optional), v.Type, v.Doc)
		}
	}
	p.returns(e)
	for _, o := range e.Overloads {
		p.printf("\nAlso: `%s`\n", o)
	}
	p.prose(examples)
	if len(e.See) > 0 {
		var see []string
		for _, name := range e.See {
			see = append(see, p.code(name))
		}
		p.printf("\nSee %s.\n", strings.Join(see, ", "))
	}
}

func (p *markdownPage) returns(e *Entry) {
	for i, way := range outcomes(e.Returns) {
		word := "Returns"
		if i > 0 {
			word = "Or"
		}
		var vs []string
		for _, v := range way {
			s := "`" + v.Type + mark(v.Optional) + "`"
			if v.Name != "" {
				s = "`" + v.Name + mark(v.Optional) + "` (" + strings.ReplaceAll(v.Type, "|", " or ") + ")"
			}
			if v.Doc != "" {
				s += " " + strings.TrimSuffix(v.Doc, ".")
			}
			vs = append(vs, s)
		}
		p.printf("\n%s %s.\n", word, strings.Join(vs, ", "))
	}
}

func (p *markdownPage) class(c *Class) {
	p.printf("\n## %s\n", c.Name)
	for _, parent := range c.Parents {
		if a := p.anchors["class "+parent]; a != "" {
			p.printf("\nHas all that [`%s`](#%s) has.\n", parent, a)
		} else if !stockTypes[parent] {
			p.printf("\nHas all that `%s` has.\n", parent)
		}
	}
	p.prose(c.Doc)
	fields := pick(c.Entries, func(e *Entry) bool { return e.Kind == Field })
	if len(fields) > 0 {
		p.printf("\n| field | type | |\n| --- | --- | --- |\n")
		for _, e := range fields {
			p.row(strings.TrimPrefix(e.Name, c.Name+".")+mark(e.Optional), e.Type, e.Doc)
		}
	}
	for _, e := range pick(c.Entries, isCall) {
		p.entry(e)
	}
}
