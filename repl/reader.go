package repl

import (
	"bufio"
	"io"
	"strings"
	"sync"
)

// Reader makes lines of an input without a screen. What runs may read the same
// input: it is given a line at a time. Any goroutine.
type Reader struct {
	mu sync.Mutex
	in *bufio.Reader
	// rest is what a program did not take of the line it was given.
	rest []byte
}

// NewReader makes a Reader of in.
func NewReader(in io.Reader) *Reader { return &Reader{in: bufio.NewReader(in)} }

// ReadLine answers the next line; the last may lack its end.
func (r *Reader) ReadLine(string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line, err := string(r.rest), error(nil)
	r.rest = nil
	if !strings.HasSuffix(line, "\n") {
		var more string
		more, err = r.in.ReadString('\n')
		line += more
	}
	if line == "" {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
}

// Read answers a line, or part of one.
func (r *Reader) Read(p []byte) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rest) == 0 {
		r.rest, err = r.in.ReadBytes('\n')
	}
	n = copy(p, r.rest)
	r.rest = r.rest[n:]
	if n > 0 {
		err = nil
	}
	return n, err
}
