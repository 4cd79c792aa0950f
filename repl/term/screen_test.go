package term

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// terminal understands what screen writes and shows it: rows of cells, a
// character that is two wide in the first of its two.
type terminal struct {
	mu       sync.Mutex
	width    int
	rows     [][]string
	row, col int
	writes   int
}

func (m *terminal) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	for s := string(p); s != ""; {
		if strings.HasPrefix(s, "\x1b[") {
			i := strings.IndexFunc(s[2:], func(r rune) bool { return r >= '@' })
			m.control(s[2:2+i], s[2+i])
			s = s[3+i:]
			continue
		}
		r := []rune(s)[0]
		s = s[len(string(r)):]
		switch r {
		case '\r':
			m.col = 0
		case '\n':
			m.row, m.col = m.row+1, 0
		default:
			n := runeWidth(r)
			if m.col+n > m.width {
				m.row, m.col = m.row+1, 0
			}
			m.cells(m.row)[m.col] = string(r)
			if n == 2 {
				m.cells(m.row)[m.col+1] = ""
			}
			m.col += n
		}
	}
	return len(p), nil
}

func (m *terminal) control(arg string, final byte) {
	n := 1
	fmt.Sscan(arg, &n)
	switch final {
	case 'A':
		m.row = max(0, m.row-n)
	case 'C':
		m.col = min(m.col+n, m.width-1)
	case 'K':
		m.erase(m.row, m.col)
	case 'J':
		m.erase(m.row, m.col)
		for r := m.row + 1; r < len(m.rows); r++ {
			m.erase(r, 0)
		}
	case 'h', 'l':
	default:
		panic("ESC [ " + arg + string(final))
	}
}

func (m *terminal) cells(row int) []string {
	for len(m.rows) <= row {
		m.rows = append(m.rows, make([]string, m.width))
		m.erase(len(m.rows)-1, 0)
	}
	return m.rows[row]
}

func (m *terminal) erase(row, from int) {
	cells := m.cells(row)
	for i := from; i < m.width; i++ {
		cells[i] = " "
	}
}

// shown answers the rows, and the cursor as "row:col".
func (m *terminal) shown() (text, cursor string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []string
	for _, r := range m.rows {
		rows = append(rows, strings.TrimRight(strings.Join(r, ""), " "))
	}
	return strings.TrimRight(strings.Join(rows, "\n"), "\n"), fmt.Sprintf("%d:%d", m.row, m.col)
}

func newScreen(width int) (*screen, *terminal) {
	m := &terminal{width: width}
	return &screen{w: m, width: func() int { return m.width }}, m
}

// edit does what readline does after a key.
func (s *screen) edit(line string, pos int) {
	s.Paint([]rune(line), pos)
	s.Write([]byte("dropped"))
}

func TestScreenDraws(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line         string
		pos          int
		text, cursor string
	}{
		{"", 0, "> ", "0:2"},
		{"abc", 3, "> abc", "0:5"},
		{"abc", 1, "> abc", "0:3"},
		{"12345678", 8, "> 12345678", "1:0"}, // exactly the width
		{"12345678", 7, "> 12345678", "0:9"},
		{"123456789", 9, "> 12345678\n9", "1:1"},
		{"123456789", 8, "> 12345678\n9", "1:0"},
		{"123456789012345678", 0, "> 12345678\n9012345678", "0:2"},
		{"123456789012345678", 18, "> 12345678\n9012345678", "2:0"},
		{"日本", 1, "> 日本", "0:4"},
		{"1234567日", 8, "> 1234567\n日", "1:2"}, // does not fit in the last column
		{"1234567日", 7, "> 1234567\n日", "1:0"},
		{"\x01x", 1, "> ^Ax", "0:4"},
	} {
		s, m := newScreen(10)
		s.show("> ")
		s.edit(c.line, c.pos)
		text, cursor := m.shown()
		if text != strings.TrimRight(c.text, " ") || cursor != c.cursor {
			t.Errorf("%q at %d: shown %q, cursor %s; want %q, %s", c.line, c.pos, text, cursor, c.text, c.cursor)
		}
	}
}

func TestScreenOutputAbove(t *testing.T) {
	t.Parallel()
	s, m := newScreen(20)
	s.output([]byte("before"))
	s.show("> ") // begins a line of its own
	s.edit("typed text", 4)
	s.output([]byte("one\ntwo\n"))
	s.output([]byte("par"))
	s.edit("typed texts", 5)
	s.output([]byte("tial\nthr"))
	s.output([]byte("ee\n"))
	text, cursor := m.shown()
	if want := "before\none\ntwo\npartial\nthree\n> typed texts"; text != want || cursor != "5:7" {
		t.Errorf("shown\n%s\ncursor %s, want\n%s", text, cursor, want)
	}
	s.output([]byte("held"))
	s.leave("^C")
	s.output([]byte(" back\nafter\n"))
	text, _ = m.shown()
	if want := "before\none\ntwo\npartial\nthree\n> typed texts^C\nheld back\nafter"; text != want {
		t.Errorf("shown\n%s\nwant\n%s", text, want)
	}
}

func TestScreenOutputAboveManyRows(t *testing.T) {
	t.Parallel()
	s, m := newScreen(10)
	s.show("> ")
	line := "12345678901234567890123"
	s.edit(line, 3)
	for i := range 3 {
		s.output(fmt.Appendf(nil, "out %d\n", i))
		s.edit(line, 3+8*i)
	}
	text, cursor := m.shown()
	if want := "out 0\nout 1\nout 2\n> 12345678\n9012345678\n90123"; text != want || cursor != "5:1" {
		t.Errorf("shown\n%s\ncursor %s, want\n%s", text, cursor, want)
	}
}

// The rest of a line is shown by itself after a while.
func TestScreenPartialLine(t *testing.T) {
	t.Parallel()
	s, m := newScreen(20)
	s.show("> ")
	s.output([]byte("password?"))
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if text, _ := m.shown(); text == "password?\n>" {
			return
		} else if time.Now().After(end) {
			t.Fatalf("shown %q", text)
		}
	}
}

// Lines of many goroutines and keys typed meanwhile: nothing is lost, nothing
// is mixed.
func TestScreenUnderLoad(t *testing.T) {
	t.Parallel()
	s, m := newScreen(40)
	s.show("> ")
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 100 {
				s.output(fmt.Appendf(nil, "fiber %d line %d\n", g, i))
			}
		})
	}
	typed := ""
	for i := range 60 {
		typed += string(rune('a' + i%26))
		s.edit(typed, len(typed))
	}
	all.Wait()
	text, _ := m.shown()
	lines := strings.Split(text, "\n")
	next := [4]int{}
	for _, l := range lines[:400] {
		var g, i int
		if n, err := fmt.Sscanf(l, "fiber %d line %d", &g, &i); n != 2 || err != nil || next[g] != i {
			t.Fatalf("line %q", l)
		}
		next[g]++
	}
	if got := strings.Join(lines[400:], ""); got != "> "+typed {
		t.Errorf("the prompt is %q", got)
	}
}

// A piece of output and the prompt below it are one write: nothing flickers.
func TestScreenWritesOnce(t *testing.T) {
	t.Parallel()
	s, m := newScreen(40)
	s.show("> ")
	s.edit("abc", 1)
	before := m.writes
	s.output(bytes.Repeat([]byte("line\n"), 100))
	if n := m.writes - before; n != 1 {
		t.Errorf("%d writes", n)
	}
}
