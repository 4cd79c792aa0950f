// Package pack writes and reads binary records by the format strings of Lua
// 5.3 (string.pack).
//
// A format is parsed once into a Format, which any goroutine may use. A Cache
// keeps parsed formats, so that a loop that packs by the same text parses it
// once. Sizes are the same on every system: h 2, i 4, l j T 8 bytes, and "="
// is little-endian.
//
// Integers are Lua numbers: one beyond 2^53 is an error that names the way
// out, never rounded.
package pack

import (
	"fmt"
	"strconv"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/arg"
)

// MaxSize is the largest record, in bytes.
const MaxSize = 1 << 30

const (
	maxFormat  = 1 << 16 // bytes of a format's text
	maxInteger = 16      // bytes of an integer
	nativeInt  = 4
	nativeWord = 8
)

type kind uint8

const (
	kindNone    kind = iota // changes only how later options are read
	kindInt                 // b h i l j
	kindUint                // B H I L J T
	kindFloat               // f
	kindDouble              // d n
	kindChars               // c: exactly size bytes
	kindString              // s: a length of size bytes, then the bytes
	kindZero                // z: bytes up to a zero
	kindPadding             // x: one zero byte
	kindAlign               // X: alignment alone
)

// op is one step of a Format.
type op struct {
	kind  kind
	big   bool // big-endian
	align uint8
	size  int
	at    int // where the option stands in the text, from 0
	end   int
}

// Format is a parsed format. It does not change: any goroutine may use it.
type Format struct {
	text   string
	ops    []op
	values int // how many of ops take or give a value
}

// Error says what a format or a record should have been. It reads
// "Expected expected, got Got", as the argument errors of package arg do.
type Error struct {
	Expected string
	Got      string
}

func (e *Error) Error() string { return e.Expected + " expected, got " + e.Got }

func errorf(got, expected string, a ...any) *Error {
	return &Error{Expected: fmt.Sprintf(expected, a...), Got: got}
}

// Values tells how many values the format takes and gives.
func (f *Format) Values() int { return f.values }

// option names the option of o for an error: `"I4" at position 3`.
func (f *Format) option(o *op) string {
	return place(f.text[o.at:o.end], o.at)
}

func place(option string, at int) string {
	return fmt.Sprintf("%q at position %d", option, at+1)
}

// Size answers the size of a record. A format with s or z has none; nor has one
// of more than MaxSize.
func (f *Format) Size() (int, error) {
	total := 0
	for i := range f.ops {
		o := &f.ops[i]
		if o.kind == kindString || o.kind == kindZero {
			return 0, errorf(f.option(o), "format of a fixed size")
		}
		total += o.padding(total) + o.fixed()
		if total > MaxSize {
			return 0, errorf(f.option(o)+" beyond it", "format of at most %d bytes", MaxSize)
		}
	}
	return total, nil
}

// padding is the number of bytes before o when it would stand at offset n.
func (o *op) padding(n int) int {
	if o.align <= 1 {
		return 0
	}
	return -n & (int(o.align) - 1)
}

// fixed is the number of bytes that o always has, without padding.
func (o *op) fixed() int {
	switch o.kind {
	case kindAlign:
		return 0
	case kindZero:
		return 1
	}
	return o.size
}

// Length tells how long the record is that begins with b. If b is too short to
// know, done is false and n is a length above len(b) that the record has at
// least: read so many bytes and ask again.
func (f *Format) Length(b []byte) (n int, done bool) {
	for i := range f.ops {
		o := &f.ops[i]
		n += o.padding(n)
		switch o.kind {
		case kindString:
			if n+o.size > len(b) {
				return n + o.size + f.least(i+1), false
			}
			length, ok := word(b[n:n+o.size], o.big)
			if !ok || length > MaxSize {
				return MaxSize + 1, true
			}
			n += o.size + int(length)
		case kindZero:
			for n < len(b) && b[n] != 0 {
				n++
			}
			if n >= len(b) {
				return n + 1 + f.least(i+1), false
			}
			n++
		default:
			n += o.fixed()
		}
		if n > MaxSize {
			return MaxSize + 1, true
		}
	}
	return n, true
}

// least is the number of bytes that the options from i on have at least.
func (f *Format) least(i int) int {
	n := 0
	for ; i < len(f.ops) && n <= MaxSize; i++ {
		n += f.ops[i].fixed()
	}
	return n
}

// Cache keeps parsed formats, a bounded number of them. Its zero value is
// ready; any goroutine may use it.
type Cache struct {
	mu      sync.Mutex
	formats map[string]*Format
}

const (
	cacheEntries = 128
	cacheText    = 256 // longer formats are parsed each time
)

// Get answers the parsed format of a text.
func (c *Cache) Get(text string) (*Format, error) {
	c.mu.Lock()
	f := c.formats[text]
	c.mu.Unlock()
	if f != nil {
		return f, nil
	}
	f, err := Parse(text)
	if err != nil || len(text) > cacheText {
		return f, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.formats == nil || len(c.formats) >= cacheEntries {
		c.formats = make(map[string]*Format, cacheEntries)
	}
	c.formats[text] = f
	return f, nil
}

// Arg reads argument i as a format and raises a Lua error if it is none.
func (c *Cache) Arg(L *lua.LState, i int) *Format {
	f, err := c.Get(arg.String(L, i))
	if err != nil {
		Fail(L, i, err)
	}
	return f
}

// Fail raises err, an *Error, about argument i.
func Fail(L *lua.LState, i int, err error) {
	e, ok := err.(*Error)
	if !ok {
		arg.Raise(L, "%v", err)
	}
	arg.Fail(L, i, e.Expected, e.Got)
}

// wayOut says how to handle an integer that is too large for a Lua number.
func (o *op) wayOut(verb string) string {
	s := " - " + verb + ` it as "c` + strconv.Itoa(o.size) + `"`
	if o.size == 8 {
		s += ` or as two "I4"`
	}
	return s
}
