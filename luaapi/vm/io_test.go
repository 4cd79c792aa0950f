package vm

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// lockedBuffer is an output that any goroutine may write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// ioRuntime makes a runtime with a global dir, a fresh folder.
func ioRuntime(t testing.TB, in io.Reader, out io.Writer) *Runtime {
	rt := New(SystemHost(in, out, out), Config{})
	rt.Do("dir", func(L *lua.LState) { L.G.Global.RawSetString("dir", lua.LString(t.TempDir()+"/")) })
	return rt
}

func ioSpawn(t testing.TB, rt *Runtime, src string, o SpawnOptions) (f *Fiber) {
	t.Helper()
	rt.Do("load", func(L *lua.LState) {
		fn, err := rt.Load(L, "t.lua", []byte(src))
		if err != nil {
			t.Error(err)
			return
		}
		f = rt.Spawn(fn, nil, o)
	})
	if f == nil {
		t.FailNow()
	}
	return f
}

// ioRun runs a chunk with standard input in and answers its output.
func ioRun(t testing.TB, in io.Reader, src string) (string, int) {
	t.Helper()
	var out lockedBuffer
	rt := ioRuntime(t, in, &out)
	ioSpawn(t, rt, src, SpawnOptions{})
	rt.WaitIdle()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	return out.String(), rt.ExitCode()
}

