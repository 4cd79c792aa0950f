package pack

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func TestLength(t *testing.T) {
	t.Parallel()
	tests := []struct {
		format, data string
		n            int
		done         bool
	}{
		{"", "", 0, true},
		{">I2", "", 2, true},
		{">I2 c3", "ab", 5, true},
		{">s2 I4", "", 6, false},
		{">s2 I4", "\x00", 6, false},
		{">s2 I4", "\x00\x03", 9, true},
		{"<s2 I4", "\x03\x00", 9, true},
		{"z I2", "", 3, false},
		{"z I2", "abc", 6, false},
		{"z I2", "abc\x00", 6, true},
		{"!4 b I4", "", 8, true},
		{"!4 z I4", "a\x00", 8, true},
		{"s1 s1", "\x02ab", 4, false},
		{"s1 s1", "\x02ab\x01", 5, true},
		{"s8", "\xff\xff\xff\xff\xff\xff\xff\xff", MaxSize + 1, true},
		{">s16", strings.Repeat("\xff", 16), MaxSize + 1, true},
	}
	for _, tt := range tests {
		f, err := Parse(tt.format)
		if err != nil {
			t.Fatal(err)
		}
		if n, done := f.Length([]byte(tt.data)); n != tt.n || done != tt.done {
			t.Errorf("%q.Length(%q) = %d, %t, want %d, %t", tt.format, tt.data, n, done, tt.n, tt.done)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	f, err := Parse("<!4 b Xi4 x s1 z c4")
	if err != nil {
		t.Fatal(err)
	}
	if f.Values() != 4 {
		t.Errorf("Values() = %d, want 4", f.Values())
	}
}

// TestCache uses one Cache from several goroutines, beyond its bound.
func TestCache(t *testing.T) {
	t.Parallel()
	var c Cache
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 1000 {
				f, err := c.Get("c" + strconv.Itoa(i))
				if err != nil {
					t.Error(err)
					return
				}
				if n, _ := f.Size(); n != i {
					t.Errorf("size %d, want %d", n, i)
				}
			}
		})
	}
	wg.Wait()
	if len(c.formats) > cacheEntries {
		t.Errorf("%d formats kept", len(c.formats))
	}
	a, _ := c.Get("I2")
	if b, _ := c.Get("I2"); a != b {
		t.Error("parsed twice")
	}
	if _, err := c.Get("q"); err == nil {
		t.Error("took a wrong format")
	}
}

// FuzzRoundTrip reads any data by any format; packing what came out and
// reading it again must give the same values.
func FuzzRoundTrip(f *testing.F) {
	f.Add("<!4 b I2 Xi4 s1 z c3", "\x01\x00\x02\x00\x03abcdef\x00xyz")
	f.Add(">i16 I9 d f n j", strings.Repeat("\x00", 64))
	f.Add("!8 x s", "\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a")
	f.Add("!16i16Xi8", "0123456789")
	f.Add("c99999999999999", "")
	f.Fuzz(func(t *testing.T, format, data string) {
		p, err := Parse(format)
		if err != nil {
			return
		}
		size, sizeErr := p.Size()
		L := lua.NewState(lua.Options{RegistrySize: 1 << 17})
		defer L.Close()
		next, err := p.Unpack(L, data, 0)
		if err != nil {
			return
		}
		if sizeErr == nil && next != size {
			t.Fatalf("size %d, read %d bytes", size, next)
		}
		if n, done := p.Length([]byte(data)); !done || n != next {
			t.Fatalf("Length gives %d, %t, read %d bytes", n, done, next)
		}
		n := L.GetTop()
		if n != p.Values() {
			t.Fatalf("%d values, want %d", n, p.Values())
		}
		record := string(p.Append(L, 1, nil))
		again, err := p.Unpack(L, record, 0)
		if err != nil || again != len(record) || again != next {
			t.Fatalf("%d of %d bytes: %v", again, len(record), err)
		}
		for i := 1; i <= n; i++ {
			a, b := L.Get(i), L.Get(n+i)
			if a != b && a == a { // nan is not equal to itself
				t.Fatalf("value %d: %v became %v", i, a, b)
			}
		}
	})
}
