// Package luatest runs the tests and benchmarks that are written in Lua.
//
// A test file is a Lua file whose global functions test_* are tests and bench_*
// benchmarks. Each runs in a runtime of its own, as its main fiber, after the
// file's main chunk. A benchmark is called with the number of rounds to make.
// Both find these globals:
//
//	eq(got, want [, msg])   raises, with what differs, unless the values are
//	                        equal; tables are compared by what they hold
//	raises(fn, text)        calls fn, which must raise an error that holds text
//	                        or matches it as a pattern; answers the error
//	expect_log(text)        says that something will be printed as an error that
//	                        holds text or matches it as a pattern
//	skip(reason)            ends the test, which is reported as skipped
//	tmpdir()                makes a folder that is removed after the test
//
// What is printed to the error output, such as an error of a fiber that nobody
// took, makes a test fail unless it was expected. Fibers that are still there
// when the test's function returns are cancelled.
package luatest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/stub"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// mostPrinted is how many unexpected errors are shown.
const mostPrinted = 5

//go:embed helpers.lua
var helpers []byte

// Run runs every function test_* of the files as a parallel subtest, in the
// order they stand in. Without files it takes every *_test.lua of the folder.
func Run(t *testing.T, modules []vm.Module, files ...string) {
	for _, s := range load(t, modules, files, "test_") {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, limit)
		})
	}
}

// Bench runs every function bench_* of the files as a benchmark. Without files
// it takes every *_bench.lua of the folder.
func Bench(b *testing.B, modules []vm.Module, files ...string) {
	for _, s := range load(b, modules, files, "bench_") {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			s.run(b, time.Hour, lua.LNumber(b.N))
		})
	}
}

// suite is one function of a file.
type suite struct {
	name    string
	file    string
	src     []byte
	modules []vm.Module
	params  func(string) []string
}

// load finds the functions of the files whose name has the prefix.
func load(t testing.TB, modules []vm.Module, files []string, prefix string) (all []suite) {
	t.Helper()
	if len(files) == 0 {
		files, _ = filepath.Glob("*_" + strings.TrimSuffix(prefix, "_") + ".lua")
	}
	docs := stub.NewSet(func() map[string]string {
		m := map[string]string{}
		for _, mod := range modules {
			m[mod.Name] = mod.Stub
		}
		return m
	})
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := suite{"", file, src, modules, docs.Params}
		for _, s.name = range s.names(t, prefix) {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		t.Fatalf("no function %s* in %s", prefix, strings.Join(files, ", "))
	}
	return all
}

// names runs the file and answers the functions it has defined, by line.
func (s suite) names(t testing.TB, prefix string) (names []string) {
	lines := map[string]int{}
	r := s.start(t)
	err := r.do(limit, func(L *lua.LState) int {
		L.Push(r.chunk(L))
		L.Call(0, 0)
		L.G.Global.ForEach(func(k, v lua.LValue) {
			name, fn := k.String(), v
			if fn, ok := fn.(*lua.LFunction); ok && !fn.IsG && strings.HasPrefix(name, prefix) {
				names = append(names, name)
				lines[name] = fn.Proto.LineDefined
			}
		})
		return 0
	})
	if err := r.close(err); err != nil {
		t.Fatal(err)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := names[i], names[j]
		return lines[a] < lines[b] || lines[a] == lines[b] && a < b
	})
	return names
}

// run runs the function in a runtime of its own and reports the outcome.
func (s suite) run(t testing.TB, limit time.Duration, args ...lua.LValue) {
	r := s.start(t)
	err := r.call(t, limit, args)
	for _, line := range r.out.take() {
		t.Log(strings.TrimSuffix(line, "\n"))
	}
	switch {
	case r.skipped != "":
		t.Skip(r.skipped)
	case err != nil:
		t.Error(err)
	}
}

// call runs the file and then its function, and closes the runtime. It answers
// all that is wrong.
func (r *runner) call(t testing.TB, limit time.Duration, args []lua.LValue) error {
	return r.close(r.do(limit, func(L *lua.LState) int {
		L.Push(r.chunk(L))
		L.Call(0, 0)
		L.Push(L.G.Global.RawGetString(r.name))
		for _, a := range args {
			L.Push(a)
		}
		if b, ok := t.(*testing.B); ok {
			b.ResetTimer()
		}
		L.Call(len(args), 0)
		return 0
	}))
}

// runner is a runtime that runs one function.
type runner struct {
	suite
	rt       *vm.Runtime
	out, log output
	expected []string
	skipped  string
}

