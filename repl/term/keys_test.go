package term

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	up, down, del := string(rune(keyUp)), string(rune(keyDown)), string(rune(keyDelete))
	for _, c := range []struct {
		typed, key string
		n          int
	}{
		{"a", "a", 1}, {"é!", "é", 2}, {"日本", "日", 3}, {"\xff", "\uFFFD", 1},
		{"\xe6\x97", "", 0}, // more must come
		{"\r", string(rune(keyEnter)), 1}, {"\n", string(rune(keyEnter)), 1},
		{"\x03", string(rune(keyInterrupt)), 1}, {"\x04", string(rune(keyEOF)), 1},
		{"\t", " ", 1}, {"\x00", "", 1}, {"\x12", "", 1}, {"\x13", "", 1}, {"\x01", "\x01", 1}, {"\x7f", "\x7f", 1},
		{"\x1b", "", 0}, {"\x1b[", "", 0}, {"\x1b[1;5", "", 0},
		{"\x1b[A", up, 3}, {"\x1bOA", up, 3}, {"\x1b[B", down, 3}, {"\x10", up, 1}, {"\x0e", down, 1},
		{"\x1b[H", "\x01", 3}, {"\x1b[1~", "\x01", 4}, {"\x1b[7~", "\x01", 4}, {"\x1b[F", "\x05", 3}, {"\x1b[4~x", "\x05", 4},
		{"\x1b[3~", del, 4}, {"\x1b[1;5C", "\x1bf", 6}, {"\x1b[1;3D", "\x1bb", 6}, {"\x1bf", "\x1bf", 2}, {"\x1b\x7f", "\x1b\x7f", 2},
		{"\x1b[5~", "", 4}, {"\x1b[200~", "", 6}, {"\x1bu", "", 2}, {"\x1b[15;2~", "", 7},
		{"\uF8F0", "\uFFFD", 3}, // a private rune is no key
	} {
		key, n := decode([]byte(c.typed))
		if key != c.key || n != c.n {
			t.Errorf("decode(%q) = %q, %d, want %q, %d", c.typed, key, n, c.key, c.n)
		}
	}
}

// Whatever is typed, decode makes progress or wants more, and never too much.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x1b[1;5C"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			_, n := decode(b)
			if n > len(b) || n == 0 && len(b) > 64 {
				t.Fatalf("decode(%q) takes %d", b, n)
			}
			if n == 0 {
				return
			}
			b = b[n:]
		}
	})
}

func typedKeys(t *testing.T) (*keys, *io.PipeWriter) {
	t.Helper()
	r, w := io.Pipe()
	k := newKeys(r, func(bool) {}, func(byte) {})
	t.Cleanup(func() { k.Close(); w.Close() })
	return k, w
}

