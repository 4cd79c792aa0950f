package launch

import (
	"fmt"

	"github.com/netrepl/netrepl/repl"
	"github.com/netrepl/netrepl/repl/term"
)

// openPrompt prepares the host for a prompt on a terminal, or for one that
// reads lines without showing anything.
func (r *runner) openPrompt(terminal bool) error {
	if !terminal {
		in := repl.NewReader(r.process.In)
		r.lines, r.host.In = in, in
		return nil
	}
	history, lines := repl.OpenHistory(repl.HistoryFile(r.host.Env))
	c, err := term.Open(r.process.In, r.process.Out, lines)
	if err != nil {
		return err
	}
	r.console, r.lines, r.host.In, r.host.Out = c, c, c, c
	if term.IsTerminal(r.process.Err) {
		r.host.Err = c
	}
	r.remember = func(line string) {
		if history.Add(line) {
			c.Remember(line)
		}
	}
	return nil
}

// runPrompt answers the exit status: without a terminal it is Failed if some
// entry failed.
func (r *runner) runPrompt() int {
	session := repl.New(r.rt, r.lines, r.remember) // gets the baton when the script waits
	r.session.Store(session)
	if r.console != nil {
		r.console.OnInterrupt(session.Interrupt)
		fmt.Fprintln(r.host.Out, repl.Banner)
	}
	ended := make(chan bool, 1)
	go func() { ended <- session.Run() }()
	status := 0
	select {
	case ok := <-ended:
		if !ok && r.console == nil {
			status = Failed
		}
	case <-r.rt.Exited():
	}
	if r.exited() {
		status = r.rt.ExitCode()
	}
	r.close()
	return status
}
