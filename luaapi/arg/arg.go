// Package arg reads the arguments of a Lua call into Go values.
//
// A wrong argument raises a Lua error at the caller's line that names the
// function, the parameter, what was expected and what came:
//
//	socket.connect: port: integer 0..65535 expected, got 70000
//
// The names are not written in Go: a Namer, installed once in a state, finds
// them for the function that is running. All functions here must be called
// with the baton held, from the Go function that Lua called.
package arg

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Namer knows the Lua name of a Go function and of its i-th argument (from 1).
// It answers "" for what it does not know.
type Namer interface {
	FunctionName(fn *lua.LFunction) string
	ParamName(function string, i int) string
}

const namerKey = "netrepl.namer"

// SetNamer installs the Namer of a state and of all its threads.
func SetNamer(L *lua.LState, n Namer) {
	L.G.Registry.RawSetString(namerKey, &lua.LUserData{Value: n, Metatable: lua.LNil})
}

// Function answers the Lua name of the running Go function, "?" if it has none.
func Function(L *lua.LState) string {
	if name := functionName(L); name != "" {
		return name
	}
	return "?"
}

func namer(L *lua.LState) Namer {
	if ud, ok := L.G.Registry.RawGetString(namerKey).(*lua.LUserData); ok {
		return ud.Value.(Namer)
	}
	return nil
}

func functionName(L *lua.LState) string {
	dbg, ok := L.GetStack(0)
	if !ok {
		return ""
	}
	fn, err := L.GetInfo("nf", dbg, lua.LNil)
	if err != nil {
		return ""
	}
	if n := namer(L); n != nil {
		if name := n.FunctionName(fn.(*lua.LFunction)); name != "" {
			return name
		}
	}
	return dbg.Name
}

// Raise raises "function: message" at the caller's line.
func Raise(L *lua.LState, format string, a ...any) {
	L.RaiseError("%s: %s", Function(L), fmt.Sprintf(format, a...))
}

// Fail raises that argument i should have been something else. got is what
// came in words; "" describes the argument itself.
func Fail(L *lua.LState, i int, expected, got string) {
	if got == "" {
		got = Describe(L, i)
	}
	fail(L, param(L, i), expected, got)
}

func fail(L *lua.LState, name, expected, got string) {
	Raise(L, "%s: %s expected, got %s", name, expected, got)
}

func param(L *lua.LState, i int) string {
	name := ""
	if n := namer(L); n != nil {
		name = n.ParamName(functionName(L), i)
	}
	if name == "" {
		name = "argument " + strconv.Itoa(i)
	}
	return name
}

// Describe says in words what argument i is: "nothing", "nil", "70000",
// "a table", a short string in quotes.
func Describe(L *lua.LState, i int) string {
	if i > L.GetTop() {
		return "nothing"
	}
	return DescribeValue(L.Get(i))
}

// DescribeValue says in words what v is, as Describe does.
func DescribeValue(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		if len(v) > 40 {
			return fmt.Sprintf("a string of %d bytes", len(v))
		}
		return strconv.Quote(string(v))
	case lua.LNumber, lua.LBool, *lua.LNilType:
		return v.String()
	case *lua.LUserData:
		if s, ok := v.Value.(fmt.Stringer); ok {
			return s.String()
		}
	}
	return "a " + v.Type().String()
}

// Given tells whether argument i is there and not nil.
func Given(L *lua.LState, i int) bool { return L.Get(i) != lua.LNil }

// Any demands that argument i is there; nil is as good as any value.
func Any(L *lua.LState, i int) lua.LValue {
	if i > L.GetTop() {
		Fail(L, i, "value", "")
	}
	return L.Get(i)
}

// String reads a string; a number is taken as the text Lua writes for it.
func String(L *lua.LState, i int) string {
	s, ok := asString(L.Get(i))
	if !ok {
		Fail(L, i, "string", "")
	}
	return s
}

// OptString reads a string, def for nil or nothing.
func OptString(L *lua.LState, i int, def string) string {
	if !Given(L, i) {
		return def
	}
	return String(L, i)
}

func asString(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return v.String(), true
	}
	return "", false
}

// Number reads a number; a string that reads as one is taken.
func Number(L *lua.LState, i int) float64 {
	f, ok := asNumber(L.Get(i))
	if !ok {
		Fail(L, i, "number", "")
	}
	return f
}

// OptNumber reads a number, def for nil or nothing.
func OptNumber(L *lua.LState, i int, def float64) float64 {
	if !Given(L, i) {
		return def
	}
	return Number(L, i)
}

