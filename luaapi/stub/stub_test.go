package stub

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/netrepl/netrepl/luaapi/internal/layout"
)

var update = flag.Bool("update", false, "write the expected files anew")

// netSet is the Set of testdata/net.d.lua.
func netSet(t testing.TB) *Set {
	t.Helper()
	b, err := os.ReadFile("testdata/net.d.lua")
	if err != nil {
		t.Fatal(err)
	}
	return newSet(t, "net", string(b))
}

// newSet makes a Set without errors of names and texts in turn.
func newSet(t testing.TB, namesAndTexts ...string) *Set {
	t.Helper()
	s := set(namesAndTexts...)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func set(namesAndTexts ...string) *Set {
	return NewSet(func() map[string]string {
		texts := map[string]string{}
		for i := 0; i < len(namesAndTexts); i += 2 {
			texts[namesAndTexts[i]] = namesAndTexts[i+1]
		}
		return texts
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs, write it with go test -update; got:\n%s", file, got)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	golden(t, "net.md", Markdown(netSet(t).Modules()[0]))
}

func TestText(t *testing.T) {
	t.Parallel()
	s := netSet(t)
	var b strings.Builder
	for _, name := range []string{
		"", "net", "net.connect", "net.select_from_a_long_name", "tcp", "tcp:write",
		"net.options", "net.dial_options", "net.AF_INET", "spawn", "net.dial",
	} {
		fmt.Fprintf(&b, "======== help %q\n", name)
		if err := s.Text(&b, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	golden(t, "net.txt", b.String())
	for _, line := range strings.Split(b.String(), "\n") {
		if utf8.RuneCountInString(line) > layout.Width || strings.HasSuffix(line, " ") {
			t.Errorf("line too long or with blanks at its end: %q", line)
		}
	}
}

func TestTextUnknown(t *testing.T) {
	t.Parallel()
	err := netSet(t).Text(&strings.Builder{}, "net.conect")
	if want := `no docs for "net.conect" - did you mean net.connect?`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ tags, params, want string }{
		{"", "", "m.f()"},
		{"@param a any", "a", "m.f(a)"},
		{"@param a? any", "a", "m.f([a])"},
		{"@param a? any\n@param b? any", "a, b", "m.f([a [, b]])"},
		{"@param a any\n@param b? any\n@param c? any", "a,b,c", "m.f(a [, b [, c]])"},
		{"@param a integer?\n@param b any", "a, b", "m.f(a?, b)"},
		{"@param a any\n@param ... any", "a, ...", "m.f(a, ...)"},
		{"@param ... any", "...", "m.f(...)"},
		{"@param a? any\n@param ... any", "a, ...", "m.f([a [, ...]])"},
		{"@return string", "", "m.f() -> string"},
		{"@return string data", "", "m.f() -> data"},
		{"@return string # the data", "", "m.f() -> string"},
		{"@return tcp conn the connection", "", "m.f() -> tcp"},
		{"@return string|nil line", "", "m.f() -> line"},
		{"@return any ...", "", "m.f() -> ..."},
		{"@return string host\n@return integer port", "", "m.f() -> host, port"},
		{"@return string host, integer? port", "", "m.f() -> host, port?"},
		{"@return tcp conn\n@return nil, string err", "", "m.f() -> tcp | nil, err"},
		{"@return integer? n\n@return string? err", "", "m.f() -> n | nil, err"},
		{"@return string? data\n@return string? err\n@return string? partial", "", "m.f() -> data | nil, err, partial"},
		{"@return true\n@return nil, string err", "", "m.f() -> true | nil, err"},
		{"@return fun(a: string): integer, string step", "", "m.f() -> fun(a: string): integer, step"},
		{"@return (fun(a: string): integer, string) step", "", "m.f() -> step"},
	} {
		m, err := Parse("m", "local m = {}\n--- Does.\n---"+strings.ReplaceAll(test.tags, "\n", "\n---")+
			"\nfunction m.f("+test.params+") end\nreturn m\n")
		if err != nil {
			t.Errorf("%s: %v", test.tags, err)
		} else if got := m.Entries[0].Signature(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.tags, got, test.want)
		}
	}
}

func TestScanType(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ in, typ, rest string }{
		{"string the data", "string", "the data"},
		{"string|nil x", "string|nil", "x"},
		{"string | nil  x", "string | nil", "x"},
		{"string[]? x", "string[]?", "x"},
		{"table<string, integer> x", "table<string, integer>", "x"},
		{"{ a: string, b?: integer } x", "{ a: string, b?: integer }", "x"},
		{`"a b"|"c" x`, `"a b"|"c"`, "x"},
		{"fun(a: string, ...): integer, string? x y", "fun(a: string, ...): integer, string?", "x y"},
		{"fun() x", "fun()", "x"},
		{"async fun(c: tcp): string x", "async fun(c: tcp): string", "x"},
		{"string#x", "string", "#x"},
		{"string: x", "string", ": x"},
	} {
		typ, rest, ok := scanType(test.in, true)
		if typ != test.typ || rest != test.rest || !ok {
			t.Errorf("%s: got %q, %q, %v", test.in, typ, rest, ok)
		}
	}
	for _, in := range []string{"", "table<string", `"a`, "(a"} {
		if _, _, ok := scanType(in, true); ok {
			t.Errorf("%s is taken for a type", in)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	const head = "local m = {}\n"
	for _, test := range []struct{ text, want string }{
		{head + "--- Does.\n---@param a any\nfunction m.f(b) end\nreturn m", "m.d.lua:4: m.f: parameter 1 is b, but its ---@param says a"},
		{head + "--- Does.\nfunction m.f(b) end\nreturn m", "m.d.lua:3: m.f: parameter b has no ---@param"},
		{head + "--- Does.\n---@param a any\nfunction m.f() end\nreturn m", "m.d.lua:4: m.f: ---@param a is no parameter"},
		{head + "function m.f() end\nreturn m", "m.d.lua:2: m.f has no prose"},
		{head + "--- Does.\n\nfunction m.f() end\nreturn m", "m.d.lua:2: the comment describes nothing"},
		{head + "--- Does.\n---@async\n\nreturn m", "m.d.lua:2: the comment describes nothing"},
		{head + "--- Does.\nreturn m", "m.d.lua:2: the comment describes nothing"},
		{head + "--- Does.\n--- ```lua\n--- f()\nfunction m.f() end\nreturn m", "m.d.lua:3: the fence is not closed"},
		{head + "--- Does.\n---@parm a any\nfunction m.f() end\nreturn m", "m.d.lua:3: ---@parm is not known"},
		{head + "---@param a\n\nreturn m", "m.d.lua:2: ---@param <name> <type> <prose> expected, got \"a\""},
		{head + "--- Does.\n---@return string the data\nfunction m.f() end\nreturn m", "m.d.lua:3: ---@return string: a name or # expected"},
		{head + "--- Does.\n---@type string\nfunction m.f() end\nreturn m", "m.d.lua:4: m.f: ---@type does not belong here"},
		{head + "---@async\nm.x = 1\nreturn m", "m.d.lua:3: m.x: ---@async does not belong here"},
		{head + "m.x = 1\nm.x = 2\nreturn m", "m.d.lua:3: m.x is declared in line 2 too"},
		{head + "m.x = m.y\nreturn m", "m.d.lua:2: m.x is an alias of m.y, which is not declared"},
		{head + "m.x = m.y\nm.y = m.x\nreturn m", "m.d.lua:2: m.x is an alias of itself"},
		{head + "m.x.y = 1\nreturn m", "m.d.lua:2: m.x.y: m.x is not declared"},
		{head + "m.x =\nreturn m", "m.d.lua:2: a literal or a name expected after =, got \"\""},
		{head + "m.x = 1 + 2\nreturn m", "m.d.lua:2: "},
		{head + "m.f()\nreturn m", "m.d.lua:2: declaration expected"},
		{head + "--- Does.\nfunction m.f()\nend\nreturn m", "m.d.lua:3: function <name>(<parameters>) end on one line expected"},
		{head + "--- Does.\nfunction m:f() end\nreturn m", "m.d.lua:3: m:f: m is not the local of a ---@class"},
		{head + "local c = {}\nreturn m", "m.d.lua:2: local c is neither returned nor"},
		{head + "---@class c\nlocal c = {}\n--- Does.\nfunction c.f() end\nreturn m", "m.d.lua:5: c.f: write a method with a colon: function c:f"},
		{head + "---@class c\nfunction m.f() end\nreturn m", "m.d.lua:3: ---@class c expects local <name> = {}"},
		{head + "---@class c\n\n---@class c\n\nreturn m", "m.d.lua:4: class c is declared in line 2 too"},
		{head + "---@class c\n---@class d\n\nreturn m", "m.d.lua:3: ---@class d: a blank line expected"},
		{head + "return m\nm.x = 1", "m.d.lua:3: nothing may follow return"},
		{"m.x = 1\n\nreturn m", "m.d.lua:1: m is the module itself or not yet declared"},
		{"\nreturn m", "m.d.lua:2: returns m, which is not declared"},
	} {
		m, err := Parse("m", test.text)
		if m != nil || err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s\ngot  %v\nwant %s", test.text, err, test.want)
		}
	}
}

func TestSetErrors(t *testing.T) {
	t.Parallel()
	const a = "local a = {}\n---@class stream\nlocal stream = {}\n--- Sends.\nfunction stream:send() end\n"
	for _, test := range []struct{ a, b, want string }{
		{a + "return a", "x = 1 +", "b.d.lua:1: "},
		{a + "x = 1\nreturn a", "x = 1", "b.d.lua:1: x is declared in a.d.lua too"},
		{a + "return a", "---@class stream", "b.d.lua:1: class stream is declared in a.d.lua too"},
		{a + "return a", "---@class tcp : strem", "b.d.lua:1: class tcp: its parent strem is not declared"},
		{a + "return a", "---@class tcp : udp\n\n---@class udp : tcp", "b.d.lua:1: class tcp inherits from itself"},
		{a + "return a", "---@class tcp : tcp", "b.d.lua:1: class tcp inherits from itself"},
		{a + "return a", "x = other.y", "b.d.lua:1: x is an alias of other.y, which is not declared"},
		{a + "return a", "--- Does.\n---@param x strng\nfunction f(x) end", `b.d.lua:3: f: unknown type "strng"`},
		{a + "return a", "--- Does.\n---@return string data, as in Lua\nfunction f() end", `b.d.lua:3: f: unknown type "as"`},
	} {
		err := set("a", test.a, "b", test.b).Err()
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.b, err, test.want)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	s := netSet(t)
	for _, test := range []struct{ name, want string }{
		{"net", "module net"},
		{"net.connect", "net.connect"},
		{" net.connect() ", "net.connect"},
		{"connect", "net.connect"},
		{"tcp", "class tcp"},
		{"tcp:send", "tcp:send < stream:send"},
		{"tcp.send", "tcp:send < stream:send"},
		{"send", "stream:send"},
		{"sendall", "stream:sendall = stream:send"},
		{"net.open", "net.open = net.connect"},
		{"spawn", "spawn"},
		{"toip", "net.dns.toip"},
		{"AF_INET", "net.AF_INET"},
		{"getpeername", "tcp:getpeername"},
		{"nothing", ""},
		{"", ""},
	} {
		topic, ok := s.Lookup(test.name)
		got := ""
		switch {
		case topic.Module != nil:
			got = "module " + topic.Module.Name
		case topic.Class != nil:
			got = "class " + topic.Class.Name
		case topic.Entry != nil:
			got = topic.Entry.Name
			if topic.Entry.Inherited != "" {
				got += " < " + topic.Entry.Inherited
			}
			if topic.Entry.Alias != "" {
				got += " = " + topic.Entry.Alias
			}
		}
		if got != test.want || ok != (got != "") {
			t.Errorf("%s: got %q, %v, want %q", test.name, got, ok, test.want)
		}
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	s := netSet(t)
	for _, test := range []struct{ name, want string }{
		{"net.connect", "host port opts"},
		{"net.open", "host port opts"},
		{"tcp:send", "data i j"},
		{"tcp:write", "data i j"},
		{"tcp.sendall", "data i j"},
		{"spawn", "fn ..."},
		{"string.pack", "fmt"},
		{"nothing", ""},
	} {
		if got := strings.Join(s.Params(test.name), " "); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	s := netSet(t)
	for _, test := range []struct{ name, want string }{
		{"net.conect", "net.connect"},
		{"conect", "net.connect"},
		{"Net.Connect", "net.connect"},
		{"tcp:sned", "tcp:send stream:send"},
		{"sned", "stream:send"},
		{"socket.connect", "net.connect"},
		{"peer", "tcp:getpeername"},
		{"spwan", "spawn"},
		{"xyzzy", ""},
		{"", ""},
	} {
		if got := strings.Join(s.Suggest(test.name), " "); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestDeclared(t *testing.T) {
	t.Parallel()
	want := Declared{
		Module:  []string{"AF_INET", "connect", "dial", "dns", "dns.toip", "null", "open", "select_from_a_long_name"},
		Globals: []string{"spawn", "string.pack"},
		Methods: map[string][]string{
			"stream": {"close", "send", "sendall"},
			"tcp":    {"close", "getpeername", "send", "sendall", "write"},
		},
	}
	if got := netSet(t).Declared("net"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	names := netSet(t).Names()
	for _, want := range []string{"net", "net.connect", "tcp", "tcp:send", "spawn", "net.AF_INET", "net.options"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing in %v", want, names)
		}
	}
	if !slices.IsSorted(names) || slices.Contains(names, "net.options.timeout") {
		t.Errorf("not sorted, or with fields of options: %v", names)
	}
}

func TestExamples(t *testing.T) {
	t.Parallel()
	var got []string
	for x := range netSet(t).Examples() {
		got = append(got, fmt.Sprintf("%s %s:%d %q", x.Name, x.File, x.Line, x.Code))
	}
	want := []string{
		`net net.d.lua:12 "assert(net.connect)"`,
		`net.connect net.d.lua:38 "local c = net.connect(\"localhost\", 80)\n\nassert(c == nil or c:send(\"x\"))"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A class may inherit from a class of another module, and an alias may name
// something there.
func TestAcrossModules(t *testing.T) {
	t.Parallel()
	s := newSet(t,
		"base", "local base = {}\n---@class stream\nlocal stream = {}\n--- Sends.\n---@param data string\nfunction stream:send(data) end\n\n"+
			"--- Starts.\n---@param fn function\nfunction base.spawn(fn) end\nreturn base",
		"a", "--- Makes.\nlocal a = {}\n---@class tls : stream\nlocal conn = {}\nconn.write = conn.send\nspawn = base.spawn\nreturn a")
	for name, want := range map[string]string{"tls:send": "tls:send(data)", "tls:write": "tls:write(data)", "spawn": "spawn(fn)"} {
		topic, _ := s.Lookup(name)
		if topic.Entry == nil || topic.Entry.Call() != want || topic.Entry.Summary() == "" {
			t.Errorf("%s: got %+v, want %s", name, topic.Entry, want)
		}
	}
	if got := s.Declared("a").Methods["tls"]; !slices.Equal(got, []string{"send", "write"}) {
		t.Errorf("tls has %v", got)
	}
}

func TestModuleWithoutTable(t *testing.T) {
	t.Parallel()
	m, err := Parse("std", "---@meta\n\n--- Adds globals.\n\n--- Starts a fiber.\nfunction spawn() end\n")
	if err != nil {
		t.Fatal(err)
	}
	if m.Doc != "Adds globals." || !m.Entries[0].Global {
		t.Errorf("got %+v", m)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ doc, want string }{
		{"Opens a thing.", "Opens a thing."},
		{"Opens a\nthing. Then more.", "Opens a thing."},
		{"Opens 1.5 things, e.g. two. More.", "Opens 1.5 things, e.g. two."},
		{"Opens.\n\nMore.", "Opens."},
		{"Opens\n```lua\nx\n```", "Opens"},
		{"```lua\nx\n```", ""},
		{"", ""},
	} {
		if got := summary(test.doc); got != test.want {
			t.Errorf("%q: got %q, want %q", test.doc, got, test.want)
		}
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	calls := 0
	s := NewSet(func() map[string]string {
		calls++
		return map[string]string{"m": "local m = {}\n--- Does.\nfunction m.f() end\nreturn m"}
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, ok := s.Lookup("m.f"); !ok {
				t.Error("m.f not found")
			}
		})
	}
	wg.Wait()
	if calls != 1 {
		t.Errorf("read %d times", calls)
	}
}

// No text makes Parse or what renders its result panic.
func FuzzParse(f *testing.F) {
	b, err := os.ReadFile("testdata/net.d.lua")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(b))
	for _, block := range strings.SplitAfter(string(b), "\n\n") {
		f.Add("local net = {}\n" + block + "\nreturn net\n")
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse("net", text)
		if (m == nil) == (err == nil) {
			t.Fatal("neither a module nor an error, or both")
		}
		s := set("net", text)
		for _, name := range append(s.Names(), "") {
			if err := s.Text(&strings.Builder{}, name); err != nil && strings.TrimSpace(name) == name {
				t.Errorf("%q: %v", name, err)
			}
			s.Params(name)
		}
		s.Suggest(text)
		s.Declared("net")
		if m != nil {
			Markdown(m)
		}
	})
}

// BenchmarkSet reads 15 stubs of 300 lines.
func BenchmarkSet(b *testing.B) {
	texts := map[string]string{}
	for i := range 15 {
		var t strings.Builder
		fmt.Fprintf(&t, "---@meta\n--- Does things.\nlocal m%d = {}\n", i)
		for j := range 30 {
			fmt.Fprintf(&t, "\n--- Sends all of data and waits.\n---\n--- ```lua\n--- assert(m%d.f%d)\n--- ```\n"+
				"---@param data string what to send\n---@param n? integer how much\n---@return integer? n\n"+
				"function m%d.f%d(data, n) end\n", i, j, i, j)
		}
		fmt.Fprintf(&t, "\nreturn m%d\n", i)
		texts[fmt.Sprintf("m%d", i)] = t.String()
	}
	for b.Loop() {
		if err := NewSet(func() map[string]string { return texts }).Err(); err != nil {
			b.Fatal(err)
		}
	}
}
