package launch

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/netrepl/netrepl/repl/term"
)

// watchSignals ends the script in order at the first signal and at once at the
// second. At a prompt Ctrl-C only stops the entry that runs. A closed pipe is
// an end, too: whoever read the output has gone. What was ignored when netrepl
// was started, as nohup does, stays ignored.
func (r *runner) watchSignals() {
	c := make(chan os.Signal, 8)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE} {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	go func() {
		ending := false
		for s := range c {
			status := 128 + int(s.(syscall.Signal))
			switch {
			case s == syscall.SIGPIPE: // a socket's comes here, too
				if term.Broken(r.process.Out) || term.Broken(r.process.Err) {
					r.rt.Exit(status)
				}
			case s == os.Interrupt && r.interrupt():
			case ending:
				if r.console != nil {
					r.console.Close()
				}
				r.process.Exit(status)
			default:
				ending = true
				r.rt.Exit(status)
			}
		}
	}()
}

// interrupt stops what runs at the prompt; false if there is none.
func (r *runner) interrupt() bool {
	session := r.session.Load()
	switch {
	case session == nil || r.exited():
		return false
	case r.console != nil:
		r.console.Interrupt()
	default:
		session.Interrupt()
	}
	return true
}
