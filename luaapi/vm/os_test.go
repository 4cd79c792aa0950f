package vm

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

func TestOS(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, src, want string }{
		{"clock", `local t = os.clock() local x = 0 for i = 1, 3e5 do x = x + i end print(t >= 0, os.clock() > t, os.clock() - t < 60)`, "true\ttrue\ttrue\n"},
		{"time now", `print(os.time() > 1.6e9, os.time() % 1, math.abs(os.time() - os.time(os.date("*t"))) <= 1)`, "true\t0\ttrue\n"},
		{"time fields", `
			print(os.time{year=2024, month=2, day=30, hour=12} == os.time{year=2024, month=3, day=1})
			print(os.time{year="2024", month=14, day=-1, hour=0, min=90, sec=-30.7} == os.time{year=2025, month=1, day=30, hour=1, min=29, sec=30})
			print(os.time{year=1e10, month=1, day=1}, os.time{year=0/0, month=1, day=1})
			print(pcall(os.time, {year=2024, month=1}))
			print(pcall(os.time, {}))
			print(pcall(os.time, {year=2024, month=1, day=1, hour="x"}))
			print(os.time(setmetatable({}, {__index = {year=2024, month=1, day=1}})) == os.time{year=2024, month=1, day=1})
			print(pcall(os.time, 1))`,
			"true\ntrue\nnil\tnil\nfalse\tos.time: field 'day' missing in date table\nfalse\tos.time: field 'year' missing in date table\n" +
				"false\tos.time: field 'hour' of the date table: number expected, got \"x\"\ntrue\nfalse\tos.time: argument 1: table expected, got 1\n"},
		{"date", `
			print(os.date("!%c", 0)) print(os.date("!%Y-%m-%d %H:%M:%S", 1e9)) print(os.date("!", 0) == "")
			local d = os.date("!*t", 86399) print(d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday, d.isdst)
			print(#os.date() > 10, os.date("!%a%%%n%t|%-d|%_H|%^b|%Ey|%Od", 0))
			print(os.date("%Y", 1e18), os.date("%Y", 0/0))
			for _, f in ipairs{"%", "%Q", "%E", "%Ea", "%OY", "a%", "%-"} do print(pcall(os.date, f)) end
			print(os.date("!*tx", 0), os.date("!\0%d\255", 0) == "\00001\255", os.date("!%d", -1.5))`,
			"Thu Jan  1 00:00:00 1970\n2001-09-09 01:46:40\ntrue\n1970\t1\t1\t23\t59\t59\t5\t1\tfalse\n" +
				"true\tThu%\n\t|1| 0|JAN|70|01\nnil\tnil\n" + wrongDates("%", "%Q", "%E", "%E", "%O", "%", "%-") + "*tx\ttrue\t31\n"},
		{"difftime", `print(os.difftime(5, 3), os.difftime(5))`, "2\t5\n"},
		{"getenv", `print(os.getenv("NETREPL_TEST"), os.getenv("NO_SUCH_VARIABLE"))`, "here\tnil\n"},
		{"files", `
			local n = os.tmpname()
			print(io.open(n):read("*a") == "", os.rename(n, n.."x"), os.remove(n.."x"))
			print((select(2, os.remove(n)):gsub(".*: ", "")), select(3, os.remove(n)))
			local ok, err, no = os.rename("/no/such", n) print(ok, err, no)`,
			"true\ttrue\ttrue\nno such file or directory\t2\nnil\t/no/such: no such file or directory\t2\n"},
		{"setlocale", `print(os.setlocale(), os.setlocale(""), os.setlocale("C", "time"), os.setlocale("de_DE")) print(pcall(os.setlocale, "C", "x"))`,
			"C\tC\tC\tnil\nfalse\tos.setlocale: argument 2: \"all\" or \"collate\" or \"ctype\" or \"monetary\" or \"numeric\" or \"time\" expected, got \"x\"\n"},
		{"wrong use", `
			for _, f in ipairs{"getenv", "remove", "rename", "difftime"} do print(pcall(os[f])) end
			print(pcall(os.exit, "x")) print(pcall(os.date, "%d", "x"))`,
			"false\tos.getenv: argument 1: string expected, got nothing\nfalse\tos.remove: argument 1: string expected, got nothing\n" +
				"false\tos.rename: argument 1: string expected, got nothing\nfalse\tos.difftime: argument 1: number expected, got nothing\n" +
				"false\tos.exit: argument 1: integer -2147483648..2147483647 expected, got \"x\"\nfalse\tos.date: argument 2: number expected, got \"x\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out lockedBuffer
			rt := ioRuntime(t, nil, &out)
			rt.Host.Env = func(name string) (string, bool) { return "here", name == "NETREPL_TEST" }
			ioSpawn(t, rt, tt.src, SpawnOptions{})
			rt.WaitIdle()
			rt.Close()
			if got := atLine.ReplaceAllString(out.String(), ""); got != tt.want || rt.ExitCode() != 0 {
				t.Errorf("code %d, got\n%swant\n%s", rt.ExitCode(), got, tt.want)
			}
		})
	}
}

