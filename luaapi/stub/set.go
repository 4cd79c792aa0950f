package stub

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sort"
	"strings"
	"sync"
)

// Set is the documentation of several modules. It reads its stubs at the first
// question. Any goroutine may ask.
type Set struct {
	texts func() map[string]string
	once  sync.Once

	// Written once, under once.
	err     error
	modules []*Module
	byName  map[string]*Module
	index   // also with what classes inherit
	last    map[string][]*Entry
	names   []string
}

// Topic is what a name stands for: exactly one of its fields is set.
type Topic struct {
	Module *Module
	Class  *Class
	Entry  *Entry
}

// NewSet makes a Set of the stubs that texts answers, by module name. texts is
// called at most once.
func NewSet(texts func() map[string]string) *Set {
	return &Set{texts: texts}
}

func (s *Set) load() { s.once.Do(s.build) }

func (s *Set) build() {
	s.byName, s.last, s.index = map[string]*Module{}, map[string][]*Entry{}, newIndex()
	texts := s.texts()
	var errs []error
	for _, name := range sortedKeys(texts) {
		m, err := Parse(name, texts[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.modules = append(s.modules, m)
		s.byName[m.Name] = m
		errs = append(errs, s.enter(m)...)
	}
	for _, e := range s.aliases {
		if err := s.resolve(e); err != nil {
			errs = append(errs, at(e, err.Error()))
		}
	}
	for _, m := range s.modules {
		for _, c := range m.Classes {
			errs = append(errs, s.inherit(c)...)
		}
	}
	errs = append(errs, s.checkTypes()...)
	s.collectNames()
	s.err = errors.Join(errs...)
}

func at(e *Entry, msg string) error {
	return fmt.Errorf("%s.d.lua:%d: %s", e.Module, e.Line, msg)
}

func (s *Set) enter(m *Module) (errs []error) {
	enter := func(es []*Entry) {
		for _, e := range es {
			if old := s.entries[e.Name]; old != nil {
				errs = append(errs, at(e, e.Name+" is declared in "+old.Module+".d.lua too"))
				continue
			}
			s.add(e)
		}
	}
	enter(m.Entries)
	for _, c := range m.Classes {
		if old := s.classes[c.Name]; old != nil {
			errs = append(errs, fmt.Errorf("%s.d.lua:%d: class %s is declared in %s.d.lua too", c.Module, c.Line, c.Name, old.Module))
			continue
		}
		s.classes[c.Name] = c
		enter(c.Entries)
	}
	return errs
}

// inherit enters what c has from its parents.
func (s *Set) inherit(c *Class) (errs []error) {
	fail := func(format string, a ...any) {
		errs = append(errs, fmt.Errorf("%s.d.lua:%d: class %s"+format, append([]any{c.Module, c.Line, c.Name}, a...)...))
	}
	for _, parent := range c.Parents {
		if s.classes[parent] == nil && !stockTypes[parent] {
			fail(": its parent %s is not declared", parent)
		}
	}
	line, _ := s.lineage(c.Name)
	for _, from := range line {
		if slices.Contains(from.Parents, c.Name) {
			fail(" inherits from itself")
		}
		for _, e := range from.Entries {
			own := c.Name + strings.TrimPrefix(e.Name, from.Name)
			if s.entries[own] == nil {
				inherited := *e
				inherited.Name, inherited.Inherited = own, e.Name
				s.entries[own] = &inherited
			}
		}
	}
	return errs
}

// checkTypes looks for types that nobody declares: a typing error, or prose
// that was taken for a type.
func (s *Set) checkTypes() (errs []error) {
	known := map[string]bool{}
	for _, m := range s.modules {
		known[m.Name] = true
		for _, t := range m.Types {
			known[t.Name] = true
		}
	}
	check := func(e *Entry, typ string) {
		for _, t := range strings.Split(typ, "|") {
			t = strings.TrimRight(strings.TrimSpace(t), "?[]")
			if isName(t) && len(t) > 1 && !stockTypes[t] && !known[t] && s.classes[t] == nil {
				errs = append(errs, at(e, fmt.Sprintf("%s: unknown type %q", e.Name, t)))
			}
		}
	}
	for _, m := range s.modules {
		for _, t := range m.Types {
			check(&Entry{Name: "---@alias " + t.Name, Module: m.Name, Line: t.line}, t.Type)
		}
	}
	for _, e := range s.all() {
		if e.Alias != "" {
			continue
		}
		check(e, e.Type)
		for _, v := range e.Params {
			check(e, v.Type)
		}
		for _, way := range e.Returns {
			for _, v := range way {
				check(e, v.Type)
			}
		}
	}
	return errs
}

// all answers every declared entry, without the inherited ones.
func (s *Set) all() []*Entry {
	var es []*Entry
	for _, m := range s.modules {
		es = append(es, m.Entries...)
		for _, c := range m.Classes {
			es = append(es, c.Entries...)
		}
	}
	return es
}

func (s *Set) collectNames() {
	shape := map[string]bool{}
	for _, m := range s.modules {
		s.names = append(s.names, m.Name)
		for _, c := range m.Classes {
			shape[c.Name] = c.Shape
			s.names = append(s.names, c.Name)
		}
	}
	for name, e := range s.entries {
		if e.Kind == Field && shape[strings.TrimSuffix(name, "."+last(name))] {
			continue
		}
		s.names = append(s.names, name)
	}
	sort.Strings(s.names)
	s.names = slices.Compact(s.names)
	for _, name := range s.names {
		if e := s.entries[name]; e != nil {
			s.last[last(name)] = append(s.last[last(name)], e)
		}
	}
}

// Err answers what is wrong with the stubs, with file and line of each, or nil.
// A stub that cannot be read is left out, the others are there.
func (s *Set) Err() error {
	s.load()
	return s.err
}

// Modules answers the modules by name. They must not be written.
func (s *Set) Modules() []*Module {
	s.load()
	return s.modules
}

// Names answers all names that have help, sorted: modules, classes, functions,
// fields and methods, the inherited ones too.
func (s *Set) Names() []string {
	s.load()
	return slices.Clone(s.names)
}

// Lookup finds what a name stands for. It may end in "()", "." may stand for
// ":", and the last part alone will do where it means one thing.
func (s *Set) Lookup(name string) (Topic, bool) {
	s.load()
	name = clean(name)
	if m := s.byName[name]; m != nil {
		return Topic{Module: m}, true
	}
	if e := s.member(name); e != nil {
		return Topic{Entry: e}, true
	}
	if c := s.classes[name]; c != nil {
		return Topic{Class: c}, true
	}
	if es := roots(s.last[name]); len(es) == 1 {
		return Topic{Entry: es[0]}, true
	}
	return Topic{}, false
}

func clean(name string) string {
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(name), "()"))
}

