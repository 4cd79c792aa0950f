package term

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/chzyer/readline"
)

// screen draws the prompt and puts everybody's output above it. It is
// readline's Painter, which tells it the line, and readline's Stdout, whose
// bytes it drops. All that reaches the terminal passes its lock.
type screen struct {
	mu      sync.Mutex
	w       io.Writer
	width   func() int
	prompt  string
	line    []rune
	pos     int // of the cursor in line
	painted bool
	visible bool   // the prompt is on the screen
	row     int    // of the cursor, below the prompt's first
	partial []byte // output without the end of its line, while the prompt is visible
	flush   *time.Timer
	inLine  bool // output has not ended its line
	closed  bool
}

// Paint remembers the line.
func (s *screen) Paint(line []rune, pos int) []rune {
	s.mu.Lock()
	s.line, s.pos, s.painted = append(s.line[:0], line...), pos, true
	s.mu.Unlock()
	return nil
}

// Write is readline's.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.painted && s.visible {
		s.draw(nil)
	}
	s.painted = false
	return len(b), nil
}

func (s *screen) Close() error { return nil }

// edited answers the line as it stands and the cursor's place in it.
func (s *screen) edited() (line []rune, pos int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]rune(nil), s.line...), s.pos
}

// show begins a new line; false after shut.
func (s *screen) show(prompt string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.inLine {
		io.WriteString(s.w, "\n")
		s.inLine = false
	}
	s.prompt, s.line, s.pos, s.row, s.visible = prompt, s.line[:0], 0, 0, true
	s.draw(nil)
	return true
}

// shut leaves the line and shows no other.
func (s *screen) shut() {
	s.leave("")
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
}

// leave ends the line: what was typed stays, with mark behind it.
func (s *screen) leave(mark string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.visible {
		return
	}
	s.pos = len(s.line)
	s.draw(nil)
	s.visible, s.row = false, 0
	io.WriteString(s.w, mark+"\n")
	s.w.Write(s.partial)
	s.inLine = len(s.partial) > 0
	s.partial = s.partial[:0]
}

// clear empties the screen but for the prompt.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	io.WriteString(s.w, "\x1b[H\x1b[2J")
	s.row = 0
	s.draw(nil)
}

// redraw draws the prompt anew after the terminal's width has changed or
// others have written to it.
func (s *screen) redraw(fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.visible {
		return
	}
	s.row = 0
	if !fresh { // the terminal has moved what was there
		l := s.layout()
		s.row = l.row
	}
	s.draw(nil)
}

// partialTime is how long output may wait for the end of its line.
const partialTime = 250 * time.Millisecond

// output is everybody's. While the prompt is visible whole lines go above it;
// the rest of a line follows when it ends, or by itself if that takes long.
func (s *screen) output(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	if !s.visible {
		s.inLine = b[len(b)-1] != '\n'
		return s.w.Write(b)
	}
	s.partial = append(s.partial, b...)
	if i := bytes.LastIndexByte(s.partial, '\n'); i >= 0 {
		s.draw(s.partial[:i+1])
		s.partial = append(s.partial[:0], s.partial[i+1:]...)
	}
	if len(s.partial) > 0 && s.flush == nil {
		s.flush = time.AfterFunc(partialTime, s.flushPartial)
	}
	return len(b), nil
}

func (s *screen) flushPartial() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush = nil
	if s.visible && len(s.partial) > 0 {
		s.draw(append(s.partial, '\n'))
		s.partial = s.partial[:0]
	}
}

// layout is where things are on the screen, in rows below the prompt's first.
type layout struct {
	text     []byte
	row, col int // of the cursor
	last     int // row of the end
	wrapped  bool
}

// layout lays out prompt and line.
func (s *screen) layout() layout {
	w := max(s.width(), 2)
	var l layout
	row, col := 0, 0
	put := func(r rune) {
		text, n := string(r), runeWidth(r)
		if r < 32 || r == 127 {
			text, n = "^"+string(r^64), 2
		}
		if col+n > w {
			row, col = row+1, 0
		}
		l.text = append(l.text, text...)
		col += n
	}
	for _, r := range s.prompt {
		put(r)
	}
	mark := func() {
		l.row, l.col = row, col
		if col >= w {
			l.row, l.col = row+1, 0
		}
	}
	for i, r := range s.line {
		if i == s.pos {
			if col+runeWidth(r) > w { // the cursor is where r will be
				l.row, l.col = row+1, 0
			} else {
				mark()
			}
		}
		put(r)
	}
	if s.pos >= len(s.line) {
		mark()
	}
	l.last = row
	if col >= w { // the terminal goes to the next row only with the next character
		l.last, l.wrapped = row+1, true
	}
	return l
}

// draw paints the prompt where it stands, with above in lines of its own
// before it, in one write. It paints over what is there and clears the rest:
// clearing first would leave copies in the scrollback of some terminals.
func (s *screen) draw(above []byte) {
	l := s.layout()
	var b bytes.Buffer
	b.WriteString("\x1b[?25l\r")
	if s.row > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.row)
	}
	if len(above) > 0 {
		b.Write(bytes.ReplaceAll(above, []byte("\n"), []byte("\x1b[K\n")))
	}
	b.Write(l.text)
	if l.wrapped {
		b.WriteString(" \r")
	}
	b.WriteString("\x1b[J")
	if up := l.last - l.row; up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", up)
	}
	b.WriteByte('\r')
	if l.col > 0 {
		fmt.Fprintf(&b, "\x1b[%dC", l.col)
	}
	b.WriteString("\x1b[?25h")
	s.row = l.row
	s.w.Write(b.Bytes())
}

func runeWidth(r rune) int {
	if r >= 0x1F300 && r <= 0x1FAFF { // emoji, which readline takes for narrow
		return 2
	}
	return readline.Runes{}.Width(r)
}
