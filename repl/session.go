// Package repl is the prompt without its screen: a session reads lines from
// whoever has them, runs each entry as a fiber and writes results to the
// runtime's host.
package repl

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/vm"
)

// What a terminal shows before a line, and before one that goes on.
const (
	Prompt     = "net> "
	PromptMore = "  .. "
)

// Version is netrepl's.
const Version = "0.1"

// Banner is what a prompt opens with.
const Banner = "netrepl " + Version + ` (Lua 5.1) - help("name") for docs, Ctrl-D to quit`

// ErrInterrupt is what ReadLine answers when the user drops what was typed.
var ErrInterrupt = errors.New("interrupted")

// Lines is where a session gets its lines from.
type Lines interface {
	// ReadLine answers the next line without its end, ErrInterrupt, or io.EOF
	// or another error when there are no more. prompt is for who has a screen.
	ReadLine(prompt string) (string, error)
}

// Session is a conversation with a runtime.
type Session struct {
	rt       *vm.Runtime
	in       Lines
	remember func(line string)
	results  *lua.LFunction // prints its arguments
	entries  int

	mu          sync.Mutex
	busy        bool      // an entry is compiled or runs
	fg          *vm.Fiber // that runs it
	interrupted bool      // before it ran
	bad         bool      // an entry failed
}

// New makes a session. remember, if not nil, is told every line that was
// entered.
func New(rt *vm.Runtime, in Lines, remember func(line string)) *Session {
	s := &Session{rt: rt, in: in, remember: remember}
	if remember == nil {
		s.remember = func(string) {}
	}
	rt.Do("repl", func(L *lua.LState) {
		s.results = rt.Func("repl.results", func(L *lua.LState) int {
			fmt.Fprint(rt.Host.Out, formatResults(L))
			return 0
		})
	})
	return s
}

// Run reads and runs entries until there are no more lines, or until the
// runtime exits. It answers whether every entry went well.
func (s *Session) Run() bool {
	var lines []string
	for {
		prompt := Prompt
		if len(lines) > 0 {
			prompt = PromptMore
		}
		line, err := s.in.ReadLine(prompt)
		switch {
		case errors.Is(err, ErrInterrupt):
			lines = nil
			continue
		case err != nil:
			if len(lines) > 0 { // say what is open
				s.run(strings.Join(lines, "\n"), true)
			}
			return s.ok()
		}
		if strings.TrimSpace(line) != "" {
			s.remember(line)
		} else if len(lines) == 0 {
			continue
		}
		if word := strings.TrimSpace(line); len(lines) == 0 && (word == "exit" || word == "quit") && !s.defined(word) {
			return s.ok()
		}
		lines = append(lines, line)
		src := strings.Join(lines, "\n")
		if s.run(src, strings.HasSuffix(src, "\n\n")) {
			lines = nil
		}
		if s.exited() {
			return s.ok()
		}
	}
}

func (s *Session) ok() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.bad
}

// defined tells whether a global has been given a value.
func (s *Session) defined(name string) (yes bool) {
	s.rt.Do("repl", func(*lua.LState) { yes = s.rt.Global(name) != lua.LNil })
	return yes
}

// run runs src as an entry, unless it is incomplete and need not be complete
// yet; then it answers false. An interrupt ends that, too.
func (s *Session) run(src string, complete bool) (ran bool) {
	s.mu.Lock()
	s.busy = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		ran = ran || s.interrupted
		s.busy, s.fg, s.interrupted = false, nil, false
		s.mu.Unlock()
	}()

	ended := make(chan struct{})
	ran = true
	s.rt.Do("repl", func(L *lua.LState) {
		fn, err := s.compile(L, src)
		switch {
		case err == nil && fn == nil:
			close(ended)
		case err == nil:
			s.entries++
			s.spawn(fn, nil, func(L *lua.LState, f *vm.Fiber, err *vm.Error) {
				if s.failed(L, err) {
					close(ended)
					return
				}
				s.print(f, ended)
			})
		case incomplete(err, src) && !complete:
			ran = false
			close(ended)
		default:
			s.entries++
			s.fail(err.Error())
			close(ended)
		}
	})
	select {
	case <-ended:
	case <-s.rt.Exited():
	}
	return ran
}

// print prints the results of an entry, in a fiber of its own: a __tostring
// may fail or take long.
func (s *Session) print(f *vm.Fiber, ended chan struct{}) {
	_, values, _ := f.Outcome()
	if len(values) == 0 {
		close(ended)
		return
	}
	s.spawn(s.results, values, func(L *lua.LState, _ *vm.Fiber, err *vm.Error) {
		s.failed(L, err)
		close(ended)
	})
}

// spawn runs a function as the foreground fiber. The baton must be held.
func (s *Session) spawn(fn *lua.LFunction, args []lua.LValue, end func(L *lua.LState, f *vm.Fiber, err *vm.Error)) {
	var f *vm.Fiber
	f = s.rt.Spawn(fn, args, vm.SpawnOptions{
		Deep:       true,
		Name:       fmt.Sprintf("repl:%d", s.entries),
		Background: true,
		OnEnd: func(L *lua.LState, err *vm.Error) bool {
			end(L, f, err)
			return true
		},
	})
	s.mu.Lock()
	s.fg = f
	if s.interrupted {
		f.Cancel(Interrupted)
	}
	s.mu.Unlock()
}

// failed shows an error with its traceback, unless it comes of the runtime's
// end. The baton must be held.
func (s *Session) failed(L *lua.LState, err *vm.Error) bool {
	if err == nil {
		return false
	}
	if !err.Cancelled || !s.exited() {
		s.fail(s.rt.WithTrace(L, err))
	}
	return true
}

func (s *Session) exited() bool {
	select {
	case <-s.rt.Exited():
		return true
	default:
		return false
	}
}

// fail shows an error.
func (s *Session) fail(text string) {
	s.mu.Lock()
	s.bad = true
	s.mu.Unlock()
	io.WriteString(s.rt.Host.Err, "error: "+text+"\n")
}

// Interrupted is why a fiber ends that the user interrupted.
const Interrupted = "interrupted!"

// hogTime is how long the entry may take to notice an interrupt before the
// fiber that keeps it from running is interrupted, too.
const hogTime = 300 * time.Millisecond

// Interrupt cancels the entry that runs, and nothing else, unless another
// fiber does not let it run. It answers whether there is an entry. Any
// goroutine.
func (s *Session) Interrupt() bool {
	s.mu.Lock()
	busy, fg := s.busy, s.fg
	s.interrupted = busy && fg == nil
	s.mu.Unlock()
	if !busy {
		return false
	}
	if fg != nil {
		fg.Cancel(Interrupted)
	}
	hog := s.rt.Current()
	time.AfterFunc(hogTime, func() {
		s.mu.Lock()
		same := s.busy && s.fg == fg
		s.mu.Unlock()
		if same && hog != nil && hog != fg && hog == s.rt.Current() {
			hog.Cancel(Interrupted)
		}
	})
	return true
}