// member answers an entry; . and : are the same.
func (s *Set) member(name string) *Entry {
	if e := s.entries[name]; e != nil {
		return e
	}
	i := strings.LastIndexAny(name, ".:")
	if i < 0 {
		return nil
	}
	sep := "."
	if name[i] == '.' {
		sep = ":"
	}
	return s.entries[name[:i]+sep+name[i+1:]]
}

// fields answers the fields of a class, then those of its parents.
func (s *Set) fields(c *Class) (es []*Entry) {
	line, _ := s.lineage(c.Name)
	for _, from := range line {
		for _, e := range from.Entries {
			own := s.entries[c.Name+"."+last(e.Name)]
			if e.Kind == Field && own != nil && (own == e || own.Inherited == e.Name) {
				es = append(es, own)
			}
		}
	}
	return es
}

// roots leaves one entry of those that are inherited from the same one.
func roots(es []*Entry) []*Entry {
	var out []*Entry
	for _, e := range es {
		if e.Inherited == "" {
			out = append(out, e)
		}
	}
	return out
}

// Params answers the names of a function's parameters, nil if it is not known.
// Those of a method do not include self. They must not be written.
func (s *Set) Params(function string) []string {
	s.load()
	e := s.member(function)
	if e == nil {
		return nil
	}
	names := make([]string, len(e.Params))
	for i, v := range e.Params {
		names[i] = v.Name
	}
	return names
}

// Declared is what a stub says that a module registers, sorted.
type Declared struct {
	Module  []string            // functions and fields of its table: "connect", "dns.toip"
	Globals []string            // "spawn", "string.pack"
	Methods map[string][]string // by class, the inherited ones too
}

// Declared answers what a module declares, so that a test can hold it against
// what is registered. Shapes of tables are not in it.
func (s *Set) Declared(module string) Declared {
	s.load()
	d := Declared{Methods: map[string][]string{}}
	m := s.byName[module]
	if m == nil {
		return d
	}
	for _, e := range m.Entries {
		if e.Global {
			d.Globals = append(d.Globals, e.Name)
		} else {
			d.Module = append(d.Module, strings.TrimPrefix(e.Name, m.Name+"."))
		}
	}
	for _, c := range m.Classes {
		if !c.Shape {
			d.Methods[c.Name] = []string{}
		}
	}
	for name, e := range s.entries {
		i := strings.LastIndexByte(name, ':')
		if i < 0 || e.Kind != Method {
			continue
		}
		if ms, ok := d.Methods[name[:i]]; ok {
			d.Methods[name[:i]] = append(ms, name[i+1:])
		}
	}
	sort.Strings(d.Module)
	sort.Strings(d.Globals)
	for _, ms := range d.Methods {
		sort.Strings(ms)
	}
	return d
}

// Examples yields every example once, module by module in the order of lines.
func (s *Set) Examples() iter.Seq[Example] {
	s.load()
	return func(yield func(Example) bool) {
		for _, m := range s.modules {
			xs := slices.Clone(m.Examples)
			for _, c := range m.Classes {
				xs = append(xs, c.Examples...)
				for _, e := range c.Entries {
					xs = append(xs, e.Examples...)
				}
			}
			for _, e := range m.Entries {
				xs = append(xs, e.Examples...)
			}
			sort.SliceStable(xs, func(i, j int) bool { return xs[i].Line < xs[j].Line })
			for _, x := range xs {
				if !yield(x) {
					return
				}
			}
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
