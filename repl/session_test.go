package repl

import (
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// output is safe for several goroutines.
type output struct {
	mu sync.Mutex
	b  strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// waitFor waits until text was written.
func (o *output) waitFor(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !strings.Contains(o.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q was not written, but %q", text, o.String())
		}
	}
}

// typist is Lines: it types what it is sent and notes the prompts.
type typist struct {
	lines   chan any // a string or an error
	mu      sync.Mutex
	prompts []string
}

func (y *typist) ReadLine(prompt string) (string, error) {
	y.mu.Lock()
	y.prompts = append(y.prompts, prompt)
	y.mu.Unlock()
	switch l := (<-y.lines).(type) {
	case string:
		return l, nil
	case error:
		return "", l
	}
	return "", io.EOF
}

// talk is a session that a test types to.
type talk struct {
	*Session
	*typist
	rt         *vm.Runtime
	out        *output
	remembered []string
	ended      chan bool
}

func start(t *testing.T) *talk {
	t.Helper()
	k := &talk{typist: &typist{lines: make(chan any, 100)}, out: &output{}, ended: make(chan bool, 1)}
	k.rt = luaapi.New(vm.SystemHost(strings.NewReader(""), k.out, k.out), vm.Config{})
	k.Session = New(k.rt, k.typist, func(line string) { k.remembered = append(k.remembered, line) })
	go func() { k.ended <- k.Run() }()
	t.Cleanup(func() {
		if err := k.rt.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

// finish ends the input and answers what was written and whether all went well.
func (k *talk) finish() (string, bool) {
	close(k.lines)
	ok := <-k.ended
	return k.out.String(), ok
}

func (k *talk) typed(lines ...any) {
	for _, l := range lines {
		k.lines <- l
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, typed, want string
	}{
		{"expression", "1 + 1", "=> 2\n"},
		{"several", "1, nil, 'x'", "=> 1, nil, \"x\"\n"},
		{"none", "(function() end)()", ""},
		{"nil", "nil", "=> nil\n"},
		{"statement", "x = 1", ""},
		{"a global stays", "x = 1\nx", "=> 1\n"},
		{"return", "return 1", "=> 1\n"},
		{"leading =", "= 1 + 1", "=> 2\n"},
		{"blank", "\n   \n", ""},
		{"comment", "-- nothing", ""},
		{"expression and comment", "5 -- five", "=> 5\n"},
		{"block", "for i = 1, 2 do\nprint(i)\nend", "1\n2\n"},
		{"function", "function f(a)\n\n  return a\nend\nf(3)", "=> 3\n"},
		{"open expression", "1 +\n2", "=> 3\n"},
		{"open call", "print(\n1,\n2)", "1\t2\n"},
		{"open table", "{1,\n2}", "=> {1, 2}\n"},
		{"long string", "[[a\nb]]", "=> \"a\\nb\"\n"},
		{"long comment", "--[[ a\nb ]] 7", "=> 7\n"},
		{"string goes on", "'a\\\nb'", "=> \"a\\nb\"\n"},
		{"two blank lines end it", "for i = 1, 2 do\n\n\nprint(1)", "error: repl:1:1: syntax error near '<eof>'\n1\n"},
		{"string not closed", "'abc\n5", "error: repl:1:1: unterminated string near '<eof>'\n=> 5\n"},
		{"wrong as both", "x y z", "error: repl:1:1: syntax error near 'y'\n"},
		{"further as expression", "1 +* 2", "error: repl:1:1: syntax error near '*'\n"},
		{"further as statement", "x = 1 +* 2", "error: repl:1:1: syntax error near '*'\n"},
		{"stray end", "end", "error: repl:1:1: syntax error near 'end'\n"},
		{"error", "error('boom', 0)", "error: boom\nstack traceback:\n\t[Go]: in function 'error'\n\trepl:1:1: in main chunk\n"},
		{"error object", "error({})", "error: (error object is a table value)\nstack traceback:..."},
		{"goes on after an error", "x +* 2\n2", "error: repl:1:1: syntax error near '*'\n=> 2\n"},
		{"error in __tostring", "setmetatable({}, {__tostring = function() error('no', 0) end})", "error: no\nstack..."},
		{"wait", "fiber.sleep(0.001) print('slept')", "slept\n"},
		{"help", "help", "  bit ..."},
		{"open at the end", "if true then", "error: repl:1:1: syntax error near '<eof>'\n"},
		{"number of the entry", "x = 1\nx +* 2", "error: repl:2:1: ..."},
		{"exit", "1\nexit\n2", "=> 1\n"},
		{"quit", "quit\n2", ""},
		{"exit as a name", "exit = 5\nexit", "=> 5\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			for _, l := range strings.Split(c.typed, "\n") {
				k.typed(l)
			}
			out, ok := k.finish()
			want, part := strings.CutSuffix(c.want, "...")
			if out != want && !(part && strings.HasPrefix(out, want)) {
				t.Errorf("got  %q\nwant %q", out, c.want)
			}
			if ok == strings.Contains(out, "error:") {
				t.Errorf("went well: %v", ok)
			}
		})
	}
}

func TestPrompts(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.typed("if true then", "x = 1", "end", " y = 2", "for", ErrInterrupt, "2")
	out, _ := k.finish()
	want := []string{Prompt, PromptMore, PromptMore, Prompt, Prompt, PromptMore, Prompt, Prompt}
	if out != "=> 2\n" {
		t.Errorf("got %q", out)
	}
	if got := strings.Join(k.prompts, "|"); got != strings.Join(want, "|") {
		t.Errorf("prompts %q", k.prompts)
	}
	if got := strings.Join(k.remembered, "|"); got != "if true then|x = 1|end| y = 2|for|2" {
		t.Errorf("remembered %q", got)
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	for name, entry := range map[string]string{
		"loop":  "print('started') while true do end",
		"pcall": "print('started') while true do pcall(function() while true do end end) end",
		"sleep": "print('started') fiber.sleep(1000)",
		"value": "print('started') return setmetatable({}, {__tostring = function() while true do end end})",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := start(t)
			k.typed("bg = fiber.spawn(function() fiber.sleep(1000) end) x = 1", entry)
			k.out.waitFor(t, "started")
			if name == "value" {
				waitUntil(t, func() bool { f := k.rt.Current(); return f != nil && f.Status() == "running" })
			}
			k.Interrupt()
			k.out.waitFor(t, Interrupted)
			k.typed("bg:status(), x")
			if out, _ := k.finish(); !strings.Contains(out, `=> "waiting", 1`) {
				t.Errorf("what ran beside it, or a global, is gone: %q", out)
			}
		})
	}
}

func waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come to that")
		}
	}
}

