//go:build unix

package term

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// tty is a terminal and how it was set when it was opened.
type tty struct {
	fd    int
	saved unix.Termios
}

func openTTY(f *os.File) (*tty, error) {
	t := &tty{fd: int(f.Fd())}
	s, err := unix.IoctlGetTermios(t.fd, getTermios)
	if err != nil {
		return nil, err
	}
	t.saved = *s
	return t, nil
}

// set makes every key come as it is typed, without echo and signals, or sets
// the terminal as it was. Output is processed either way, so that "\n" begins a
// line at its left.
func (t *tty) set(raw bool) error {
	s := t.saved
	if raw {
		s.Iflag &^= unix.BRKINT | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
		s.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
		s.Cc[unix.VMIN], s.Cc[unix.VTIME] = 1, 0
	}
	return unix.IoctlSetTermios(t.fd, setTermios, &s)
}

// IsTerminal tells whether f is a terminal.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), getTermios)
	return err == nil
}

// width answers the terminal's width in columns.
func width(f *os.File) int {
	if w, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && w.Col > 0 {
		return int(w.Col)
	}
	return 80
}

// watch calls resized when the terminal's size changes and continued when the
// process goes on after it was stopped, until stop is called.
func watch(resized, continued func()) (stop func()) {
	c := make(chan os.Signal, 2)
	signal.Notify(c, unix.SIGWINCH, unix.SIGCONT)
	go func() {
		for s := range c {
			if s == unix.SIGCONT {
				continued()
			} else {
				resized()
			}
		}
	}()
	return func() { signal.Stop(c); close(c) }
}

// suspend stops the whole foreground group, as the terminal does at Ctrl-Z,
// and returns when it goes on.
func suspend() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, unix.SIGCONT)
	defer signal.Stop(c)
	if unix.Kill(0, unix.SIGTSTP) == nil {
		<-c
	}
}

// quit ends the process with a dump of its goroutines.
func quit() { unix.Kill(unix.Getpid(), unix.SIGQUIT) }

// Broken tells whether nobody reads any more what is written to f, a pipe or a
// socket.
func Broken(f *os.File) bool {
	fds := []unix.PollFd{{Fd: int32(f.Fd())}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
}
