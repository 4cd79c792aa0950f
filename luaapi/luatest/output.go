package luatest

import "sync"

// output keeps what is written, write by write. Any goroutine.
type output struct {
	mu      sync.Mutex
	entries []string
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.entries = append(o.entries, string(p))
	return len(p), nil
}

func (o *output) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.entries
	o.entries = nil
	return all
}