// At the prompt there is nothing to interrupt.
func TestInterruptIdle(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.typed("1")
	k.out.waitFor(t, "=> 1")
	k.Interrupt()
	k.typed("2")
	if out, ok := k.finish(); out != "=> 1\n=> 2\n" || !ok {
		t.Errorf("got %q", out)
	}
}

// A fiber that never waits does not lock the user out.
func TestInterruptHog(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.typed("_ = fiber.spawn(function() fiber.sleep(0.01) print('hog') while true do end end)")
	k.out.waitFor(t, "hog")
	k.typed("'in'")
	waitUntil(t, func() bool {
		k.Session.mu.Lock()
		defer k.Session.mu.Unlock()
		return k.busy
	})
	k.Interrupt()
	k.out.waitFor(t, "] error: ")
	k.typed("'after'")
	out, _ := k.finish()
	if !strings.Contains(out, Interrupted) || !strings.Contains(out, `=> "after"`) {
		t.Errorf("got %q", out)
	}
}

func TestExitInEntry(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.typed("1", "os.exit(3)", "2")
	<-k.ended
	if got := k.out.String(); got != "=> 1\n" || k.rt.ExitCode() != 3 {
		t.Errorf("got %q, exit code %d", got, k.rt.ExitCode())
	}
}

// Two sessions in one runtime, as over connections.
func TestTwoSessions(t *testing.T) {
	t.Parallel()
	k := start(t)
	other := &typist{lines: make(chan any, 10)}
	ended := make(chan bool, 1)
	s := New(k.rt, other, nil)
	go func() { ended <- s.Run() }()
	k.typed("print('first') fiber.sleep(1000)")
	k.out.waitFor(t, "first")
	other.lines <- "x = 'second' print(x)"
	k.out.waitFor(t, "second")
	k.Interrupt()
	k.out.waitFor(t, Interrupted)
	k.typed("x")
	k.out.waitFor(t, `=> "second"`)
	close(other.lines)
	if !<-ended {
		t.Error("the other session failed")
	}
	k.finish()
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		`nil`:                      `nil`,
		`1e15`:                     `1000000000000000`,
		`"tab\tquote\"back\\"`:     `"tab\tquote\"back\\"`,
		`"\0\1272\255é日"`:          `"\0\1272\255é日"`,
		`"\27[31m"`:                `"\27[31m"`,
		`"\1941"`:                  `"\1941"`,
		`"\226\128\168"`:           `"\226\128\168"`, // a line separator
		`("x"):rep(2000)`:          `"` + strings.Repeat("x", 1000) + `"… (2000 bytes)`,
		`{}`:                       `{}`,
		`{1, "a", nil, 4}`:         `{1, "a", [4] = 4}`,
		`{{1}, {}}`:                `{{…}, {}}`,
		`{b = 1, a = 2, [10] = 3}`: `{[10] = 3, a = 2, b = 1}`,
		`{["end"] = 1, ["a b"] = 2, [true] = 3, [1.5] = 4}`:             `{[1.5] = 4, ["a b"] = 2, ["end"] = 1, [true] = 3}`,
		`setmetatable({}, {__tostring = function() return "mine" end})`: `<mine>`,
		`print`:                   `<builtin print>`,
		`json.encode`:             `<builtin json.encode>`,
		`function() end`:          `<function t:1>`,
		`json.null`:               `<null>`,
		`coroutine.create(print)`: `<coroutine>`,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			rt := luaapi.New(vm.SystemHost(strings.NewReader(""), io.Discard, io.Discard), vm.Config{})
			defer rt.Close()
			rt.Do("test", func(L *lua.LState) {
				fn, err := rt.Load(L, "t", []byte("return "+code))
				if err != nil {
					t.Error(err)
					return
				}
				L.Push(fn)
				L.Call(0, 1)
				if got := format(L, L.Get(-1), true); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		})
	}
}

func TestFormatLong(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.typed(
		`t = {} for i = 1, 60 do t[i] = i end t.x = 1`, `t`,
		`("a"):rep(50), ("b"):rep(50)`,
	)
	out, _ := k.finish()
	for _, want := range []string{"=> {\n  1,\n  2,\n", "  50,\n  … 11 more\n}\n", `=> "` + strings.Repeat("a", 50) + "\"\n=> \"b"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %q", want, out)
		}
	}
}

// What quote writes loads back as the same bytes.
func FuzzQuote(f *testing.F) {
	f.Add("plain")
	f.Add("\x00\x001\n\r\t\"\\\x7f\x80\xffé日\u2028")
	rt := vm.New(vm.SystemHost(strings.NewReader(""), io.Discard, io.Discard), vm.Config{})
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > maxText {
			return
		}
		rt.Do("test", func(L *lua.LState) {
			fn, err := rt.Load(L, "t", []byte("return "+quote(s)))
			if err != nil {
				t.Fatalf("%q: %v", s, err)
			}
			L.Push(fn)
			L.Call(0, 1)
			if got := L.Get(-1); got != lua.LString(s) {
				t.Fatalf("%q became %q by %s", s, got, quote(s))
			}
			L.Pop(1)
		})
	})
}