func readKey(t *testing.T, k *keys) string {
	t.Helper()
	p := make([]byte, 100)
	n, err := k.Read(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(p[:n])
}

// What comes behind the end of a line is the program's, until the next line.
func TestKeysEndWithTheLine(t *testing.T) {
	t.Parallel()
	k, w := typedKeys(t)
	k.edit(true)
	go io.WriteString(w, "a\rrest\rnext")
	if got := readKey(t, k) + readKey(t, k); got != "a"+string(rune(keyEnter)) {
		t.Errorf("keys %q", got)
	}
	p := make([]byte, 5)
	n, err := k.readPlain(p)
	if string(p[:n]) != "rest\n" || err != nil {
		t.Errorf("the program reads %q, %v", p[:n], err)
	}
	k.edit(true)
	if got := readKey(t, k); got != "n" {
		t.Errorf("then %q is edited", got)
	}
}

func TestKeysProgramWaitsForTheLine(t *testing.T) {
	t.Parallel()
	k, w := typedKeys(t)
	var asked []bool
	k.wanted = func(reading bool) { asked = append(asked, reading) }
	k.edit(true)
	got := make(chan string, 1)
	go func() {
		p := make([]byte, 10)
		n, _ := k.readPlain(p)
		got <- string(p[:n])
	}()
	io.WriteString(w, "a\r")
	if readKey(t, k) != "a" || readKey(t, k) != string(rune(keyEnter)) {
		t.Error("the program took a key of the line")
	}
	io.WriteString(w, "b")
	if s := <-got; s != "b" {
		t.Errorf("the program reads %q", s)
	}
	if len(asked) != 2 || !asked[0] || asked[1] {
		t.Errorf("asked for a line: %v", asked)
	}
}

// ends is a terminal in line mode where Ctrl-D is typed.
type ends struct{ pieces chan string }

func (e ends) Read(p []byte) (int, error) {
	s, ok := <-e.pieces
	if !ok {
		return 0, io.ErrUnexpectedEOF
	}
	if s == "" {
		return 0, io.EOF
	}
	return copy(p, s), nil
}

func TestKeysEndOfInput(t *testing.T) {
	t.Parallel()
	e := ends{make(chan string)}
	k := newKeys(e, func(bool) {}, func(byte) {})
	read := func() (string, error) {
		p := make([]byte, 10)
		n, err := k.readPlain(p)
		return string(p[:n]), err
	}
	e.pieces <- ""
	if s, err := read(); s != "" || err != io.EOF {
		t.Errorf("got %q, %v", s, err)
	}
	e.pieces <- "x"
	if s, err := read(); s != "x" || err != nil {
		t.Errorf("after Ctrl-D: %q, %v", s, err)
	}
	// One that no program was waiting for is the line's.
	e.pieces <- ""
	for {
		k.mu.Lock()
		n := k.eofs
		k.mu.Unlock()
		if n > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	k.edit(true)
	if got := readKey(t, k); got != string(rune(keyEOF)) {
		t.Errorf("got %q", got)
	}
	close(e.pieces)
	if _, err := k.Read(make([]byte, 10)); err != io.EOF {
		t.Errorf("the terminal is gone: %v", err)
	}
	if !k.closed() {
		t.Error("not closed")
	}
}

// A Ctrl-C typed right behind the end of a line is for what runs.
func TestKeysInterrupt(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	interrupts := make(chan byte, 10)
	k := newKeys(r, func(bool) {}, func(key byte) { interrupts <- key })
	t.Cleanup(func() { k.Close(); w.Close() })
	k.edit(true)
	io.WriteString(w, "\x03\x1aa\rdropped\x03b")
	readKey(t, k) // of the line
	if len(interrupts) != 0 {
		t.Error("a Ctrl-C of the line interrupts")
	}
	k.edit(true)
	for range 3 { // of the next line
		readKey(t, k)
	}
	wait := func(want byte) {
		t.Helper()
		if got := <-interrupts; got != want {
			t.Errorf("key %d, want %d", got, want)
		}
	}
	wait(ctrlC)
	io.WriteString(w, "c\x03\x1a\x1c")
	wait(ctrlC)
	wait(ctrlZ)
	wait(ctrlBackslash)
	k.edit(true)
	io.WriteString(w, "d")
	if got := readKey(t, k); got != "d" {
		t.Errorf("%q is left", got)
	}
}

func TestKeysClose(t *testing.T) {
	t.Parallel()
	k, _ := typedKeys(t)
	k.edit(true)
	time.AfterFunc(10*time.Millisecond, func() { k.Close() })
	if _, err := k.Read(make([]byte, 10)); err != io.EOF {
		t.Error(err)
	}
	if _, err := k.readPlain(make([]byte, 10)); err != io.EOF {
		t.Error(err)
	}
}

// A flood of keys is not all kept at a time, and none is lost when somebody
// wants them.
func TestKeysTypedAhead(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	k := newKeys(r, func(bool) {}, func(byte) {})
	written := make(chan int, 1)
	go func() {
		n, _ := io.WriteString(w, strings.Repeat("x", 2*maxTypedAhead))
		written <- n
	}()
	got := 0
	for p := make([]byte, 1<<16); got < 2*maxTypedAhead; {
		n, err := k.readPlain(p)
		if err != nil {
			t.Fatal(err)
		}
		got += n
	}
	<-written
	k.Close()
	w.Close()
}
