package term

import (
	"io"
	"sync"
	"unicode/utf8"
)

// Keys that Console handles itself are private runes on their way through
// readline, so that readline sees nothing in them.
const (
	keyEnter = 0xF8F0 + iota
	keyInterrupt
	keyEOF
	keyDelete
	keyUp
	keyDown
	keyClear
	keySuspend
)

// keys reads the terminal, in one goroutine that is left behind at the end,
// and hands out what was typed: keys to readline while a line is edited, one
// at a time and none behind the one that ends the line; plain bytes to the
// program otherwise. What nobody wants yet is kept.
type keys struct {
	mu      sync.Mutex
	changed *sync.Cond
	buf     []byte
	eofs    int   // Ctrl-D typed while the program reads
	err     error // the terminal is gone, or Close was called
	editing bool
	waiting int // reads of the program
	wanted  func(reading bool)
	// control is told of keys that are neither the line's nor the program's.
	control func(key byte)
}

// Those keys. Ctrl-C and Ctrl-Z are the line's while it is edited.
const (
	ctrlC         = 3
	ctrlZ         = 26
	ctrlBackslash = 28
)

// maxTypedAhead is how much is kept for the next line.
const maxTypedAhead = 1 << 20

func newKeys(in io.Reader, wanted func(reading bool), control func(key byte)) *keys {
	k := &keys{wanted: wanted, control: control}
	k.changed = sync.NewCond(&k.mu)
	go k.loop(in)
	return k
}

func (k *keys) loop(in io.Reader) {
	buf := make([]byte, 4096)
	ends := 0
	for {
		n, err := in.Read(buf)
		k.mu.Lock()
		k.buf = append(k.buf, buf[:n]...)
		k.findControl()
		switch {
		case n > 0:
			ends = 0
		case err == nil || err == io.EOF && ends < 3: // the terminal was in line mode
			ends++
			k.eofs++
		case k.err == nil:
			k.err = err
		}
		k.changed.Broadcast()
		for len(k.buf) > maxTypedAhead && k.err == nil {
			if !k.editing && k.waiting == 0 { // Ctrl-C must come through
				k.buf = k.buf[:maxTypedAhead]
				break
			}
			k.changed.Wait()
		}
		gone := k.err != nil
		k.mu.Unlock()
		if gone {
			return
		}
	}
}

// findControl takes out the keys that are for nobody who reads. What was typed
// before a Ctrl-C is dropped.
func (k *keys) findControl() {
	for i := 0; i < len(k.buf); i++ {
		switch c := k.buf[i]; {
		case c == ctrlC && !k.editing:
			k.buf, i = k.buf[i+1:], -1
			k.control(c)
		case c == ctrlZ && !k.editing || c == ctrlBackslash:
			k.buf = append(k.buf[:i], k.buf[i+1:]...)
			i--
			k.control(c)
		}
	}
}

// drop forgets what was typed ahead; false if it is the line's.
func (k *keys) drop() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.editing {
		k.buf = nil
		k.changed.Broadcast()
	}
	return !k.editing
}

// edit says whether keys go to readline.
func (k *keys) edit(on bool) {
	k.mu.Lock()
	k.editing = on
	if on && k.eofs > 0 { // nobody was reading then
		k.eofs = 0
		k.buf = append(k.buf, 4)
	}
	k.changed.Broadcast()
	k.mu.Unlock()
}

// Close ends what waits for keys.
func (k *keys) Close() error {
	k.mu.Lock()
	k.err = io.EOF
	k.changed.Broadcast()
	k.mu.Unlock()
	return nil
}

func (k *keys) isEditing() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.editing || k.err != nil
}

func (k *keys) closed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err != nil
}

// Read is readline's: it answers one key. A key that may end the line ends
// editing, too; who finds that it does not calls edit again.
func (k *keys) Read(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		if k.err != nil {
			return 0, io.EOF
		}
		if k.editing && len(k.buf) > 0 {
			key, n := decode(k.buf)
			k.buf = k.buf[n:]
			k.changed.Broadcast()
			if key != "" {
				if r, _ := utf8.DecodeRuneInString(key); r == keyEnter || r == keyInterrupt || r == keyEOF {
					k.editing = false
					if r == keyEnter {
						k.findControl()
					}
				}
				return copy(p, key), nil
			}
			if n > 0 {
				continue
			}
		}
		k.changed.Wait()
	}
}

// readPlain is the program's: it waits while a line is edited. wanted is
// called when a read begins or ends to wait for the user.
func (k *keys) readPlain(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting++
	defer func() {
		k.waiting--
		k.wanted(k.waiting > 0)
	}()
	k.wanted(true)
	for {
		switch {
		case k.err != nil:
			return 0, io.EOF
		case k.editing:
		case len(k.buf) > 0:
			n := copy(p, k.buf)
			k.buf = k.buf[n:]
			k.changed.Broadcast()
			for i, c := range p[:n] { // Enter, typed when the line had just ended
				if c == '\r' {
					p[i] = '\n'
				}
			}
			return n, nil
		case k.eofs > 0:
			k.eofs--
			return 0, io.EOF
		}
		k.changed.Wait()
	}
}

// decode answers the first key of b as readline or Console knows it, and its
// length in b: "" for a key that means nothing, 0 if more must come.
func decode(b []byte) (key string, n int) {
	switch c := b[0]; c {
	case '\r', '\n':
		return string(rune(keyEnter)), 1
	case ctrlC:
		return string(rune(keyInterrupt)), 1
	case 4:
		return string(rune(keyEOF)), 1
	case 9:
		return " ", 1
	case 12:
		return string(rune(keyClear)), 1
	case 14:
		return string(rune(keyDown)), 1
	case 16:
		return string(rune(keyUp)), 1
	case ctrlZ:
		return string(rune(keySuspend)), 1
	case 1, 2, 5, 6, 8, 11, 20, 21, 23, 25, 127: // readline's editing keys
		return string(rune(c)), 1
	case 27:
		return decodeEscape(b)
	default:
		if c < 32 {
			return "", 1
		}
	}
	if !utf8.FullRune(b) {
		return "", 0
	}
	r, n := utf8.DecodeRune(b)
	if r >= keyEnter && r <= keySuspend {
		r = utf8.RuneError
	}
	return string(r), n
}

func decodeEscape(b []byte) (key string, n int) {
	if len(b) == 1 {
		return "", 0
	}
	switch b[1] {
	case 'b', 'f', 'd', 127: // Alt and a letter, for words
		return string(b[:2]), 2
	case '[', 'O':
	default:
		return "", 2
	}
	n = 2
	for n < len(b) && b[n] >= ' ' && b[n] <= '?' {
		n++
	}
	if n == len(b) {
		if n > 32 {
			return "", n
		}
		return "", 0
	}
	n++
	switch string(b[2:n]) {
	case "A":
		return string(rune(keyUp)), n
	case "B":
		return string(rune(keyDown)), n
	case "C":
		return "\x06", n
	case "D":
		return "\x02", n
	case "H", "1~", "7~":
		return "\x01", n
	case "F", "4~", "8~":
		return "\x05", n
	case "3~":
		return string(rune(keyDelete)), n
	case "1;5C", "1;3C":
		return "\x1bf", n
	case "1;5D", "1;3D":
		return "\x1bb", n
	}
	return "", n
}