// waitFor waits until cond holds.
func waitFor(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !cond(); {
		if time.Now().After(end) {
			t.Fatal("gave up waiting for " + what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestIO(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, src, want string }{
		{"write and read", "", `
			local f = assert(io.open(dir.."a", "w"))
			assert(f:write("one\n", 2, "\nthree") == f)
			print(f:close(), io.type(f), tostring(f))
			for l in io.lines(dir.."a") do print(l) end`,
			"true\tclosed file\tfile (closed)\none\n2\nthree\n"},
		{"binary", "", `
			local all = {} for i = 0, 255 do all[#all+1] = string.char(i) end
			all = table.concat(all)
			local f = io.open(dir.."a", "w+b") f:write(all, "\255\254\n\0") f:seek("set")
			print(f:read(256) == all, f:read("*a") == "\255\254\n\0")`,
			"true\ttrue\n"},
		{"modes", "", `
			for _, m in ipairs{"r", "w", "a", "r+", "w+", "a+", "rb", "wb", "ab", "r+b", "rb+", "w+b", "a+b"} do
				local f = assert(io.open(dir.."a", "w")) f:write("12345") f:close()
				f = assert(io.open(dir.."a", m))
				local r, rerr, rn = f:read(2)
				f:seek("set", 1)
				local w, werr, wn = f:write("x")
				f:close()
				f = io.open(dir.."a")
				print(m, r, rerr, rn, w and true, werr, wn, f:read("*a"))
			end
			for _, m in ipairs{"", "x", "rw", "r++", "rbb", "+", "br", "r+b+", "r "} do print(pcall(io.open, dir.."a", m)) end`,
			strings.ReplaceAll(`r	12	nil	nil	nil	bad file descriptor	9	12345
w	nil	bad file descriptor	9	true	nil	nil	~x
a	nil	bad file descriptor	9	true	nil	nil	12345x
r+	12	nil	nil	true	nil	nil	1x345
w+	nil	nil	nil	true	nil	nil	~x
a+	12	nil	nil	true	nil	nil	12345x
rb	12	nil	nil	nil	bad file descriptor	9	12345
wb	nil	bad file descriptor	9	true	nil	nil	~x
ab	nil	bad file descriptor	9	true	nil	nil	12345x
r+b	12	nil	nil	true	nil	nil	1x345
rb+	12	nil	nil	true	nil	nil	1x345
w+b	nil	nil	nil	true	nil	nil	~x
a+b	12	nil	nil	true	nil	nil	12345x
`, "~", "\x00") + strings.Join(badModes("", "x", "rw", "r++", "rbb", "+", "br", "r+b+", "r "), "")},
		{"no such file", "", `
			print(select(2, io.open("/no/such/file")))
			print(io.open("/no/such/file"))
			print(pcall(io.lines, "/no/such/file"))
			print(pcall(io.input, "/no/such/file"))`,
			"/no/such/file: no such file or directory\t2\n" +
				"nil\t/no/such/file: no such file or directory\t2\n" +
				"false\tio.lines: /no/such/file: no such file or directory\n" +
				"false\tio.input: /no/such/file: no such file or directory\n"},
		{"directory", "", `
			local f = assert(io.open(dir))
			print(f:read(1))
			print(f:read("*a"))
			print(pcall(f:lines()))
			print(f:close())
			print((select(2, io.open(dir, "w")):gsub(".*: ", "")))`,
			"nil\tis a directory\t21\nnil\tis a directory\t21\nfalse\tis a directory\ntrue\nis a directory\n"},
		{"formats", "line 1\r\n\n0x1F  -1.5e1,.5abc\nrest\nof it", `
			print(io.read("*line"), io.read("L"), io.read("*n", "n"), io.read(1), io.read("*number"))
			print(io.read(0), io.read(3, 0, "l"))
			print(io.read("*all"), io.read("a"), io.read("l"), io.read(0), io.read("n"))`,
			"line 1\r\t\n\t31\t,\t0.5\n\tabc\t\t\nrest\nof it\t\tnil\tnil\tnil\n"},
		{"first nil ends", "1 x", `print(io.read("n", "n", "l", "l")) print(io.read("*a"))`, "1\tnil\nx\n"},
		{"bad formats", "", `
			for _, f in ipairs{"x", "", "*", "5", -1, 1.5, {}, true} do print(pcall(io.read, f)) end
			print(pcall(io.lines, nil, "x"))`,
			badFormat("io.read: argument 1", `"x"`, `""`, `"*"`, `"5"`) +
				"false\tio.read: argument 1: integer from 0 expected, got -1\n" +
				"false\tio.read: argument 1: integer from 0 expected, got 1.5\n" +
				badFormat("io.read: argument 1", "a table", "true") +
				badFormat("io.lines: argument 2", `"x"`)},
		{"lines", "a\nb\n\nc", `
			for l in io.lines() do io.write("[", l, "]") end
			print(io.read("*l"), io.type(io.stdin))
			local f = io.open(dir.."x", "w") f:write("1 2 3 4 5") f:close()
			for a, b in io.lines(dir.."x", "n", "n") do print(a, b) end
			f = io.open(dir.."x")
			for c in f:lines(4) do io.write("<", c, ">") end
			print(io.type(f))
			local it = io.lines(dir.."x") it() print(it()) print(pcall(it))`,
			"[a][b][][c]nil\tfile\n1\t2\n3\t4\n5\tnil\n<1 2 ><3 4 ><5>file\nnil\nfalse\tfile is already closed\n"},
		{"long lines", "", `
			local f = io.open(dir.."x", "w")
			for _, n in ipairs{65535, 65536, 65537, 200000, 1, 0, 300000} do f:write(("x"):rep(n), "\n") end
			f:write(("y"):rep(70000)) f:close()
			for l in io.lines(dir.."x") do io.write(#l, " ") end
			f = io.open(dir.."x")
			print(#f:read("*L"), #f:read(100000), #f:read("*a"), f:read("*a"), f:read("*a") == "")`,
			"65535 65536 65537 200000 1 0 300000 70000 65536\t100000\t601080\t\ttrue\n"},
		{"seek", "", `
			local f = io.open(dir.."x", "w+")
			f:write("0123456789")
			print(f:seek(), f:seek("set"), f:seek("set", 3), f:read(2), f:seek(), f:seek("cur", -1), f:read(1))
			print(f:seek("end"), f:seek("end", -2), f:read("*a"), f:seek("cur"), f:seek("set", -1))
			print(pcall(f.seek, f, "there"))
			print(pcall(f.seek, f, "set", "x"))
			print(io.stdin:seek())`,
			"10\t0\t3\t34\t5\t4\t4\n10\t8\t89\t10\tnil\tinvalid argument\t22\n" +
				"false\tfile:seek: argument 2: \"set\" or \"cur\" or \"end\" expected, got \"there\"\n" +
				"false\tfile:seek: argument 3: integer expected, got \"x\"\nnil\tillegal seek\t29\n"},
		{"read then write", "", `
			local f = io.open(dir.."x", "w") f:write("abc\ndef\nghi\n") f:close()
			f = io.open(dir.."x", "r+")
			print(f:read()) f:write("DEF") print(f:read("*l"), f:read())
			f:write("jkl") f:close()
			print(io.open(dir.."x"):read("*a"))`,
			"abc\n\tghi\nabc\nDEF\nghi\njkl\n"},
		{"append", "", `
			for i = 1, 3 do local f = io.open(dir.."x", "a") f:write(i) f:close() end
			local f = io.open(dir.."x", "a+") print(f:read("*a")) f:seek("set") f:write(4) f:seek("set") print(f:read("*a"))`,
			"123\n1234\n"},
		{"buffering", "", `
			local function size() local f = io.open(dir.."x") local n = f:seek("end") f:close() return n end
			local f = io.open(dir.."x", "w")
			local function try(...) f:write(...) return size() end
			print(try("ab"), f:flush(), size())
			print(f:setvbuf("no"), try("c"), try("d"))
			print(f:setvbuf("line"), try("e"), try("f\ng"))
			print(f:setvbuf("full", 4), try("123"), try("4"), try("567"))
			print(f:setvbuf("full"), size(), try(("x"):rep(65000)), try(("x"):rep(1000)), try(("x"):rep(100000)))
			print(pcall(f.setvbuf, f, "some"))
			print(io.stdout:setvbuf("no"))`,
			"0\ttrue\t2\ntrue\t3\t4\ntrue\t4\t8\ntrue\t8\t12\t12\ntrue\t15\t15\t66015\t166015\n" +
				"false\tfile:setvbuf: argument 2: \"no\" or \"line\" or \"full\" expected, got \"some\"\ntrue\n"},
		{"default files", "in", `
			print(io.input() == io.stdin, io.output() == io.stdout, io.read("*a"))
			print(io.output(dir.."x") == io.output(), io.output() == io.stdout)
			io.write("hello ", 42, "\n") print(io.flush(), io.close(), io.type(io.output()))
			print(pcall(io.write, "x")) print(pcall(io.close))
			io.output(io.stdout)
			print(io.type(io.input(dir.."x")), io.read("*l"), io.close(io.input())) print(pcall(io.read)) print(pcall(io.lines))
			print(io.input(io.stdin) == io.stdin, io.close())
			print(pcall(io.input, {}))`,
			"true\ttrue\tin\ntrue\tfalse\ntrue\ttrue\tclosed file\n" +
				"false\tio.write: standard output file is closed\nfalse\tio.close: standard output file is closed\n" +
				"file\thello 42\ttrue\nfalse\tio.read: standard input file is closed\nfalse\tio.lines: standard input file is closed\n" +
				"true\tnil\tcannot close standard file\nfalse\tio.input: argument 1: file or name expected, got a table\n"},
		{"wrong use", "", `
			local f = io.open(dir.."x", "w") f:close()
			print(pcall(f.read, f)) print(pcall(f.write, f, "x")) print(pcall(f.close, f)) print(pcall(io.close, f))
			print(pcall(f.lines, f)) print(pcall(f.seek, f)) print(pcall(f.flush, f))
			print(pcall(f.read)) print(pcall(io.close, 1))
			print(pcall(io.write, "a", {})) print(pcall(io.stdout.write, io.stdout, nil)) print(pcall(io.open))
			print(io.stdin:write("x")) print(io.stdout:read())
			print(io.type(1), io.type(io.stdout), pcall(io.type))`,
			closedFile("read", "write", "close") + "false\tio.close: attempt to use a closed file\n" + closedFile("lines", "seek", "flush") +
				"false\tfile:read: file expected before the colon, got nothing - use file:read(...) with a colon\n" +
				"false\tio.close: argument 1: file expected, got 1\n" +
				"false\tio.write: argument 2: string expected, got a table\n" +
				"false\tfile:write: argument 2: string expected, got nil\n" +
				"false\tio.open: argument 1: string expected, got nothing\n" +
				"nil\tbad file descriptor\t9\nnil\tbad file descriptor\t9\n" +
				"nil\tfile\tfalse\tio.type: argument 1: value expected, got nothing\n"},
		{"tmpfile", "", `
			local f = io.tmpfile() f:write("tmp") f:seek("set") print(f:read("*a"), f:close())`, "tmp\ttrue\n"},
		{"too long", "", `
			local f = io.open(dir.."x", "w") f:seek("set", 2^30 + 1) f:write("x") f:close()
			f = io.open(dir.."x") print(f:read("*a")) print(f:seek()) print(#f:read(10))`,
			"nil\ttoo long\t0\n0\n10\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, code := ioRun(t, strings.NewReader(tt.in), tt.src)
			if got = atLine.ReplaceAllString(got, ""); got != tt.want || code != 0 {
				t.Errorf("code %d, got\n%swant\n%s", code, got, tt.want)
			}
		})
	}
}

var atLine = regexp.MustCompile(`t\.lua:\d+: `)

func badModes(modes ...string) []string {
	for i, m := range modes {
		modes[i] = fmt.Sprintf("false\tio.open: argument 2: mode \"r\", \"w\" or \"a\" with \"+\", \"b\" or both after it expected, got %q\n", m)
	}
	return modes
}

func badFormat(where string, got ...string) string {
	var b strings.Builder
	for _, g := range got {
		fmt.Fprintf(&b, "false\t%s: number of bytes, \"*n\", \"*l\", \"*L\" or \"*a\" expected, got %s\n", where, g)
	}
	return b.String()
}

func closedFile(methods ...string) string {
	var b strings.Builder
	for _, m := range methods {
		fmt.Fprintf(&b, "false\tfile:%s: attempt to use a closed file\n", m)
	}
	return b.String()
}

// TestIOPartial reads through a reader that gives little at a time.
func TestIOPartial(t *testing.T) {
	t.Parallel()
	text := "12 0x10 -3.25e+2 1e400\nfirst\nsecond line\nlast"
	got, _ := ioRun(t, iotestOneByte{strings.NewReader(text)}, `
		print(io.read("*n", "*n", "*n", "*n", "*l"))
		print(io.read("*l", 3, "*L", "*a"))`)
	if want := "12\t16\t-325\t+Inf\t\nfirst\tsec\tond line\n\tlast\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

type iotestOneByte struct{ r io.Reader }

func (r iotestOneByte) Read(p []byte) (int, error) { return r.r.Read(p[:min(1, len(p))]) }

// TestNumerals asks for what C's scanf takes of a text.
func TestNumerals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":            "nil|",
		"  7":         "7|",
		"\n\t-7x":     "-7|x",
		"+.5.5":       "0.5|.5",
		"5.":          "5|",
		".":           "nil|",
		"-":           "nil|",
		"1e":          "nil|",
		"1e+x":        "nil|x",
		"1e5e5":       "100000|e5",
		"0x":          "nil|",
		"0xfF.8p1z":   "511|z",
		"0xg":         "nil|g",
		"abc":         "nil|abc",
		"1,2":         "1|,2",
		"00012":       "12|",
		"99999999999": "99999999999|",
	} {
		got, _ := ioRun(t, strings.NewReader(text), `io.write(tostring(io.read("*n")), "|", io.read("*a"))`)
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestLinesAgainstLua compares read formats with PUC Lua (whose lines end at a
// zero byte; ours do not).
func TestLinesAgainstLua(t *testing.T) {
	t.Parallel()
	puc, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("lua5.1 is not installed")
	}
	const src = `
		local texts = {"", "\n", "a", "a\n", "a\n\nb", "1 2\n3", " 0x10 z", "1e5", "-.5e-1 x", "\r\n", "x\1y\nz", "12abc", "+7-8", "5.5.5", "\n\n\n"}
		local formats = {"*n", "*l", "*a", 0, 1, 3}
		local function show(...)
			local t = {}
			for i = 1, select("#", ...) do t[i] = tostring((select(i, ...))):gsub("%c", function(c) return "\\" .. c:byte() end) end
			return table.concat(t, "|")
		end
		for i, text in ipairs(texts) do
			local f = io.tmpfile() f:write(text)
			for _, a in ipairs(formats) do for _, b in ipairs(formats) do for _, c in ipairs(formats) do
				f:seek("set")
				print(i, a, b, c, show(f:read(a, b, c)), f:seek())
			end end end
			f:seek("set", 1)
			print(f:write("W") and true, f:seek("end"), f:seek("set", 1), f:read("*a"))
		end`
	file := filepath.Join(t.TempDir(), "t.lua")
	if err := os.WriteFile(file, []byte(src), 0o666); err != nil {
		t.Fatal(err)
	}
	want, err := exec.Command(puc, file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, want)
	}
	got, _ := ioRun(t, nil, src)
	compareLines(t, got, string(want))
}

func compareLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	if len(g) != len(w) {
		t.Errorf("%d lines, want %d", len(g), len(w))
	}
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("line %d: got %q, want %q", i+1, g[i], w[i])
		}
	}
}

