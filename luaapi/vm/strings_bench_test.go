package vm_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/vm"
)

// shortCalls are on short input; each is a statement run in a loop.
var shortCalls = map[string]string{
	"find":   `s:find("(%w+)=(%w+)")`,
	"plain":  `s:find("value", 1, true)`,
	"match":  `s:match("^%s*(%S+)%s*=")`,
	"gmatch": `for w in s:gmatch("%w+") do end`,
	"gsub":   `s:gsub("%w+", "<%0>")`,
	"rep":    `s:rep(3)`,
	"concat": `concat(t, ",")`,
	"format": `format("%s=%d (%5.2f) %x", s, 42, 3.25, 255)`,
}

// longCalls are on 1 MB of text.
var longCalls = map[string]string{
	"find":      `long:find("(%w+)=(%w+)[#!]")`,
	"find .-":   `long:find("key40000.-;")`,
	"gmatch":    `for k, v in long:gmatch("(%w+)=(%w+)") do end`,
	"gsub":      `long:gsub("%w+", "<%0>")`,
	"gsub func": `long:gsub("%w+", function(w) return w end)`,
	"gsub sep":  `long:gsub("[,\n]", ";")`,
	"rep":       `s:rep(1024 * 1024 / #s)`,
	"concat":    `concat(parts, ",")`,
	"format":    `for i = 1, 20000 do format("%s=%d (%5.2f) %x", s, i, i / 3, i) end`,
	"format %q": `format("%q", long)`,
	"sort":      `local c = {} for i = 1, #parts do c[i] = parts[i] end table.sort(c)`,
}

const shortPrelude = `
local concat, format = table.concat, string.format
local s = "key = value, key2=value2; and=so"
local t = {"a", "list", "of", "words", 1, 2, 3}
`

const longPrelude = shortPrelude + `
local long, parts = {}, {}
for i = 1, 40000 do long[i] = "key" .. i .. "=value" .. i * 7 % 1000 .. (i % 8 == 0 and "\n" or ", ") end
long = table.concat(long):rep(2):sub(1, 1024 * 1024)
for i = 1, 100000 do parts[i] = tostring(i * 7919 % 100003) end
`

func looped(call string, n string) string {
	return shortPrelude + "for i = 1, " + n + " do " + call + " end\n"
}

// BenchmarkStrings compares with stock gopher-lua on short input.
func BenchmarkStrings(b *testing.B) {
	for name, call := range shortCalls {
		b.Run(name+"/ours", func(b *testing.B) {
			rt := benchRuntime(b)
			runIn(b, rt, looped(call, strconv.Itoa(b.N)))
		})
		b.Run(name+"/stock", func(b *testing.B) {
			L := lua.NewState()
			defer L.Close()
			fn, err := L.LoadString(looped(call, strconv.Itoa(b.N)))
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			L.Push(fn)
			L.Call(0, 0)
		})
	}
}

// BenchmarkStringsLong compares with lua5.1 on 1 MB of text; "of-lua5.1" is how
// many times its time ours takes.
func BenchmarkStringsLong(b *testing.B) {
	lua51, err := exec.LookPath("lua5.1")
	if err != nil {
		b.Skip("lua5.1, to compare with, is not installed")
	}
	for name, call := range longCalls {
		b.Run(name, func(b *testing.B) {
			const rounds = 10
			timed := longPrelude + "local from = os.clock()\nfor i = 1, " + fmt.Sprint(rounds) + " do " + call + " end\nprint(os.clock() - from)\n"
			file := filepath.Join(b.TempDir(), "bench.lua")
			if err := os.WriteFile(file, []byte(timed), 0o600); err != nil {
				b.Fatal(err)
			}
			out, err := exec.Command(lua51, file).Output()
			if err != nil {
				b.Fatal(err)
			}
			theirs, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			if err != nil {
				b.Fatal(err)
			}
			src := strings.Replace(timed, "os.clock()", "clock()", 2)
			src = strings.Replace(src, "print(", "took(", 1)
			var ours float64
			for range b.N {
				rt := benchRuntime(b)
				rt.Do("set up", func(L *lua.LState) {
					began := time.Now()
					L.SetGlobal("clock", L.NewFunction(func(L *lua.LState) int {
						L.Push(lua.LNumber(time.Since(began).Seconds()))
						return 1
					}))
					L.SetGlobal("took", L.NewFunction(func(L *lua.LState) int {
						ours += float64(L.CheckNumber(1))
						return 0
					}))
				})
				runIn(b, rt, src)
			}
			ours /= float64(b.N)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ours/rounds*1e3, "ms")
			b.ReportMetric(theirs/rounds*1e3, "lua5.1-ms")
			b.ReportMetric(ours/theirs, "of-lua5.1")
		})
	}
}

func benchRuntime(b *testing.B) *vm.Runtime {
	b.Helper()
	log := &syncBuffer{}
	rt := vm.New(vm.SystemHost(strings.NewReader(""), log, log), vm.Config{})
	b.Cleanup(func() {
		if err := rt.Close(); err != nil {
			b.Error(err)
		}
		if log.String() != "" {
			b.Error(log.String())
		}
	})
	return rt
}

func runIn(b *testing.B, rt *vm.Runtime, src string) {
	b.Helper()
	var err error
	rt.Do("load", func(L *lua.LState) {
		var fn *lua.LFunction
		if fn, err = rt.Load(L, "bench.lua", []byte(src)); err == nil {
			b.ResetTimer()
			rt.Spawn(fn, nil, vm.SpawnOptions{Name: "main", Deep: true})
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	rt.WaitIdle()
}