func wrongDates(specs ...string) string {
	var b strings.Builder
	for _, s := range specs {
		fmt.Fprintf(&b, "false\tos.date: invalid conversion specifier '%s'\n", s)
	}
	return b.String()
}

func TestExit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		code int
	}{{"", 0}, {"3", 3}, {"true", 0}, {"false", 1}, {"nil", 0}, {"255", 255}} {
		for _, src := range []string{
			`os.exit(` + tt.args + `) print("went on")`,
			`pcall(os.exit` + strings.TrimSuffix(", "+tt.args, ", ") + `) print("went on")`,
			`coroutine.wrap(function() os.exit(` + tt.args + `) print("went on") end)() print("went on")`,
			`table.sort({1, 2}, function() os.exit(` + tt.args + `) print("went on") end) print("went on")`,
			`local f = io.open(dir .. "x", "w") f:write("x") os.exit(` + tt.args + `)`,
		} {
			if out, code := ioRun(t, nil, src); out != "" || code != tt.code {
				t.Errorf("%s: code %d, output %q", src, code, out)
			}
		}
	}
	// The other fibers end, too.
	var out lockedBuffer
	r, w := io.Pipe()
	defer w.Close()
	rt := ioRuntime(t, r, &out)
	ioSpawn(t, rt, `io.read() print("went on")`, SpawnOptions{})
	ioSpawn(t, rt, `os.exit(4)`, SpawnOptions{})
	if !rt.WaitIdle() || rt.ExitCode() != 4 {
		t.Errorf("code %d", rt.ExitCode())
	}
	if err := rt.Close(); err != nil || out.String() != "" {
		t.Errorf("%v, output %q", err, out.String())
	}
}

func TestExecute(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are for sh")
	}
	for _, tt := range []struct{ src, want string }{
		{`print(os.execute())`, "1\n"},
		{`print(os.execute("true"), os.execute("exit 3"), os.execute("kill -9 $$"))`, "0\t3\t137\n"},
		{`print(os.execute("echo out; echo err >&2"))`, "out\nerr\n0\n"},
		{`print(os.execute("sleep 3 & exit 2"))`, "2\n"},
		{`print(os.execute("no_such_command_here 2>/dev/null"))`, "127\n"},
	} {
		t.Run(tt.src, func(t *testing.T) {
			t.Parallel()
			got, _ := ioRun(t, nil, tt.src)
			if a, b := strings.Split(got, "\n"), strings.Split(tt.want, "\n"); got != tt.want && !sameLines(a, b) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// sameLines compares without regard to order: output and error output come by
// different ways.
func sameLines(a, b []string) bool {
	count := map[string]int{}
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		count[s]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestExecuteFree runs a command while another fiber goes on.
func TestExecuteFree(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are for sh")
	}
	var out lockedBuffer
	rt := ioRuntime(t, nil, &out)
	ioSpawn(t, rt, `os.execute("while [ ! -e '" .. dir .. "go' ]; do sleep 0.01; done") print("second")`, SpawnOptions{})
	ioSpawn(t, rt, `print("first") io.open(dir .. "go", "w"):close()`, SpawnOptions{})
	rt.WaitIdle()
	rt.Close()
	if out.String() != "first\nsecond\n" {
		t.Errorf("got %q", out.String())
	}
}

// clockHost answers one time.
type clockHost struct {
	systemClock
	now time.Time
}

func (c clockHost) Now() time.Time { return c.now }

func TestHostClock(t *testing.T) {
	t.Parallel()
	var out lockedBuffer
	host := SystemHost(nil, &out, &out)
	host.Clock = clockHost{now: time.Unix(1234567890, 999)}
	rt := New(host, Config{})
	ioSpawn(t, rt, `print(os.time(), os.date("!%F %T"), os.time(os.date("*t")))`, SpawnOptions{})
	rt.WaitIdle()
	rt.Close()
	if want := "1234567890\t2009-02-13 23:31:30\t1234567890\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo"}

// askPython runs a program that reads JSON and prints JSON.
func askPython(t *testing.T, program string, in, out any) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", program)
	cmd.Stdin = strings.NewReader(string(input))
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	answer, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v", err)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatal(err)
	}
}

func location(t *testing.T, zone string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Skip("no time zones here:", err)
	}
	return loc
}

