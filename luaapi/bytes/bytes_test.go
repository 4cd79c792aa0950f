package bytes

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/luatest"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// testState makes a plain state with the module as a global.
func testState(t testing.TB) *lua.LState {
	L := lua.NewState()
	t.Cleanup(L.Close)
	lib := new(library)
	L.SetGlobal("bytes", L.SetFuncs(L.NewTable(), lib.functions()))
	str := L.GetGlobal("string").(*lua.LTable)
	L.SetFuncs(str, map[string]lua.LGFunction{"pack": lib.pack, "unpack": lib.unpack, "packsize": lib.packsize})
	return L
}

func TestLua(t *testing.T) { luatest.Run(t, []vm.Module{Module()}) }

// TestLikePython compares records with those of Python's struct.pack.
func TestLikePython(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to compare with")
	}
	// A Lua format, Python's, and the values of both.
	tests := [][3]string{
		{"<b", "<b", "-7"},
		{">B", ">B", "200"},
		{"<h", "<h", "-300"},
		{">H", ">H", "60000"},
		{"<i4", "<i", "-70000"},
		{">I4", ">I", "4000000000"},
		{"<j", "<q", "-9007199254740992"},
		{">J", ">Q", "9007199254740992"},
		{"<l", "<q", "-5"},
		{">T", ">Q", "5"},
		{"<f", "<f", "3.25"},
		{">f", ">f", "0.1"},
		{"<d", "<d", "0.1"},
		{">n", ">d", "-1e+300"},
		{">I2 I4 b d", ">HIbd", "1, 2, -3, 4.5"},
		{"<!8 b I2 b I4 b d b j", "@bHbIbdbq", "1, 2, 3, 4, 5, 6.5, 7, 8"},
		{"<!4 b I2 I4", "@bHI", "1, 2, 3"},
		{"<x b x", "<xbx", "9"},
	}
	var script strings.Builder
	script.WriteString("import struct\n")
	for _, tt := range tests {
		script.WriteString("print(struct.pack('" + tt[1] + "', " + tt[2] + ").hex())\n")
	}
	out, err := exec.Command(python, "-c", script.String()).Output()
	if err != nil {
		t.Skipf("python3 does not run: %v", err)
	}
	want := strings.Fields(string(out))
	L := testState(t)
	for i, tt := range tests {
		if err := L.DoString("return bytes.pack('" + tt[0] + "', " + tt[2] + ")"); err != nil {
			t.Errorf("%s: %v", tt[0], err)
			continue
		}
		got := fmt.Sprintf("%x", L.ToString(-1))
		L.Pop(1)
		if got != want[i] {
			t.Errorf("pack(%q, %s) = %s, python's %q gives %s", tt[0], tt[2], got, tt[1], want[i])
		}
	}
}

func BenchmarkPackUnpack(b *testing.B) {
	L := testState(b)
	err := L.DoString(`
		local pack, unpack = bytes.pack, bytes.unpack
		function run(n)
			for i = 1, n do
				local s = pack(">I2 I4 s2", i % 65536, i, "payload")
				local a, b, c = unpack(">I2 I4 s2", s)
			end
		end`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := L.CallByParam(lua.P{Fn: L.GetGlobal("run"), Protect: true}, lua.LNumber(b.N)); err != nil {
		b.Fatal(err)
	}
}