// TestStdinTurns lets several fibers read standard input line by line: every
// line arrives once and whole.
func TestStdinTurns(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	var out lockedBuffer
	rt := ioRuntime(t, r, &out)
	for range 4 {
		ioSpawn(t, rt, `for l in io.lines() do print(l) end`, SpawnOptions{})
	}
	const n = 200
	for i := range n {
		fmt.Fprintf(w, "line ")
		fmt.Fprintf(w, "%d\n", i)
	}
	w.Close()
	rt.WaitIdle()
	rt.Close()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	seen := map[string]int{}
	for _, l := range lines {
		seen[l]++
	}
	for i := range n {
		if seen[fmt.Sprintf("line %d", i)] != 1 {
			t.Fatalf("line %d came %d times", i, seen[fmt.Sprintf("line %d", i)])
		}
	}
}

// TestStdinCancel cancels a fiber that reads standard input; what the reading
// left behind gets is there for the next.
func TestStdinCancel(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	var out lockedBuffer
	rt := ioRuntime(t, r, &out)
	ended := make(chan bool, 1)
	f := ioSpawn(t, rt, `pcall(io.read, "*l") print("not reached")`,
		SpawnOptions{OnEnd: func(_ *lua.LState, err *Error) bool { ended <- err != nil && err.Cancelled; return true }})
	io.WriteString(w, "par")
	waitFor(t, "the fiber to wait", func() bool { return f.Status() == "waiting" })
	f.Cancel(Cancelled)
	if !awaitEnd(t, ended) {
		t.Error("it was not cancelled")
	}
	ioSpawn(t, rt, `print(io.read("*l", "*a"))`, SpawnOptions{})
	io.WriteString(w, "tial\nrest")
	w.Close()
	rt.WaitIdle()
	rt.Close()
	if want := "partial\trest\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// awaitEnd waits for a cancelled fiber. It has 50 ms on a machine with nothing
// else to do; this one may be busy.
func awaitEnd(t *testing.T, ended chan bool) bool {
	t.Helper()
	start := time.Now()
	select {
	case ok := <-ended:
		if d := time.Since(start); d > 50*time.Millisecond {
			t.Logf("it took %v", d)
		}
		return ok
	case <-time.After(2 * time.Second):
		t.Fatal("the fiber did not end")
	}
	return false
}

// TestUnclosed demands that what was written is there when the runtime is
// closed, and when the collector finds the file.
func TestUnclosed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rt := New(SystemHost(nil, io.Discard, io.Discard), Config{})
	rt.Do("dir", func(L *lua.LState) { L.G.Global.RawSetString("dir", lua.LString(dir+"/")) })
	ioSpawn(t, rt, `kept = io.open(dir.."kept", "w") kept:write("kept") io.open(dir.."lost", "w"):write("lost")`, SpawnOptions{})
	rt.WaitIdle()
	content := func(name string) string {
		b, _ := os.ReadFile(filepath.Join(dir, name))
		return string(b)
	}
	ioSpawn(t, rt, `local t = {} for i = 1, 100 do t[i] = i end`, SpawnOptions{}) // overwrites the thread's stack
	rt.WaitIdle()
	waitFor(t, "the collector", func() bool { runtime.GC(); return content("lost") == "lost" })
	if content("kept") != "" {
		t.Error("written before it was closed")
	}
	if n := len(rt.Scope.Resources()); n != 1 {
		t.Errorf("%d files open, want 1", n)
	}
	rt.Close()
	if content("kept") != "kept" {
		t.Errorf("got %q", content("kept"))
	}
}

