// Package args reads the words of a command line into typed values. It is what
// netrepl's own command line, cli.parse and commands share, so that all of
// them word their usage and their errors alike.
//
//	fetch: unknown flag --prot (did you mean --port?)
//	usage: fetch [--host HOST] [--port PORT] URL [FILE]
package args

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/netrepl/netrepl/luaapi/internal/spell"
)

// Command describes a command line.
type Command struct {
	Name     string // as errors and the usage line show it
	About    string // what it does: prose for --help
	Args     []Param
	Flags    []Param
	Examples []string
	Synopsis string // stands in the usage line for what is made of Args and Flags
	Notes    []Note // more tables at the end of --help
	// FlagsFirst ends the flags at the first word that is none, as a command
	// does that runs another. That word and all behind it are in Words.
	FlagsFirst bool
}

// Note is a table of --help.
type Note struct {
	Title string
	Rows  [][]string
}

// Param is a flag or a positional argument.
type Param struct {
	Name     string
	Short    string // one letter, of a flag
	Type     Type
	Doc      string
	Default  []string // as a user would write it; several only with List
	Optional bool     // of an argument
	Required bool     // of a flag
	List     bool     // a flag that may be repeated; an argument that takes the rest
}

// Values is what a command line said.
type Values struct {
	byName map[string]any
	// Given are the flags as they came.
	Given []Given
	// Words are the positional words as they came, Dash how many of them stood
	// before --, -1 without it.
	Words []string
	Dash  int
}

// Given is one flag that was given.
type Given struct {
	Name  string
	Value any
}

// Get answers the value of a parameter: a string, float64 or bool, with List a
// []any; nil if it was not given and has no default.
func (v *Values) Get(name string) any { return v.byName[name] }

// Bool tells whether a boolean flag is on.
func (v *Values) Bool(name string) bool { b, _ := v.byName[name].(bool); return b }

// ErrHelp is answered when the words ask for help.
var ErrHelp = errors.New("help requested")

// UsageError is wrong use. Error answers two lines: what is wrong, and the
// usage.
type UsageError struct {
	Command *Command
	Text    string
}

func (e *UsageError) Error() string {
	return e.Command.Name + ": " + e.Text + "\n" + e.Command.Usage()
}

// Parse reads words. The error is ErrHelp or a *UsageError.
func (c *Command) Parse(words []string) (*Values, error) {
	v := &Values{byName: map[string]any{}}
	for _, p := range append(slices.Clone(c.Flags), c.Args...) {
		d, err := p.defaultValue()
		if err != nil {
			return nil, c.wrong("%s: default: %s", p.Name, err)
		}
		v.byName[p.Name] = d
	}
	fs := c.flagSet(v)
	if err := fs.Parse(words); err != nil {
		return nil, c.explain(err)
	}
	for _, p := range c.Flags {
		if p.Required && !fs.Changed(p.Name) {
			return nil, c.wrong("--%s is missing", p.Name)
		}
	}
	v.Words, v.Dash = fs.Args(), fs.ArgsLenAtDash()
	if c.FlagsFirst {
		return v, nil
	}
	return v, c.readArgs(v, fs.Args())
}

// Check tells what is wrong with the command itself.
func (c *Command) Check() error {
	seen := map[string]bool{"--help": true}
	once := func(name string) error {
		if seen[name] {
			return fmt.Errorf("%s is declared twice", name)
		}
		seen[name] = true
		return nil
	}
	for _, p := range c.Flags {
		names := []string{"--" + p.Name}
		if p.Short != "" {
			names = append(names, "-"+p.Short)
		}
		for _, n := range names {
			if err := once(n); err != nil {
				return err
			}
		}
	}
	for i, p := range c.Args {
		if seen["--"+p.Name] {
			return fmt.Errorf("%s is a flag too", p.Name)
		}
		if err := once(p.Name); err != nil {
			return err
		}
		if p.List && i < len(c.Args)-1 {
			return fmt.Errorf("%s takes the rest and must be the last", p.Name)
		}
		if i > 0 && !p.optional() && c.Args[i-1].optional() {
			return fmt.Errorf("%s must be optional too, as %s before it is", p.Name, c.Args[i-1].Name)
		}
	}
	for _, p := range append(slices.Clone(c.Flags), c.Args...) {
		if _, err := p.defaultValue(); err != nil {
			return fmt.Errorf("%s: default: %w", p.Name, err)
		}
	}
	return nil
}

func (p *Param) optional() bool { return p.Optional || p.Default != nil }