func asNumber(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		f, err := strconv.ParseFloat(strings.TrimSpace(string(v)), 64)
		if err == nil {
			return f, true
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(v)), 0, 64)
		return float64(n), err == nil
	}
	return 0, false
}

// MaxInt is the largest integer that every Lua number below it holds exactly.
const MaxInt = 1 << 53

// Int reads a whole number from min to max.
func Int(L *lua.LState, i int, min, max int64) int64 {
	n, ok := asInt(L.Get(i), min, max)
	if !ok {
		Fail(L, i, intRange(min, max), "")
	}
	return n
}

// OptInt reads a whole number from min to max, def for nil or nothing.
func OptInt(L *lua.LState, i int, def, min, max int64) int64 {
	if !Given(L, i) {
		return def
	}
	return Int(L, i, min, max)
}

func asInt(v lua.LValue, min, max int64) (int64, bool) {
	f, ok := asNumber(v)
	if !ok || f != math.Trunc(f) || f < float64(min) || f > float64(max) || math.IsInf(f, 0) {
		return 0, false
	}
	return int64(f), true
}

func intRange(min, max int64) string {
	switch {
	case min <= -MaxInt && max >= MaxInt:
		return "integer"
	case max >= MaxInt:
		return fmt.Sprintf("integer from %d", min)
	}
	return fmt.Sprintf("integer %d..%d", min, max)
}

// Port reads a port number.
func Port(L *lua.LState, i int) int { return int(Int(L, i, 0, 65535)) }

// Bool reads true or false.
func Bool(L *lua.LState, i int) bool {
	b, ok := L.Get(i).(lua.LBool)
	if !ok {
		Fail(L, i, "boolean", "")
	}
	return bool(b)
}

// OptBool reads true or false, def for nil or nothing.
func OptBool(L *lua.LState, i int, def bool) bool {
	if !Given(L, i) {
		return def
	}
	return Bool(L, i)
}

// Table reads a table.
func Table(L *lua.LState, i int) *lua.LTable {
	t, ok := L.Get(i).(*lua.LTable)
	if !ok {
		Fail(L, i, "table", "")
	}
	return t
}

// Func reads a function.
func Func(L *lua.LState, i int) *lua.LFunction {
	f, ok := L.Get(i).(*lua.LFunction)
	if !ok {
		Fail(L, i, "function", "")
	}
	return f
}

// Enum reads one of the given words.
func Enum(L *lua.LState, i int, words ...string) string {
	s, _ := asString(L.Get(i))
	for _, w := range words {
		if s == w {
			return w
		}
	}
	Fail(L, i, oneOf(words), "")
	return ""
}

// OptEnum reads one of the given words, def for nil or nothing.
func OptEnum(L *lua.LState, i int, def string, words ...string) string {
	if !Given(L, i) {
		return def
	}
	return Enum(L, i, words...)
}

func oneOf(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = strconv.Quote(w)
	}
	return strings.Join(q, " or ")
}

// Forever is the duration that stands for no limit.
const Forever = time.Duration(math.MaxInt64)

// Seconds reads a time span in seconds, fractions allowed. nil or nothing is
// Forever, a negative number too (as LuaSocket has it).
func Seconds(L *lua.LState, i int) time.Duration {
	if !Given(L, i) {
		return Forever
	}
	f, ok := asNumber(L.Get(i))
	if !ok || math.IsNaN(f) {
		Fail(L, i, "seconds (a number) or nil", "")
	}
	return seconds(f)
}

func seconds(f float64) time.Duration {
	if f < 0 || f > float64(Forever)/float64(time.Second)-1 {
		return Forever
	}
	return time.Duration(f * float64(time.Second))
}

// Self reads the receiver of a method: a userdata whose value is a T. what is
// the kind of value for the error, such as "tcp".
func Self[T any](L *lua.LState, what string) T {
	if ud, ok := L.Get(1).(*lua.LUserData); ok {
		if v, ok := ud.Value.(T); ok {
			return v
		}
	}
	name := Function(L)
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		Raise(L, "%s expected before the colon, got %s - use %s:%s(...) with a colon", what, Describe(L, 1), name[:i], name[i+1:])
	}
	Fail(L, 1, what, "")
	panic("unreachable")
}

// Value reads a userdata argument whose value is a T, named what in the error.
func Value[T any](L *lua.LState, i int, what string) T {
	if ud, ok := L.Get(i).(*lua.LUserData); ok {
		if v, ok := ud.Value.(T); ok {
			return v
		}
	}
	Fail(L, i, what, "")
	panic("unreachable")
}
