package json

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// The peer of both directions is encoding/json with values of any, which
// measures the same text in the same run.

// benchText is a list of records, 1 MB of it.
func benchText() string {
	var b strings.Builder
	b.WriteByte('[')
	for i := 0; b.Len() < 1<<20; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"active":%t,"id":%d,"name":"host-%d.example.com","note":"line one\nline \"two\"","ports":[80,443,%d],"ratio":%d.%d1,"tags":{"os":"linux","zone":"eu"}}`,
			i%2 == 0, i*7919, i, 1024+i%5000, i%100, i%1000)
	}
	b.WriteByte(']')
	return b.String()
}

func BenchmarkDecode(b *testing.B) {
	text := benchText()
	b.Run("lua", func(b *testing.B) {
		L := lua.NewState()
		defer L.Close()
		lib := testLibrary(L)
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			lib.decoder.null = lib.null
			if _, err := lib.decoder.decode(L, text); err != "" {
				b.Fatal(err)
			}
		}
	})
	b.Run("go", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	text := benchText()
	b.Run("lua", func(b *testing.B) {
		L := lua.NewState()
		defer L.Close()
		lib := testLibrary(L)
		lib.decoder.null = lib.null
		v, _ := lib.decoder.decode(L, text)
		lib.encoder.sort = true
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, p := lib.encoder.encode(v); p != nil {
				b.Fatal(p.expected)
			}
		}
	})
	b.Run("go", func(b *testing.B) {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
