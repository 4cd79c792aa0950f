package stub

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/netrepl/netrepl/luaapi/internal/layout"
)

const (
	nameMax  = 16 // the widest column of names
	typeMax  = 20 // the widest column of types
	entryMax = 30 // the widest column of calls in a list
)

// Text writes the help of a name as plain text of 80 columns: signature, prose,
// parameters, results, examples. For a module or class it is the prose and a
// line for each entry, for "" a line for each module. A name that Lookup does
// not find is an error that suggests others.
func (s *Set) Text(w io.Writer, name string) error {
	s.load()
	p := &page{set: s}
	topic, ok := s.Lookup(name)
	switch {
	case clean(name) == "":
		p.overview()
	case !ok:
		return s.unknown(name)
	case topic.Module != nil:
		p.module(topic.Module)
	case topic.Class != nil:
		p.class(topic.Class)
	default:
		p.entry(topic.Entry)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func (s *Set) unknown(name string) error {
	hint := ""
	if like := s.Suggest(name); len(like) > 0 {
		hint = " - did you mean " + strings.Join(like, ", ") + "?"
	}
	return fmt.Errorf("no docs for %q%s", name, hint)
}

// page is text that is being written.
type page struct {
	layout.Page
	set *Set
}

// title starts a part, below an empty line.
func (p *page) title(s string) {
	p.Line("")
	p.Line(s)
}

// heading starts a part whose title says what it is.
func (p *page) heading(title, what string) {
	if what == "" {
		p.title(title)
		return
	}
	p.Line("")
	p.Wrap(title+" - ", "    ", what)
}

func (p *page) overview() {
	rows := make([][]string, len(p.set.modules))
	for i, m := range p.set.modules {
		rows[i] = []string{m.Name, m.Summary()}
	}
	p.Columns(rows, nameMax)
}

func (p *page) module(m *Module) {
	p.Line(m.Name)
	p.Prose(m.Doc)
	p.list("Functions", pick(m.Entries, func(e *Entry) bool { return e.Kind != Field && !e.Global }))
	p.list("Fields", pick(m.Entries, func(e *Entry) bool { return e.Kind == Field && !e.Global }))
	p.list("Globals", pick(m.Entries, func(e *Entry) bool { return e.Global }))
	for _, c := range m.Classes {
		p.heading(classTitle(c), summary(c.Doc))
		if c.Shape {
			p.fields(c)
			continue
		}
		p.entries(c.Entries)
		p.inherited(c)
	}
}

func (p *page) class(c *Class) {
	p.Line(classTitle(c))
	p.Prose(c.Doc)
	if c.Shape {
		p.Line("")
		p.fields(c)
		return
	}
	p.list("Fields", pick(c.Entries, func(e *Entry) bool { return e.Kind == Field }))
	p.list("Methods", pick(c.Entries, func(e *Entry) bool { return e.Kind != Field }))
	p.inherited(c)
}

func classTitle(c *Class) string {
	if len(c.Parents) > 0 {
		return c.Name + " : " + strings.Join(c.Parents, ", ")
	}
	return c.Name
}

func pick(es []*Entry, want func(*Entry) bool) (out []*Entry) {
	for _, e := range es {
		if want(e) {
			out = append(out, e)
		}
	}
	return out
}

// list writes a line for each entry: what to call and the first sentence.
func (p *page) list(title string, es []*Entry) {
	if len(es) == 0 {
		return
	}
	p.title(title)
	p.entries(es)
}

func (p *page) entries(es []*Entry) {
	rows := make([][]string, len(es))
	for i, e := range es {
		rows[i] = []string{e.Call(), e.Summary()}
	}
	p.Columns(rows, entryMax)
}

// inherited names what c has from its parents.
func (p *page) inherited(c *Class) {
	var names []string
	for _, n := range p.set.names {
		if e := p.set.entries[n]; e != nil && e.Kind == Method && e.Inherited != "" && strings.HasPrefix(n, c.Name) && len(n) == len(c.Name)+1+len(last(n)) {
			names = append(names, last(n))
		}
	}
	if len(names) > 0 {
		p.Wrap("  also ", "       ", strings.Join(names, ", "))
	}
}

func (p *page) fields(c *Class) {
	p.Columns(p.fieldRows(c), nameMax, typeMax)
}

func (p *page) fieldRows(c *Class) [][]string {
	var rows [][]string
	for _, e := range p.set.fields(c) {
		rows = append(rows, []string{strings.TrimPrefix(e.Name, c.Name+".") + mark(e.Optional), e.Type, e.Doc})
	}
	return rows
}

func (p *page) entry(e *Entry) {
	p.signature(e)
	for _, o := range e.Overloads {
		p.Line("    also " + o)
	}
	if e.Alias != "" {
		p.title("Same as " + e.Alias + ".")
	}
	before, examples := cutExamples(e.Doc)
	p.Prose(before)
	p.params(e)
	p.returns(e)
	if examples != "" {
		p.title("Example")
		p.Markdown(examples, "  ")
	}
	if len(e.See) > 0 {
		p.Line("")
		p.Wrap("See ", "    ", strings.Join(e.See, ", "))
	}
}

// signature writes what to call and what comes back, on two lines if one is
// too short.
func (p *page) signature(e *Entry) {
	if s := e.Signature() + wait(e); utf8.RuneCountInString(s) <= layout.Width {
		p.Line(s)
		return
	}
	call := e.Call()
	rest, _ := strings.CutPrefix(e.Signature(), call)
	p.Wrap("", strings.Repeat(" ", min(len(e.Name)+1, 24)), call)
	if rest == "" && !e.Async {
		return
	}
	p.Wrap("    ", "       ", strings.TrimSpace(rest+wait(e)))
}

func wait(e *Entry) string {
	if e.Async {
		return "   (may wait)"
	}
	return ""
}

// params writes the parameters; below a table of options its fields.
func (p *page) params(e *Entry) {
	if len(e.Params) == 0 {
		return
	}
	p.Line("")
	var rows [][]string
	for _, v := range e.Params {
		rows = append(rows, []string{v.Name + mark(v.Optional), v.Type, v.Doc})
		for _, typ := range strings.Split(v.Type, "|") {
			if c := p.set.classes[strings.TrimSpace(typ)]; c != nil && c.Shape {
				for _, row := range p.fieldRows(c) {
					row[0] = "  ." + row[0]
					rows = append(rows, row)
				}
			}
		}
	}
	p.Columns(rows, nameMax, typeMax)
}

// returns writes the results, unless the signature and prose say it all.
func (p *page) returns(e *Entry) {
	var rows [][]string
	documented := false
	for i, way := range outcomes(e.Returns) {
		before := ""
		if i > 0 {
			before = "or "
		}
		for j, v := range way {
			documented = documented || v.Doc != ""
			switch {
			case v.Name != "":
				rows = append(rows, []string{before + v.Name + mark(v.Optional), v.Type, v.Doc})
			case v.Type == "nil" && v.Doc == "" && j+1 < len(way):
				before += "nil, "
				continue
			default:
				rows = append(rows, []string{before + v.Type + mark(v.Optional), "", v.Doc})
			}
			before = ""
		}
	}
	if documented {
		p.title("Returns")
		p.Columns(rows, nameMax, typeMax)
	}
}

// cutExamples cuts prose before its first example.
func cutExamples(doc string) (before, examples string) {
	for at := 0; at < len(doc); {
		line, _, _ := strings.Cut(doc[at:], "\n")
		if strings.HasPrefix(strings.TrimSpace(line), fence+"lua") {
			return strings.TrimSpace(doc[:at]), doc[at:]
		}
		at += len(line) + 1
	}
	return doc, ""
}
