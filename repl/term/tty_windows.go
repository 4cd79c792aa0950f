package term

import (
	"os"

	"github.com/chzyer/readline"
	"golang.org/x/sys/windows"
)

// tty is a console and how it was set when it was opened.
type tty struct {
	fd    int
	saved *readline.State
}

func openTTY(f *os.File) (*tty, error) {
	t := &tty{fd: int(f.Fd())}
	s, err := readline.GetState(t.fd)
	t.saved = s
	return t, err
}

func (t *tty) set(raw bool) error {
	if !raw {
		return readline.Restore(t.fd, t.saved)
	}
	_, err := readline.MakeRaw(t.fd)
	return err
}

// IsTerminal tells whether f is a terminal.
func IsTerminal(f *os.File) bool { return readline.IsTerminal(int(f.Fd())) }

// width answers the terminal's width in columns.
func width(f *os.File) int {
	var info windows.ConsoleScreenBufferInfo
	if err := windows.GetConsoleScreenBufferInfo(windows.Handle(f.Fd()), &info); err != nil || info.Size.X <= 0 {
		return 80
	}
	return int(info.Size.X)
}

func watch(resized, continued func()) (stop func()) { return func() {} }

func suspend() {}

func quit() { panic("quit") }

// Broken tells whether nobody reads any more what is written to f.
func Broken(*os.File) bool { return false }
