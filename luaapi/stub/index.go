package stub

import (
	"fmt"
	"strings"
)

// index finds declarations by name, in one stub or in several.
type index struct {
	entries map[string]*Entry
	classes map[string]*Class
	aliases []*Entry // in order
}

func newIndex() index {
	return index{entries: map[string]*Entry{}, classes: map[string]*Class{}}
}

func (x *index) add(e *Entry) {
	x.entries[e.Name] = e
	if e.Alias != "" {
		x.aliases = append(x.aliases, e)
	}
}

// lineage answers a class and all it inherits from, the nearest first, and
// whether all of them are known.
func (x *index) lineage(name string) (line []*Class, complete bool) {
	complete = true
	seen := map[string]bool{}
	var walk func(name string)
	walk = func(name string) {
		c := x.classes[name]
		if seen[name] || stockTypes[name] {
			return
		}
		seen[name] = true
		if c == nil {
			complete = false
			return
		}
		line = append(line, c)
		for _, parent := range c.Parents {
			walk(parent)
		}
	}
	walk(name)
	return line, complete
}

// find answers an entry by its name; a method may be declared in a parent.
func (x *index) find(name string) *Entry {
	if e := x.entries[name]; e != nil {
		return e
	}
	class, method, ok := strings.Cut(name, ":")
	if !ok {
		return nil
	}
	line, _ := x.lineage(class)
	for _, c := range line {
		if e := x.entries[c.Name+":"+method]; e != nil {
			return e
		}
	}
	return nil
}

// maxAliases is how long a chain of aliases may be.
const maxAliases = 20

// resolve fills in an alias from what it stands for.
func (x *index) resolve(e *Entry) error {
	t := x.find(e.Alias)
	for steps := 0; t != nil && t.Alias != ""; steps++ {
		if steps > maxAliases {
			return fmt.Errorf("%s is an alias of itself", e.Name)
		}
		t = x.find(t.Alias)
	}
	if t == nil {
		return fmt.Errorf("%s is an alias of %s, which is not declared", e.Name, e.Alias)
	}
	if e.Kind == Method && t.Kind != Method && t.Kind != Function {
		return fmt.Errorf("%s is an alias of %s, which is a field", e.Name, e.Alias)
	}
	if e.Kind != Method {
		e.Kind = t.Kind
	}
	if e.Kind == Method && !strings.Contains(e.Name, ":") {
		e.Kind = Function
	}
	e.Async, e.Params, e.Returns, e.Type, e.Optional, e.Overloads = t.Async, t.Params, t.Returns, t.Type, t.Optional, t.Overloads
	if e.Doc == "" {
		e.Doc = t.Doc
	}
	if e.See == nil {
		e.See = t.See
	}
	return nil
}