// TestFilesShared lets fibers write the same file: each write stays in one
// piece.
func TestFilesShared(t *testing.T) {
	t.Parallel()
	var out lockedBuffer
	rt := ioRuntime(t, nil, &out)
	ioSpawn(t, rt, `f = io.open(dir.."x", "w") f:setvbuf("no")`, SpawnOptions{})
	rt.WaitIdle()
	for range 8 {
		ioSpawn(t, rt, `for i = 1, 50 do f:write(("x"):rep(99), "\n") end`, SpawnOptions{})
	}
	rt.WaitIdle()
	ioSpawn(t, rt, `f:close() local n = 0 for l in io.lines(dir.."x") do assert(#l == 99) n = n + 1 end print(n)`, SpawnOptions{})
	rt.WaitIdle()
	rt.Close()
	if out.String() != "400\n" {
		t.Errorf("got %q", out.String())
	}
}

// TestLoadStdin covers dofile and loadfile without a name.
func TestLoadStdin(t *testing.T) {
	t.Parallel()
	if got, _ := ioRun(t, strings.NewReader("print('from stdin') return 7"), `print(dofile())`); got != "from stdin\n7\n" {
		t.Errorf("got %q", got)
	}
}

// BenchmarkLines reads a file of 20 MB line by line, here and with the library
// that comes with gopher-lua.
func BenchmarkLines(b *testing.B) {
	name := filepath.Join(b.TempDir(), "lines")
	line := strings.Repeat("x", 49) + "\n"
	if err := os.WriteFile(name, []byte(strings.Repeat(line, 20<<20/len(line))), 0o666); err != nil {
		b.Fatal(err)
	}
	src := fmt.Sprintf(`local n = 0 for l in io.lines(%q) do n = n + #l end`, name)
	b.Run("netrepl", func(b *testing.B) {
		rt := ioRuntime(b, nil, io.Discard)
		defer rt.Close()
		b.SetBytes(20 << 20)
		for b.Loop() {
			ioSpawn(b, rt, src, SpawnOptions{})
			rt.WaitIdle()
		}
	})
	b.Run("stock", func(b *testing.B) {
		L := lua.NewState()
		defer L.Close()
		b.SetBytes(20 << 20)
		for b.Loop() {
			if err := L.DoString(src); err != nil {
				b.Fatal(err)
			}
		}
	})
}
