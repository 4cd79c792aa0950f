package vm

import (
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// openOS makes Lua 5.1's os library. Where it differs:
//
//	os.execute   answers the exit code, not the system's status word (256 times it)
//	os.exit      ends the runtime, not the process, and takes true and false
//	os.date      refuses conversions that C does not know; knows GNU's too
//	os.setlocale knows "C" alone
func (rt *Runtime) openOS(L *lua.LState) {
	L.G.Global.RawSetString("os", rt.Funcs("os", map[string]lua.LGFunction{
		"clock":     osClock,
		"date":      rt.osDate,
		"difftime":  osDifftime,
		"execute":   rt.osExecute,
		"exit":      rt.osExit,
		"getenv":    rt.osGetenv,
		"remove":    rt.osRemove,
		"rename":    rt.osRename,
		"setlocale": osSetlocale,
		"time":      rt.osTime,
		"tmpname":   rt.osTmpname,
	}))
}

func osClock(L *lua.LState) int {
	L.Push(lua.LNumber(cpuTime().Seconds()))
	return 1
}

func osDifftime(L *lua.LState) int {
	L.Push(lua.LNumber(arg.Number(L, 1) - arg.OptNumber(L, 2, 0)))
	return 1
}

func (rt *Runtime) osGetenv(L *lua.LState) int {
	if v, ok := rt.Host.Env(arg.String(L, 1)); ok {
		L.Push(lua.LString(v))
	} else {
		L.Push(lua.LNil)
	}
	return 1
}

// osExit is os.exit([code | true | false]): every fiber is cancelled, this one
// before anything else runs in it.
func (rt *Runtime) osExit(L *lua.LState) int {
	code := 0
	switch v := L.Get(1).(type) {
	case *lua.LNilType:
	case lua.LBool:
		if !bool(v) {
			code = 1
		}
	default:
		code = int(arg.Int(L, 1, math.MinInt32, math.MaxInt32))
	}
	rt.Exit(code)
	rt.cur.Load().Cancel(Cancelled) // if it is in its clean-up, or not listed
	stopped(L)
	return 0
}

func (rt *Runtime) osRemove(L *lua.LState) int {
	name := arg.String(L, 1)
	return rt.changeFiles(L, func() error { return rt.Host.Files.Remove(name) })
}

func (rt *Runtime) osRename(L *lua.LState) int {
	from, to := arg.String(L, 1), arg.String(L, 2)
	return rt.changeFiles(L, func() error { return rt.Host.Files.Rename(from, to) })
}

func (rt *Runtime) changeFiles(L *lua.LState, change func() error) int {
	var err error
	rt.detach(L, func() { err = change() }, func() {})
	if err != nil {
		return pushError(L, FileError(err).Error(), err)
	}
	L.Push(lua.LTrue)
	return 1
}

// osTmpname makes an empty file, so that the name is taken.
func (rt *Runtime) osTmpname(L *lua.LState) int {
	files := rt.Host.Files
	var name string
	var err error
	rt.detach(L, func() {
		f, e := files.CreateTemp()
		if err = e; e == nil {
			name = f.Name()
			f.Close()
		}
	}, func() {
		if err == nil {
			files.Remove(name)
		}
	})
	if err != nil {
		arg.Raise(L, "unable to generate a unique filename: %s", FileError(err))
	}
	L.Push(lua.LString(name))
	return 1
}

// osExecute is os.execute([command]): it answers the exit code, 128 and the
// signal's number if a signal ended the shell, -1 if it could not be started.
// A cancelled fiber kills it. Without a command it answers whether there is a
// shell, as 1 or 0.
func (rt *Runtime) osExecute(L *lua.LState) int {
	if !arg.Given(L, 1) {
		n := 0
		if haveShell() {
			n = 1
		}
		L.Push(lua.LNumber(n))
		return 1
	}
	command := arg.String(L, 1)
	quit := rt.cur.Load().Quit()
	code := -1
	rt.Wait(L, Quits, func() {
		p, err := rt.start(shell{command: command, group: true})
		if err != nil {
			return
		}
		select {
		case <-p.done:
			code = p.code
		case <-quit:
			p.kill()
		}
	})
	Check(L)
	L.Push(lua.LNumber(code))
	return 1
}

// osSetlocale knows one locale: "C", which "" stands for too.
func osSetlocale(L *lua.LState) int {
	name := arg.OptString(L, 1, "C")
	arg.OptEnum(L, 2, "all", "all", "collate", "ctype", "monetary", "numeric", "time")
	if name == "C" || name == "" || name == "POSIX" {
		L.Push(lua.LString("C"))
	} else {
		L.Push(lua.LNil)
	}
	return 1
}

// osTime is os.time([table]).
func (rt *Runtime) osTime(L *lua.LState) int {
	if !arg.Given(L, 1) {
		L.Push(lua.LNumber(rt.Host.Clock.Now().Unix()))
		return 1
	}
	t := arg.Table(L, 1)
	d := calendar{
		year:  dateField(L, t, "year", true, 0),
		month: dateField(L, t, "month", true, 0),
		day:   dateField(L, t, "day", true, 0),
		hour:  dateField(L, t, "hour", false, 12),
		min:   dateField(L, t, "min", false, 0),
		sec:   dateField(L, t, "sec", false, 0),
	}
	if v := L.GetField(t, "isdst"); v != lua.LNil {
		isdst := lua.LVAsBool(v)
		d.isdst = &isdst
	}
	if sec, ok := d.unix(time.Local); ok {
		L.Push(lua.LNumber(sec))
	} else {
		L.Push(lua.LNil)
	}
	return 1
}

func dateField(L *lua.LState, t *lua.LTable, key string, needed bool, def float64) float64 {
	v := L.GetField(t, key)
	switch n := v.(type) {
	case *lua.LNilType:
		if needed {
			arg.Raise(L, "field '%s' missing in date table", key)
		}
		return def
	case lua.LNumber:
		return math.Trunc(float64(n))
	case lua.LString:
		if f, ok := parseNumber(strings.Trim(string(n), spaces)); ok {
			return math.Trunc(f)
		}
	}
	arg.Raise(L, "field '%s' of the date table: number expected, got %s", key, arg.DescribeValue(v))
	return 0
}

// osDate is os.date([format [, time]]).
func (rt *Runtime) osDate(L *lua.LState) int {
	format := arg.OptString(L, 1, "%c")
	var t time.Time
	if arg.Given(L, 2) {
		sec := math.Trunc(arg.Number(L, 2))
		if !(math.Abs(sec) <= maxTime) {
			L.Push(lua.LNil)
			return 1
		}
		t = time.Unix(int64(sec), 0)
	} else {
		t = rt.Host.Clock.Now()
	}
	if utc, ok := strings.CutPrefix(format, "!"); ok {
		format, t = utc, t.UTC()
	} else {
		t = t.In(time.Local)
	}
	if format == "*t" {
		L.Push(dateTable(L, t))
		return 1
	}
	text, wrong := strftime(t, format, func(size int) {
		if size > maxString {
			tooLong(L)
		}
		Check(L)
	})
	if wrong != "" {
		arg.Raise(L, "invalid conversion specifier '%s'", wrong)
	}
	L.Push(lua.LString(text))
	return 1
}

func dateTable(L *lua.LState, t time.Time) *lua.LTable {
	d := L.CreateTable(0, 9)
	for _, f := range []struct {
		name string
		n    int
	}{
		{"sec", t.Second()}, {"min", t.Minute()}, {"hour", t.Hour()},
		{"day", t.Day()}, {"month", int(t.Month())}, {"year", t.Year()},
		{"wday", int(t.Weekday()) + 1}, {"yday", t.YearDay()},
	} {
		d.RawSetString(f.name, lua.LNumber(f.n))
	}
	d.RawSetString("isdst", lua.LBool(t.IsDST()))
	return d
}