func (p *Param) defaultValue() (any, error) {
	switch {
	case p.List:
		list := []any{}
		for _, s := range p.Default {
			x, err := p.Type.Parse(s)
			if err != nil {
				return nil, err
			}
			list = append(list, x)
		}
		return list, nil
	case len(p.Default) > 1:
		return nil, errors.New("one value expected")
	case len(p.Default) == 1:
		return p.Type.Parse(p.Default[0])
	case p.Type.isBool():
		return false, nil
	}
	return nil, nil
}

// flagValue stores what pflag reads for a parameter.
type flagValue struct {
	p     *Param
	v     *Values
	not   bool // this is --no-name
	given bool // the first value replaces the default of a list
}

func (f *flagValue) String() string { return "" }
func (f *flagValue) Type() string   { return f.p.Type.Name }

func (f *flagValue) Set(word string) error {
	x, err := f.p.Type.Parse(word)
	if err != nil {
		return err
	}
	if b, ok := x.(bool); ok && f.not {
		x = !b
	}
	f.v.Given = append(f.v.Given, Given{f.p.Name, x})
	if f.p.List {
		list, _ := f.v.byName[f.p.Name].([]any)
		if !f.given {
			list = nil
		}
		f.given = true
		f.v.byName[f.p.Name] = append(list, x)
		return nil
	}
	f.v.byName[f.p.Name] = x
	return nil
}

func (c *Command) flagSet(v *Values) *pflag.FlagSet {
	fs := pflag.NewFlagSet(c.Name, pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	fs.SetInterspersed(!c.FlagsFirst)
	for i := range c.Flags {
		p := &c.Flags[i]
		f := fs.VarPF(&flagValue{p: p, v: v}, p.Name, p.Short, "")
		if p.Type.isBool() {
			f.NoOptDefVal = "true"
			no := fs.VarPF(&flagValue{p: p, v: v, not: true}, "no-"+p.Name, "", "")
			no.NoOptDefVal = "true"
		}
	}
	return fs
}

func (c *Command) readArgs(v *Values, words []string) error {
	for i := range c.Args {
		p := &c.Args[i]
		if len(words) == 0 {
			if !p.optional() {
				return c.wrong("%s is missing", p.place())
			}
			return nil
		}
		n := 1
		if p.List {
			n = len(words)
		}
		var list []any
		for _, w := range words[:n] {
			x, err := p.Type.Parse(w)
			if err != nil {
				return c.wrong("%s: %s", p.place(), err)
			}
			list = append(list, x)
		}
		words = words[n:]
		v.byName[p.Name] = list[0]
		if p.List {
			v.byName[p.Name] = list
		}
	}
	if len(words) > 0 {
		return c.wrong("unexpected argument %q", words[0])
	}
	return nil
}

func (c *Command) wrong(format string, a ...any) error {
	return &UsageError{Command: c, Text: fmt.Sprintf(format, a...)}
}

// explain words an error of pflag. It is the one place that does.
func (c *Command) explain(err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var syntax *pflag.InvalidSyntaxError
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return ErrHelp
	case errors.As(err, &unknown):
		return c.wrong("%s", c.unknownFlag(unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames()))
	case errors.As(err, &missing):
		f := missing.GetFlag()
		return c.wrong("--%s: %s expected, got nothing", f.Name, f.Value.(*flagValue).p.Type.Expected)
	case errors.As(err, &invalid):
		return c.wrong("--%s: %s", invalid.GetFlag().Name, invalid.Unwrap())
	case errors.As(err, &syntax):
		return c.wrong("bad flag %s", syntax.GetSpecifiedFlag())
	}
	return c.wrong("%s", err)
}

func (c *Command) unknownFlag(name, group string) string {
	if group != "" {
		for _, p := range c.Flags {
			if p.Name == group {
				return fmt.Sprintf("unknown flag -%s (did you mean --%s?)", group, group)
			}
		}
		return "unknown flag -" + name
	}
	names := []string{"help"}
	for _, p := range c.Flags {
		names = append(names, p.Name)
		if p.Type.isBool() {
			names = append(names, "no-"+p.Name)
		}
	}
	if near := spell.Nearest(name, names); near != "" {
		return fmt.Sprintf("unknown flag --%s (did you mean --%s?)", name, near)
	}
	return "unknown flag --" + name
}

// UnknownWord words the error for a word that is none of those known.
func (c *Command) UnknownWord(what, word string, known []string) error {
	if near := spell.Nearest(word, known); near != "" {
		return c.wrong("unknown %s %q (did you mean %s?)", what, word, near)
	}
	return c.wrong("unknown %s %q", what, word)
}
