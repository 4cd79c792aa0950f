// Package term is the prompt's screen and keyboard. It is the only package
// that uses chzyer/readline, as the engine that edits a line: what readline
// reads are keys that were decoded here, and what it writes is dropped and
// drawn here. It never sees a standard input that is no terminal.
package term

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chzyer/readline"

	"github.com/netrepl/netrepl/repl"
)

// Console is a terminal with a prompt. Its methods may be called from any
// goroutine, ReadLine from one at a time.
type Console struct {
	keys   *keys
	screen *screen
	rl     *readline.Instance
	stop   func() // watching
	onIntr atomic.Pointer[func() bool]

	closing sync.Once

	ttyMu   sync.Mutex
	tty     *tty
	editing bool // a line
	reading bool // the program waits for a line
	shut    bool // by Close; the terminal stays as it was

	// of the goroutine that edits
	history []string
	at      int    // in history; its length is the line being typed
	typed   string // that line, while the history is looked at
	edited  *edit
}

// edit is a change of the line that readline is told of by its Listener.
type edit struct {
	line []rune
	pos  int
}

// Open makes a console of a terminal's input and output. Close it: the
// terminal's settings are changed.
func Open(in, out *os.File, history []string) (*Console, error) {
	t, err := openTTY(in)
	if err != nil {
		return nil, err
	}
	c := &Console{tty: t, history: history}
	c.screen = &screen{w: out, width: func() int { return width(out) }}
	c.keys = newKeys(in, c.wantLine, func(key byte) { go c.control(key) })
	config := &readline.Config{
		Stdin: c.keys, Stdout: c.screen, Stderr: c.screen, Painter: c.screen,
		UniqueEditLine: true, DisableAutoSaveHistory: true, HistoryLimit: 2,
		FuncIsTerminal:      func() bool { return true },
		FuncGetWidth:        func() int { return 1 << 20 }, // its own layout never wraps
		FuncMakeRaw:         func() error { return nil },
		FuncExitRaw:         func() error { return nil },
		FuncOnWidthChanged:  func(func()) {},
		FuncFilterInputRune: c.filter,
	}
	config.SetListener(func([]rune, int, rune) ([]rune, int, bool) {
		e := c.edited
		c.edited = nil
		if e == nil {
			return nil, 0, false
		}
		return e.line, e.pos, true
	})
	if c.rl, err = readline.NewEx(config); err != nil {
		return nil, err
	}
	c.stop = watch(func() { c.screen.redraw(false) }, func() { c.change(func() {}) })
	return c, c.change(func() {})
}

// Close sets the terminal as it was. What still waits for a line or for input
// finds its end.
func (c *Console) Close() error {
	c.closing.Do(func() {
		c.screen.shut()
		c.stop()
		c.keys.Close()
		c.rl.Close()
		c.rl.Readline() // takes the end that Close left, so that its goroutine can end
	})
	return c.change(func() { c.shut = true })
}

// ReadLine lets the user edit a line.
func (c *Console) ReadLine(prompt string) (string, error) {
	c.at, c.typed = len(c.history), ""
	c.change(func() { c.editing = true })
	if !c.screen.show(prompt) {
		return "", io.EOF
	}
	c.keys.edit(true)
	line, err := c.rl.Readline()
	c.change(func() { c.editing = false })
	switch {
	case c.keys.closed(): // readline takes what was typed for a line then
		return "", io.EOF
	case errors.Is(err, readline.ErrInterrupt):
		return "", repl.ErrInterrupt
	}
	return line, err
}

// OnInterrupt says what a Ctrl-C does that is not the line's. fn answers false
// as long as there is nothing to interrupt.
func (c *Console) OnInterrupt(fn func() bool) { c.onIntr.Store(&fn) }

// Interrupt is called when Ctrl-C was a signal. What was typed ahead is dropped.
func (c *Console) Interrupt() {
	if c.keys.drop() {
		go c.control(ctrlC)
	}
}

// Remember adds a line to what Up and Down show. It must not be called during
// ReadLine.
func (c *Console) Remember(line string) { c.history = append(c.history, line) }

// Read is the input of programs: it waits while a line is edited.
func (c *Console) Read(p []byte) (int, error) { return c.keys.readPlain(p) }

// Write writes above the prompt.
func (c *Console) Write(p []byte) (int, error) { return c.screen.output(p) }

// wantLine is told whether the program waits for a line.
func (c *Console) wantLine(reading bool) { c.change(func() { c.reading = reading }) }

// change changes what the settings of the terminal hang on, and sets them: as
// they were for a program that reads, so that the user can correct a line, and
// to every key as it is typed otherwise.
func (c *Console) change(what func()) error {
	c.ttyMu.Lock()
	defer c.ttyMu.Unlock()
	what()
	return c.tty.set(!c.shut && (c.editing || !c.reading))
}

// control handles a key that is not for the line or the program, while the
// terminal makes no signal of it.
func (c *Console) control(key byte) {
	switch key {
	case ctrlC:
		fn := c.onIntr.Load()
		for fn != nil && !c.keys.isEditing() && !(*fn)() { // what is to run starts soon
			time.Sleep(time.Millisecond)
		}
	case ctrlZ:
		c.suspend()
	case ctrlBackslash:
		c.Close()
		quit()
	}
}

// suspend stops the process until the user wants it again.
func (c *Console) suspend() {
	c.ttyMu.Lock()
	c.tty.set(false)
	c.ttyMu.Unlock()
	suspend()
	c.change(func() {})
}

// nothing is a key that readline does nothing for. A filter must not refuse a
// key: readline would then believe that it is waited for.
const nothing = readline.CharBell

// filter handles the keys that are not readline's, in readline's goroutine.
func (c *Console) filter(r rune) (rune, bool) {
	line, pos := c.screen.edited()
	switch r {
	case keyEnter:
		c.screen.leave("")
		return readline.CharEnter, true
	case keyInterrupt:
		c.screen.leave("^C")
		return readline.CharInterrupt, true
	case keyEOF, keyDelete:
		if len(line) == 0 && r == keyEOF {
			c.screen.leave("")
			return readline.CharDelete, true
		}
		c.keys.edit(true)
		if pos == len(line) {
			return nothing, true
		}
		return readline.CharDelete, true
	case keyUp:
		return c.recall(line, c.at-1), true
	case keyDown:
		return c.recall(line, c.at+1), true
	case keyClear:
		c.screen.clear()
		return nothing, true
	case keySuspend:
		c.suspend()
		c.screen.redraw(true)
		return nothing, true
	}
	return r, true
}

// recall puts another line of the history in place of line.
func (c *Console) recall(line []rune, at int) rune {
	if at < 0 || at > len(c.history) {
		return nothing
	}
	if c.at == len(c.history) {
		c.typed = string(line)
	}
	text := c.typed
	if at < len(c.history) {
		text = c.history[at]
	}
	c.at = at
	c.edited = &edit{[]rune(text), len([]rune(text))}
	return nothing
}
