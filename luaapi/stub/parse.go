package stub

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const fence = "```"

// Parse reads the stub of the module called name. The error joins all that is
// wrong, each with file and line: "bytes.d.lua:12: ...".
func Parse(name, text string) (*Module, error) {
	name = strings.TrimSuffix(name, ".d.lua")
	p := &parser{
		m:      &Module{Name: name},
		file:   name + ".d.lua",
		table:  returned(text),
		locals: map[string]*Class{},
		index:  newIndex(),
	}
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		p.line++
		p.read(strings.TrimSpace(line))
	}
	p.finish()
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return p.m, nil
}

// returned answers the name of the local that the stub returns.
func returned(text string) string {
	i := strings.LastIndex(text, "\nreturn ")
	if i < 0 {
		return ""
	}
	line, _, _ := strings.Cut(text[i+len("\nreturn "):], "\n")
	id, _ := identifier(strings.TrimSpace(line))
	return id
}

type parser struct {
	m      *Module
	file   string
	line   int
	table  string // the local that is the module
	opened bool   // its declaration was seen
	closed bool   // return was seen
	locals map[string]*Class
	index  index
	b      block
	errs   []error
}

// block is the comment that is being collected for the next declaration.
type block struct {
	start     int // its first line, 0 if there is none
	doc       []string
	examples  []Example
	code      []string // of the open fence
	fenceLine int      // of the open fence, 0 if there is none
	lua       bool     // the open fence is an example
	more      *string  // what a prose line continues, nil for doc
	alias     *Param   // what ---| continues

	tags      []string // those of a declaration
	class     *Class
	fields    []*Entry
	typ       string
	async     bool
	params    []Param
	returns   [][]Param
	overloads []string
	see       []string
}

func (p *parser) errorf(line int, format string, a ...any) {
	if len(p.errs) < 20 {
		p.errs = append(p.errs, fmt.Errorf("%s:%d: "+format, append([]any{p.file, line}, a...)...))
	}
}

func (p *parser) read(s string) {
	switch {
	case strings.HasPrefix(s, "---") && !strings.HasPrefix(s, "----"):
		p.comment(s[3:])
	case strings.HasPrefix(s, "--"):
	case s == "":
		p.flush()
	default:
		p.closeFence()
		p.statement(s)
		p.b = block{}
	}
}

func (p *parser) finish() {
	p.flush()
	if p.table != "" && !p.opened {
		p.errorf(p.line, "returns %s, which is not declared", p.table)
	}
	for _, e := range p.index.aliases {
		if err := p.index.resolve(e); err != nil && p.complete(e.Alias) {
			p.errorf(e.Line, "%v", err)
		}
	}
	p.m.Doc = strings.TrimSpace(p.m.Doc)
}

// complete tells whether all that name can come from stands in this stub.
func (p *parser) complete(name string) bool {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		_, complete := p.index.lineage(name[:i])
		return complete
	}
	return name == p.m.Name || strings.HasPrefix(name, p.m.Name+".")
}

// comment reads a line of a comment block, without its three dashes.
func (p *parser) comment(s string) {
	b := &p.b
	if b.start == 0 {
		b.start = p.line
	}
	prose := strings.TrimPrefix(s, " ")
	switch {
	case b.fenceLine > 0:
		b.doc = append(b.doc, prose)
		if strings.HasPrefix(strings.TrimSpace(prose), fence) {
			p.closeExample()
		} else {
			b.code = append(b.code, prose)
		}
	case strings.HasPrefix(s, "@"):
		b.more = nil
		p.tag(s[1:])
	case strings.HasPrefix(s, "|") && b.alias != nil:
		p.aliasValue(s[1:])
	case strings.HasPrefix(strings.TrimSpace(prose), fence):
		b.more = nil
		b.doc = append(b.doc, prose)
		info := strings.Fields(strings.TrimLeft(strings.TrimSpace(prose), "`"))
		b.fenceLine, b.lua, b.code = p.line, len(info) > 0 && info[0] == "lua", nil
	case strings.TrimSpace(prose) == "":
		b.more = nil
		b.doc = append(b.doc, "")
	case b.more != nil:
		*b.more = strings.TrimSpace(*b.more + " " + strings.TrimSpace(prose))
	default:
		b.doc = append(b.doc, prose)
	}
}

func (p *parser) closeExample() {
	b := &p.b
	if b.lua {
		b.examples = append(b.examples, Example{
			File: p.file, Line: b.fenceLine + 1, Code: strings.Join(b.code, "\n"),
		})
	}
	b.fenceLine = 0
}

func (p *parser) closeFence() {
	if p.b.fenceLine > 0 {
		p.errorf(p.b.fenceLine, "the fence is not closed")
		p.b.fenceLine = 0
	}
}

func (b *block) text() string { return strings.TrimSpace(strings.Join(b.doc, "\n")) }

// about gives the examples of the block the name they belong to.
func (b *block) about(name string) []Example {
	for i := range b.examples {
		b.examples[i].Name = name
	}
	return b.examples
}

// flush ends a block that no declaration follows.
func (p *parser) flush() {
	if p.b.start == 0 {
		return
	}
	p.closeFence()
	b := p.b
	p.b = block{}
	switch {
	case b.class != nil:
		b.class.Shape = true
		p.addClass(&b)
	case len(b.tags) > 0:
		p.errorf(b.start, "the comment describes nothing: a declaration must follow on the next line")
	case b.text() == "":
	case p.m.Doc == "" && len(p.m.Entries) == 0 && len(p.m.Classes) == 0 && !p.opened:
		p.describeModule(&b)
	default:
		p.errorf(b.start, "the comment describes nothing: a declaration must follow on the next line")
	}
}

// allow demands that the block has no tags but these.
func (p *parser) allow(b *block, name string, tags ...string) {
	for _, t := range b.tags {
		if !slices.Contains(tags, t) {
			p.errorf(p.line, "%s: ---@%s does not belong here", name, t)
			return
		}
	}
}

func (p *parser) describeModule(b *block) {
	p.m.Doc = strings.TrimSpace(p.m.Doc + "\n\n" + b.text())
	p.m.Examples = append(p.m.Examples, b.about(p.m.Name)...)
}

func (p *parser) addClass(b *block) {
	c := b.class
	p.allow(b, "class "+c.Name, "class", "field")
	c.Module, c.Doc, c.Examples = p.m.Name, b.text(), b.about(c.Name)
	if old := p.index.classes[c.Name]; old != nil {
		p.errorf(c.Line, "class %s is declared in line %d too", c.Name, old.Line)
		return
	}
	p.index.classes[c.Name] = c
	p.m.Classes = append(p.m.Classes, c)
	for _, f := range b.fields {
		f.Name = c.Name + "." + f.Name
		p.add(f, c)
	}
}

// add enters e into the class c, or into the module if c is nil.
func (p *parser) add(e *Entry, c *Class) {
	e.Module = p.m.Name
	if old := p.index.entries[e.Name]; old != nil {
		p.errorf(e.Line, "%s is declared in line %d too", e.Name, old.Line)
		return
	}
	p.index.add(e)
	if c != nil {
		c.Entries = append(c.Entries, e)
	} else {
		p.m.Entries = append(p.m.Entries, e)
	}
}
