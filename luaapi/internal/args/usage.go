package args

import (
	"strings"

	"github.com/netrepl/netrepl/luaapi/internal/layout"
)

const flagsMax = 26 // the widest column of flags

// place is what stands for a positional argument in usage and errors.
func (p *Param) place() string { return strings.ToUpper(strings.ReplaceAll(p.Name, "_", "-")) }

// valuePlace is what stands for the value of a flag.
func (p *Param) valuePlace() string {
	if p.Type.Place != "" {
		return p.Type.Place
	}
	return p.place()
}

// Usage answers the usage line.
func (c *Command) Usage() string {
	line := "usage: " + c.Name
	if c.Synopsis != "" {
		return line + " " + c.Synopsis
	}
	flags, args := "", ""
	for _, p := range c.Flags {
		flags += " " + p.inUsage()
	}
	for _, p := range c.Args {
		s := p.place()
		if p.List {
			s += "..."
		}
		if p.optional() {
			s = "[" + s + "]"
		}
		args += " " + s
	}
	if len(line+flags+args) > layout.Width {
		flags = " [flags]"
	}
	return line + flags + args
}

func (p *Param) inUsage() string {
	s := "--" + p.Name
	if p.Type.isBool() {
		if p.onByDefault() {
			s = "--no-" + p.Name
		}
	} else {
		s += " " + p.valuePlace()
	}
	if !p.Required {
		s = "[" + s + "]"
	}
	if p.List {
		s += "..."
	}
	return s
}

func (p *Param) onByDefault() bool {
	d, _ := p.defaultValue()
	return d == true
}

// Help answers the text of --help.
func (c *Command) Help() string {
	p := &layout.Page{}
	p.Line(c.Usage())
	p.Prose(strings.TrimSpace(c.About))
	var rows [][]string
	for _, a := range c.Args {
		rows = append(rows, []string{a.place(), a.describe(false)})
	}
	part := func(title string, rows [][]string) {
		if len(rows) > 0 {
			p.Line("")
			p.Line(title)
			p.Columns(rows, flagsMax)
		}
	}
	part("arguments:", rows)
	part("flags:", c.flagRows())
	rows = nil
	for _, e := range c.Examples {
		rows = append(rows, []string{e})
	}
	part("examples:", rows)
	for _, n := range c.Notes {
		part(n.Title+":", n.Rows)
	}
	return p.String()
}

func (c *Command) flagRows() (rows [][]string) {
	shortHelp := "-h, "
	for _, p := range c.Flags {
		s := "    "
		if p.Short != "" {
			s = "-" + p.Short + ", "
		}
		if p.Short == "h" {
			shortHelp = "    "
		}
		switch {
		case p.Type.isBool() && p.onByDefault():
			s += "--[no-]" + p.Name
		case p.Type.isBool():
			s += "--" + p.Name
		default:
			s += "--" + p.Name + " " + p.valuePlace()
		}
		rows = append(rows, []string{s, p.describe(true)})
	}
	return append(rows, []string{shortHelp + "--help", "show this and end"})
}

// describe answers the prose of a parameter with what it is without being
// given.
func (p *Param) describe(repeated bool) string {
	var notes []string
	switch {
	case p.Type.isBool() && p.onByDefault():
		notes = append(notes, "on unless switched off")
	case p.Type.isBool():
	case len(p.Default) > 0:
		notes = append(notes, "default "+strings.Join(p.Default, " "))
	case p.Required:
		notes = append(notes, "required")
	}
	if p.List && repeated {
		notes = append(notes, "may be repeated")
	}
	note := strings.Join(notes, ", ")
	switch {
	case note == "":
		return p.Doc
	case p.Doc == "":
		return note
	}
	return p.Doc + " (" + note + ")"
}