// TestDateAgainstPython compares every conversion with the C library's.
func TestDateAgainstPython(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the flags are GNU's")
	}
	times := []int64{0, -1, 1, 86399, 951782400, 1078099200, 1234567890, 1719792000, 1735689599, 1735689600, 253402300799, -2208988800}
	for d := range int64(800) { // two years and more, at different hours
		times = append(times, 1703980800+d*87000)
	}
	var formats []string
	for _, c := range "aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%klsP" {
		formats = append(formats, "%"+string(c))
	}
	formats = append(formats, "%-d", "%_d", "%0e", "%-I", "%_m", "%^a", "%^B", "%#b", "%#p", "%#Z", "%-j", "%_j", "%^c",
		"%Ec", "%EC", "%Ex", "%EX", "%Ey", "%EY", "%Od", "%Oe", "%OH", "%OI", "%Om", "%OM", "%OS", "%Ou", "%OU", "%OV", "%Ow", "%OW", "%Oy")
	format := strings.Join(formats, "|")
	var want [][]string
	askPython(t, `
import sys, json, os, time
q = json.load(sys.stdin)
out = []
for z in q["zones"]:
    os.environ["TZ"] = z
    time.tzset()
    out.append([time.strftime(q["format"], time.localtime(t)) for t in q["times"]])
print(json.dumps(out))`, map[string]any{"zones": zones, "times": times, "format": format}, &want)
	for z, zone := range zones {
		loc := location(t, zone)
		for i, sec := range times {
			got, wrong := strftime(time.Unix(sec, 0).In(loc), format, func(int) {})
			if wrong != "" {
				t.Fatalf("does not know %s", wrong)
			}
			if zone == "UTC" {
				got = strings.ReplaceAll(strings.ReplaceAll(got, "GMT", "UTC"), "gmt", "utc")
			}
			g, w := strings.Split(got, "|"), strings.Split(want[z][i], "|")
			for k := range g {
				if g[k] != w[k] {
					t.Errorf("%s %d %s: got %q, want %q", zone, sec, formats[k], g[k], w[k])
				}
			}
		}
	}
}

// TestTimeAgainstPython compares os.time with C's mktime, fields out of range
// and isdst included.
func TestTimeAgainstPython(t *testing.T) {
	t.Parallel()
	type date [7]int // year month day hour min sec isdst
	var dates []date
	for i := range 500 {
		month, day, hour := i%14, i*37%40-3, i*53%30-2
		dates = append(dates,
			date{1971 + i%60, month, day, hour, i % 70, i*13%200 - 60, -1},
			date{1999 + i%30, month, day, hour, 0, 0, i % 2})
	}
	dates = append(dates, date{2024, 1, 1, 0, 0, 1e9, -1}, date{2024, 5000, 1, 0, 0, 0, -1}, date{2024, 1, -20000, 0, 0, 0, -1}, date{1900, 1, 1, 0, 0, 0, -1}, date{3000, 12, 31, 23, 59, 60, -1})
	var want [][]int64
	askPython(t, `
import sys, json, os, time
q = json.load(sys.stdin)
out = []
for z in q["zones"]:
    os.environ["TZ"] = z
    time.tzset()
    out.append([int(time.mktime(tuple(d[:6]) + (0, 0, d[6]))) for d in q["dates"]])
print(json.dumps(out))`, map[string]any{"zones": zones, "dates": dates}, &want)
	for z, zone := range zones {
		loc := location(t, zone)
		for i, d := range dates {
			c := calendar{float64(d[0]), float64(d[1]), float64(d[2]), float64(d[3]), float64(d[4]), float64(d[5]), nil}
			if d[6] >= 0 {
				isdst := d[6] == 1
				c.isdst = &isdst
			}
			if got, ok := c.unix(loc); !ok || got != want[z][i] {
				t.Errorf("%s %v: got %d, want %d (%d s apart)", zone, d, got, want[z][i], got-want[z][i])
			}
		}
	}
}

// TestExitInCleanup ends a clean-up function by os.exit.
func TestExitInCleanup(t *testing.T) {
	t.Parallel()
	var out lockedBuffer
	rt := ioRuntime(t, nil, &out)
	rt.Do("defer", func(L *lua.LState) {
		L.G.Global.RawSetString("defer", L.NewFunction(func(L *lua.LState) int {
			rt.Current().Defer(L.CheckFunction(1))
			return 0
		}))
	})
	ioSpawn(t, rt, `defer(function() print("clean") os.exit(5) print("went on") end) os.exit(2)`, SpawnOptions{})
	rt.WaitIdle()
	rt.Close()
	if got := out.String(); !strings.HasPrefix(got, "clean\n") || strings.Contains(got, "went on") || rt.ExitCode() != 2 {
		t.Errorf("code %d, got %q", rt.ExitCode(), got)
	}
}