func (s suite) start(t testing.TB) *runner {
	r := &runner{suite: s}
	host := vm.SystemHost(strings.NewReader(""), &r.out, &r.log)
	r.rt = vm.New(host, vm.Config{Modules: s.modules, Params: s.params, Script: s.file})
	r.rt.Do("helpers", func(L *lua.LState) {
		g := L.G.Global
		g.RawSetString("tmpdir", r.rt.Func("tmpdir", func(L *lua.LState) int {
			L.Push(lua.LString(t.TempDir()))
			return 1
		}))
		g.RawSetString("expect_log", r.rt.Func("expect_log", func(L *lua.LState) int {
			r.expected = append(r.expected, L.CheckString(1))
			return 0
		}))
		g.RawSetString("skip", r.rt.Func("skip", func(L *lua.LState) int {
			r.skipped = L.OptString(1, "no reason given")
			L.RaiseError("skipped: %s", r.skipped)
			return 0
		}))
		fn, err := r.rt.Load(L, "helpers.lua", helpers)
		if err != nil {
			panic(err)
		}
		L.Push(fn)
		L.Call(0, 1)
		g.RawSetString("\x00matches", L.Get(-1))
		L.Pop(1)
	})
	return r
}

// chunk compiles the file.
func (r *runner) chunk(L *lua.LState) *lua.LFunction {
	fn, err := r.rt.Load(L, r.file, r.src)
	if err != nil {
		L.Error(lua.LString(err.Error()), 0)
	}
	return fn
}

// do runs fn as the main fiber and answers its error, or what takes so long.
func (r *runner) do(limit time.Duration, fn lua.LGFunction) error {
	ended := make(chan error, 1)
	r.rt.Do("start", func(L *lua.LState) {
		r.rt.Spawn(r.rt.Func("luatest", fn), nil, vm.SpawnOptions{
			Name: "main",
			Deep: true,
			OnEnd: func(L *lua.LState, err *vm.Error) bool {
				if err == nil {
					ended <- nil
				} else {
					ended <- errors.New(r.rt.WithTrace(L, err) + r.source(err.Trace))
				}
				return true
			},
		})
	})
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return fmt.Errorf("has not ended after %v\n%s", limit, r.whereabouts())
	}
}

// source answers the line of the test file that a traceback names first.
func (r *runner) source(trace string) string {
	_, after, _ := strings.Cut(trace, "\n\t"+r.file+":")
	var n int
	if _, err := fmt.Sscanf(after, "%d", &n); err != nil {
		return ""
	}
	lines := strings.Split(string(r.src), "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return fmt.Sprintf("\n%s:%d: %s", r.file, n, strings.TrimSpace(lines[n-1]))
}

// whereabouts tells where the fibers are.
func (r *runner) whereabouts() string {
	fibers := r.rt.Fibers()
	waiting := make(chan map[*vm.Fiber]string, 1)
	go r.rt.Do("whereabouts", func(*lua.LState) {
		at := map[*vm.Fiber]string{}
		for _, f := range fibers {
			at[f] = r.rt.Traceback(f)
		}
		waiting <- at
	})
	var at map[*vm.Fiber]string
	select {
	case at = <-waiting:
	case <-time.After(time.Second):
	}
	var b strings.Builder
	for _, f := range fibers {
		fmt.Fprintf(&b, "%s %s", f, f.Status())
		switch {
		case at[f] != "":
			b.WriteString("; " + at[f])
		case f.Status() == "running":
			b.WriteString(" at " + f.Position(100*time.Millisecond))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// close closes the runtime and looks at what was printed to the error output.
// It answers err with what is wrong besides.
func (r *runner) close(err error) error {
	if r.skipped != "" {
		err = nil
	}
	if e := r.rt.Close(); e != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", e))
	}
	met, unexpected := make([]bool, len(r.expected)), 0
	r.rt.Do("log", func(L *lua.LState) {
		for _, entry := range r.log.take() {
			if strings.Contains(entry, " has been computing for over ") {
				continue // the machine is busy
			}
			ok := false
			for i, want := range r.expected {
				if r.matches(L, entry, want) {
					ok, met[i] = true, true
				}
			}
			if ok {
				continue
			}
			if unexpected++; unexpected <= mostPrinted {
				err = errors.Join(err, fmt.Errorf("printed as an error: %s", entry))
			}
		}
	})
	for i, want := range r.expected {
		if !met[i] {
			err = errors.Join(err, fmt.Errorf("not printed as an error: %q", want))
		}
	}
	return err
}

func (r *runner) matches(L *lua.LState, text, want string) bool {
	L.Push(L.G.Global.RawGetString("\x00matches"))
	L.Push(lua.LString(text))
	L.Push(lua.LString(want))
	L.Call(2, 1)
	ok := lua.LVAsBool(L.Get(-1))
	L.Pop(1)
	return ok
}
