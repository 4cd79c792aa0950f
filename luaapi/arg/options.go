package arg

import (
	"sort"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Options reads a table of named options. Ask for each by name, then call
// Done: a name nobody asked for is an error.
type Options struct {
	L     *lua.LState
	name  string
	t     *lua.LTable
	asked []string
}

// Opts reads argument i as a table of options; nil or nothing is an empty one.
func Opts(L *lua.LState, i int) *Options {
	o := &Options{L: L}
	if !Given(L, i) {
		return o
	}
	t, ok := L.Get(i).(*lua.LTable)
	if !ok {
		Fail(L, i, "table of options", "")
	}
	o.name, o.t = param(L, i), t
	return o
}

// Get answers the value of an option, LNil if it is not set.
func (o *Options) Get(key string) lua.LValue {
	o.asked = append(o.asked, key)
	if o.t == nil {
		return lua.LNil
	}
	return o.t.RawGetString(key)
}

// Fail raises that the option should have been something else.
func (o *Options) Fail(key, expected string) {
	fail(o.L, o.name+"."+key, expected, DescribeValue(o.t.RawGetString(key)))
}

// String reads a string option.
func (o *Options) String(key, def string) string {
	v := o.Get(key)
	if v == lua.LNil {
		return def
	}
	s, ok := asString(v)
	if !ok {
		o.Fail(key, "string")
	}
	return s
}

// Int reads a whole number option from min to max.
func (o *Options) Int(key string, def, min, max int64) int64 {
	v := o.Get(key)
	if v == lua.LNil {
		return def
	}
	n, ok := asInt(v, min, max)
	if !ok {
		o.Fail(key, intRange(min, max))
	}
	return n
}

// Bool reads a boolean option.
func (o *Options) Bool(key string, def bool) bool {
	v := o.Get(key)
	if v == lua.LNil {
		return def
	}
	b, ok := v.(lua.LBool)
	if !ok {
		o.Fail(key, "boolean")
	}
	return bool(b)
}

// Enum reads an option that is one of the given words.
func (o *Options) Enum(key, def string, words ...string) string {
	s := o.String(key, def)
	if s == def {
		return def
	}
	for _, w := range words {
		if s == w {
			return w
		}
	}
	o.Fail(key, oneOf(words))
	return ""
}

// Func reads a function option, nil if it is not set.
func (o *Options) Func(key string) *lua.LFunction {
	v := o.Get(key)
	if v == lua.LNil {
		return nil
	}
	f, ok := v.(*lua.LFunction)
	if !ok {
		o.Fail(key, "function")
	}
	return f
}

// Seconds reads a time span in seconds; def if it is not set, Forever if it is
// negative.
func (o *Options) Seconds(key string, def time.Duration) time.Duration {
	v := o.Get(key)
	if v == lua.LNil {
		return def
	}
	f, ok := asNumber(v)
	if !ok || f != f {
		o.Fail(key, "seconds (a number)")
	}
	return seconds(f)
}

// Done raises if the table holds an option that nobody asked for.
func (o *Options) Done() {
	if o.t == nil {
		return
	}
	var unknown []string
	o.t.ForEach(func(k, _ lua.LValue) {
		for _, a := range o.asked {
			if k == lua.LString(a) {
				return
			}
		}
		unknown = append(unknown, k.String())
	})
	if len(unknown) == 0 {
		return
	}
	sort.Strings(unknown)
	sort.Strings(o.asked)
	Raise(o.L, "%s.%s: no such option (have %s)", o.name, unknown[0], strings.Join(o.asked, ", "))
}
