package stub

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	width    = 80
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
	strings.Builder
	set *Set
}

func (p *page) line(s string) {
	p.WriteString(strings.TrimRight(s, " "))
	p.WriteByte('\n')
}

// title starts a part, below an empty line.
func (p *page) title(s string) {
	p.line("")
	p.line(s)
}

// heading starts a part whose title says what it is.
func (p *page) heading(title, what string) {
	if what == "" {
		p.title(title)
		return
	}
	p.line("")
	p.wrap(title+" - ", "    ", what)
}

func (p *page) overview() {
	rows := make([][]string, len(p.set.modules))
	for i, m := range p.set.modules {
		rows[i] = []string{m.Name, m.Summary()}
	}
	p.columns(rows, nameMax)
}

func (p *page) module(m *Module) {
	p.line(m.Name)
	p.prose(m.Doc)
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
	p.line(classTitle(c))
	p.prose(c.Doc)
	if c.Shape {
		p.line("")
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
	p.columns(rows, entryMax)
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
		p.wrap("  also ", "       ", strings.Join(names, ", "))
	}
}

func (p *page) fields(c *Class) {
	p.columns(p.fieldRows(c), nameMax, typeMax)
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
		p.line("    also " + o)
	}
	if e.Alias != "" {
		p.title("Same as " + e.Alias + ".")
	}
	before, examples := cutExamples(e.Doc)
	p.prose(before)
	p.params(e)
	p.returns(e)
	if examples != "" {
		p.title("Example")
		p.markdown(examples, "  ")
	}
	if len(e.See) > 0 {
		p.line("")
		p.wrap("See ", "    ", strings.Join(e.See, ", "))
	}
}

// signature writes what to call and what comes back, on two lines if one is
// too short.
func (p *page) signature(e *Entry) {
	if s := e.Signature() + wait(e); utf8.RuneCountInString(s) <= width {
		p.line(s)
		return
	}
	call := e.Call()
	rest, _ := strings.CutPrefix(e.Signature(), call)
	p.wrap("", strings.Repeat(" ", min(len(e.Name)+1, 24)), call)
	if rest == "" && !e.Async {
		return
	}
	p.wrap("    ", "       ", strings.TrimSpace(rest+wait(e)))
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
	p.line("")
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
	p.columns(rows, nameMax, typeMax)
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
		p.columns(rows, nameMax, typeMax)
	}
}
