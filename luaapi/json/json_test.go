package json

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func testLibrary(L *lua.LState) *library {
	mt := L.CreateTable(0, 1)
	mt.RawSetString("__tostring", L.NewFunction(nullString))
	return newLibrary(L, &lua.LUserData{Value: null{}, Metatable: mt})
}

// testState makes a plain state with the module as a global.
func testState(t testing.TB) *lua.LState {
	L := lua.NewState(lua.Options{CallStackSize: 2000, RegistrySize: 1 << 16})
	t.Cleanup(L.Close)
	lib := testLibrary(L)
	mod := L.SetFuncs(L.NewTable(), lib.functions())
	mod.RawSetString("null", lib.null)
	L.SetGlobal("json", mod)
	return L
}

func TestLua(t *testing.T) {
	t.Parallel()
	L := testState(t)
	if err := L.DoFile("json_test.lua"); err != nil {
		t.Fatal(err)
	}
	L.G.Global.ForEach(func(k, v lua.LValue) {
		name := k.String()
		if fn, ok := v.(*lua.LFunction); ok && len(name) > 5 && name[:5] == "test_" {
			t.Run(name, func(t *testing.T) {
				if err := L.CallByParam(lua.P{Fn: fn, Protect: true}); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// goValue turns a decoded value into what encoding/json would give.
func goValue(lib *library, v lua.LValue) any {
	switch v := v.(type) {
	case lua.LBool:
		return bool(v)
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		return string(v)
	case *lua.LTable:
		if v.Metatable == lib.array {
			list := []any{}
			for i := 1; i <= v.Len(); i++ {
				list = append(list, goValue(lib, v.RawGetInt(i)))
			}
			return list
		}
		m := map[string]any{}
		v.ForEach(func(k, v lua.LValue) { m[string(k.(lua.LString))] = goValue(lib, v) })
		return m
	}
	return nil
}

// TestLikeGo compares a text of every kind of value with encoding/json.
func TestLikeGo(t *testing.T) {
	t.Parallel()
	L := lua.NewState()
	defer L.Close()
	lib := testLibrary(L)
	text := benchText()
	lib.decoder.null = lib.null
	v, msg := lib.decoder.decode(L, text)
	if msg != "" {
		t.Fatal(msg)
	}
	var want any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(goValue(lib, v), want) {
		t.Fatal("decoded values differ")
	}
	lib.encoder.sort = true
	out, p := lib.encoder.encode(v)
	if p != nil {
		t.Fatal(p.expected)
	}
	if out != text {
		t.Fatal("the encoded text differs")
	}
}

// TestDecodeKeepsNothing: a small value must not keep a large text alive.
func TestDecodeKeepsNothing(t *testing.T) {
	t.Parallel()
	L := lua.NewState()
	defer L.Close()
	lib := testLibrary(L)
	lib.decoder.null = lib.null
	if _, msg := lib.decoder.decode(L, benchText()); msg != "" {
		t.Fatal(msg)
	}
	d := &lib.decoder
	if d.s != "" || d.L != nil || cap(d.values) > 512 || cap(d.keys) > 512 {
		t.Fatalf("kept: %d bytes of text, %d values, %d keys", len(d.s), cap(d.values), cap(d.keys))
	}
	for _, v := range d.values[:cap(d.values)] {
		if v != nil {
			t.Fatal("kept a value")
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,null,true],"b":{"c":"\u00e9\ud83d\ude00"}}`, `[]`, `"\`, `-0`, `1e5`, "[[[", `{"a":1,"a":2}`, "\"\xff\"", `9007199254740993`} {
		f.Add(s)
	}
	if data, err := os.ReadFile("json_test.lua"); err == nil {
		for _, line := range bytes.Split(data, []byte("\n")) {
			f.Add(string(line))
		}
	}
	L := lua.NewState()
	f.Cleanup(L.Close)
	lib := testLibrary(L)
	f.Fuzz(func(t *testing.T, s string) {
		lib.decoder.null = lib.null
		v, msg := lib.decoder.decode(L, s)
		if (msg == "") != (v != lua.LNil) {
			t.Fatalf("%v, %q", v, msg)
		}
		if valid := json.Valid([]byte(s)); msg == "" && !valid {
			t.Fatalf("took %q", s)
		}
		if msg != "" {
			return
		}
		lib.encoder.sort = true
		text, p := lib.encoder.encode(v)
		if p != nil {
			t.Fatalf("%s expected, got %s", p.expected, p.got)
		}
		lib.decoder.null = lib.null
		again, msg := lib.decoder.decode(L, text)
		if msg != "" {
			t.Fatalf("%s: %s", text, msg)
		}
		if a, b := goValue(lib, v), goValue(lib, again); !reflect.DeepEqual(a, b) {
			t.Fatalf("%v became %v", a, b)
		}
	})
}
