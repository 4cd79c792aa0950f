package cli

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
	"github.com/netrepl/netrepl/luaapi/internal/args"
	"github.com/netrepl/netrepl/luaapi/internal/spell"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// record reads a table of the declaration; where names it in errors.
type record struct {
	L     *lua.LState
	where string
	t     *lua.LTable
}

func (r record) fail(key, expected string, v lua.LValue) {
	arg.Raise(r.L, "%s%s: %s expected, got %s", r.where, key, expected, arg.DescribeValue(v))
}

// only raises if the table has another field than those.
func (r record) only(positions int, keys ...string) {
	r.t.ForEach(func(k, _ lua.LValue) {
		if n, ok := k.(lua.LNumber); ok && n >= 1 && int(n) <= positions {
			return
		}
		for _, known := range keys {
			if k == lua.LString(known) {
				return
			}
		}
		arg.Raise(r.L, "%s: no field %s (have %s)", r.where, k, strings.Join(keys, ", "))
	})
}

func (r record) string(key string) string {
	v := r.t.RawGetString(key)
	if v == lua.LNil {
		return ""
	}
	s, ok := v.(lua.LString)
	if !ok {
		r.fail("."+key, "string", v)
	}
	return string(s)
}

func (r record) bool(key string) bool {
	v := r.t.RawGetString(key)
	if v == lua.LNil {
		return false
	}
	b, ok := v.(lua.LBool)
	if !ok {
		r.fail("."+key, "boolean", v)
	}
	return bool(b)
}

func (r record) number(key string, def float64) float64 {
	v := r.t.RawGetString(key)
	if v == lua.LNil {
		return def
	}
	n, ok := v.(lua.LNumber)
	if !ok {
		r.fail("."+key, "number", v)
	}
	return float64(n)
}

// strings reads a list of strings.
func (r record) strings(key string, v lua.LValue) []string {
	if v == lua.LNil {
		return nil
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		r.fail(key, "table of strings", v)
	}
	list := make([]string, t.Len())
	for i := range list {
		s, ok := t.RawGetInt(i + 1).(lua.LString)
		if !ok {
			r.fail(fmt.Sprintf("%s[%d]", key, i+1), "string", t.RawGetInt(i+1))
		}
		list[i] = string(s)
	}
	return list
}

func readSpec(L *lua.LState) *args.Command {
	r := record{L, "spec", arg.Table(L, 1)}
	r.only(0, "name", "about", "flags", "args", "examples")
	c := &args.Command{
		Name: r.string("name"), About: r.string("about"),
		Examples: r.strings(".examples", r.t.RawGetString("examples")),
		Flags:    r.params("flags"),
		Args:     r.params("args"),
	}
	if c.Name == "" {
		c.Name = name(vm.Of(L))
	}
	if err := c.Check(); err != nil {
		arg.Raise(L, "spec: %s", err)
	}
	return c
}

func (r record) params(key string) (list []args.Param) {
	v := r.t.RawGetString(key)
	if v == lua.LNil {
		return nil
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		r.fail("."+key, "table of declarations", v)
	}
	t.ForEach(func(k, _ lua.LValue) {
		if _, named := k.(lua.LString); named {
			arg.Raise(r.L, "spec.%s: { { name, type, text }, ... } expected, got a field %s", key, k)
		}
	})
	for i := 1; i <= t.Len(); i++ {
		where := fmt.Sprintf("spec.%s[%d]", key, i)
		p, ok := t.RawGetInt(i).(*lua.LTable)
		if !ok {
			record{r.L, where, nil}.fail("", "{ name, type, text }", t.RawGetInt(i))
		}
		list = append(list, readParam(record{r.L, where, p}, key == "flags"))
	}
	return list
}

var paramName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

func readParam(r record, flag bool) args.Param {
	if flag {
		r.only(3, "default", "short", "list", "required", "min", "max")
	} else {
		r.only(3, "default", "list", "optional", "min", "max")
	}
	name, _ := r.t.RawGetInt(1).(lua.LString)
	if !paramName.MatchString(string(name)) {
		r.fail("[1]", "name", r.t.RawGetInt(1))
	}
	doc, ok := r.t.RawGetInt(3).(lua.LString)
	if !ok && r.t.RawGetInt(3) != lua.LNil {
		r.fail("[3]", "text", r.t.RawGetInt(3))
	}
	p := args.Param{
		Name: string(name), Doc: string(doc), Short: r.string("short"),
		Optional: r.bool("optional"), Required: r.bool("required"), List: r.bool("list"),
		Type: r.typ(),
	}
	if p.Short != "" && (len(p.Short) != 1 || !paramName.MatchString(p.Short)) {
		r.fail(".short", "one letter", lua.LString(p.Short))
	}
	if p.Type.Name == "boolean" && !flag {
		r.fail("[2]", "a type with a value", lua.LString("boolean"))
	}
	switch v := r.t.RawGetString("default").(type) {
	case *lua.LNilType:
	case *lua.LTable:
		p.Default = r.strings(".default", v)
	case lua.LString, lua.LNumber, lua.LBool:
		p.Default = []string{v.String()}
	default:
		r.fail(".default", "value", v)
	}
	return p
}

// typ reads the type: a name, or a table of words.
func (r record) typ() args.Type {
	v := r.t.RawGetInt(2)
	if words, ok := v.(*lua.LTable); ok {
		return args.Choice(r.strings("[2]", words))
	}
	name, _ := v.(lua.LString)
	t, ok := args.Named(string(name))
	if !ok {
		expected := "type (" + strings.Join(args.TypeNames(), ", ") + " or a table of words)"
		if near := spell.Nearest(string(name), args.TypeNames()); near != "" {
			arg.Raise(r.L, "%s[2]: unknown type %q (did you mean %s?)", r.where, string(name), near)
		}
		r.fail("[2]", expected, v)
	}
	min, max := r.number("min", math.Inf(-1)), r.number("max", math.Inf(1))
	switch t.Name {
	case "integer":
		return args.Integer(min, max)
	case "number":
		return args.Number(min, max)
	}
	return t
}
