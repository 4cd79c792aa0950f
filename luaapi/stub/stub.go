package stub

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Module is one stub. Like all it holds it is not written after it was read.
type Module struct {
	Name     string
	Doc      string // Markdown
	Examples []Example
	Entries  []*Entry // functions and fields of the module, and globals, as declared
	Classes  []*Class
	Types    []Param // named types (---@alias)
}

// Class is a kind of value and its methods, or the shape of a table.
type Class struct {
	Name     string
	Module   string
	Doc      string // Markdown
	Parents  []string
	Entries  []*Entry // its own fields and methods, not those of its parents
	Shape    bool     // only fields, no table of methods
	Examples []Example
	Line     int
}

// Kind tells what an Entry is.
type Kind int

// The kinds of Entry.
const (
	Function Kind = iota
	Method
	Field
)

// Entry is one documented name.
type Entry struct {
	Name      string // "bytes.pack", "stream:send", "spawn", "socket.AF_INET"
	Kind      Kind
	Module    string
	Global    bool   // stands in the global table or a stock one, not in the module
	Alias     string // the name it is the same as, or ""
	Inherited string // the name in the class it comes from, or ""
	Doc       string // Markdown, with the examples
	Async     bool   // may wait
	Params    []Param
	Returns   [][]Param // the ways it returns: values on success, then on failure
	Type      string    // of a field
	Optional  bool      // a field that may be missing
	Overloads []string
	See       []string
	Examples  []Example // its own, not those of what it is an alias of
	Line      int
}

// Param is a parameter or a returned value.
type Param struct {
	Name, Type, Doc string
	Optional        bool
	line            int
}

// Example is a block of Lua from the prose.
type Example struct {
	Name string // what it belongs to: "bytes" or "bytes.pack"
	File string // "bytes.d.lua"
	Line int    // of the first line of Code
	Code string
}

// Summary answers the first sentence of the entry's prose.
func (e *Entry) Summary() string {
	if e.Alias != "" {
		return "Same as " + e.Alias + "."
	}
	return summary(e.Doc)
}

// Summary answers the first sentence of the module's prose.
func (m *Module) Summary() string { return summary(m.Doc) }

// Call answers the entry with its parameters: "stream:send(data [, i [, j]])".
// A field is "socket.AF_INET".
func (e *Entry) Call() string {
	if e.Kind == Field {
		return e.Name
	}
	return e.Name + "(" + paramList(e.Params) + ")"
}

// Signature answers the call and what it returns:
// "socket.connect(host, port [, opts]) -> tcp | nil, err". A field is
// "socket.AF_INET: integer".
func (e *Entry) Signature() string {
	if e.Kind == Field {
		return e.Name + ": " + e.Type + mark(e.Optional)
	}
	if r := e.returnList(); r != "" {
		return e.Call() + " -> " + r
	}
	return e.Call()
}

func mark(optional bool) string {
	if optional {
		return "?"
	}
	return ""
}

// paramList brackets the optional parameters at the end.
func paramList(ps []Param) string {
	tail := len(ps) // where the brackets start
	for tail > 0 && (ps[tail-1].Optional || ps[tail-1].Name == "...") {
		tail--
	}
	if tail == len(ps)-1 && ps[tail].Name == "..." {
		tail++
	}
	var b strings.Builder
	for i, p := range ps {
		name := p.Name
		switch {
		case i >= tail && i == 0:
			b.WriteString("[")
		case i >= tail:
			b.WriteString(" [, ")
		case i > 0:
			b.WriteString(", ")
		}
		if i < tail {
			name += mark(p.Optional)
		}
		b.WriteString(name)
	}
	b.WriteString(strings.Repeat("]", len(ps)-tail))
	return b.String()
}

func (e *Entry) returnList() string {
	var ways []string
	for _, way := range outcomes(e.Returns) {
		var vs []string
		for _, v := range way {
			vs = append(vs, label(v)+mark(v.Optional))
		}
		ways = append(ways, strings.Join(vs, ", "))
	}
	return strings.Join(ways, " | ")
}

// outcomes tells success and failure apart in the form of LuaLS, where every
// value is optional: "n?, err?" is n or nil, err.
func outcomes(returns [][]Param) [][]Param {
	if len(returns) != 1 {
		return returns
	}
	vs := returns[0]
	for i := 1; i < len(vs); i++ {
		if vs[i].Name != "err" || !vs[i].Optional || !vs[0].Optional {
			continue
		}
		good := append([]Param(nil), vs[:i]...)
		for j := range good {
			good[j].Optional = false
		}
		bad := append([]Param{{Type: "nil"}}, vs[i:]...)
		for j := range bad {
			bad[j].Optional = false
		}
		return [][]Param{good, bad}
	}
	return returns
}

// label names a returned value by its class, else its name, else its type.
func label(p Param) string {
	if p.Name == "" || isName(p.Type) && !stockTypes[p.Type] && len(p.Type) > 1 {
		return p.Type
	}
	return p.Name
}

var stockTypes = map[string]bool{
	"any": true, "boolean": true, "false": true, "function": true, "integer": true,
	"lightuserdata": true, "nil": true, "number": true, "self": true, "string": true,
	"table": true, "thread": true, "true": true, "unknown": true, "userdata": true,
}

// isName tells whether s is one name, dots allowed.
func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !isIdent(c) && !(c == '.' && i > 0 && i < len(s)-1) {
			return false
		}
	}
	return s != "" && (s[0] < '0' || s[0] > '9')
}

func isIdent(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// summary answers the first sentence of doc: to a full stop that ends a word
// of the first paragraph and is followed by a capital or nothing.
func summary(doc string) string {
	para, _, _ := strings.Cut(doc, "\n\n")
	para, _, _ = strings.Cut(para, "\n"+fence)
	if strings.HasPrefix(para, fence) {
		return ""
	}
	para = strings.Join(strings.Fields(para), " ")
	for i := 0; i < len(para); i++ {
		if para[i] != '.' || !strings.HasPrefix(para[i+1:], " ") {
			continue
		}
		if r, _ := utf8.DecodeRuneInString(para[i+2:]); unicode.IsUpper(r) || r == '`' {
			return para[:i+1]
		}
	}
	return para
}

// last answers the last part of a name: "send" of "stream:send".
func last(name string) string {
	return name[strings.LastIndexAny(name, ".:")+1:]
}
