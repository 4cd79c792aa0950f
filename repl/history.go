package repl

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
)

// maxHistory is how many lines are kept.
const maxHistory = 10_000

// History is what was entered, kept in a file of a line each.
type History struct {
	path string // "" keeps it in memory only
	last string
}

// HistoryFile answers where the history is kept: NETREPL_HISTORY, "" if that is
// empty, or a file in the user's state folder.
func HistoryFile(env func(name string) (string, bool)) string {
	if p, ok := env("NETREPL_HISTORY"); ok {
		return p
	}
	dir, ok := env("XDG_STATE_HOME")
	if !ok || !filepath.IsAbs(dir) {
		home, ok := env("HOME")
		if !ok || home == "" {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "netrepl", "history")
}

// In the file a backslash and the end of a line within an entry are escaped.
var (
	escape   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r")
)

// OpenHistory reads the history at path. A file that grew far too long is cut.
func OpenHistory(path string) (*History, []string) {
	h := &History{path: path}
	if path == "" {
		return h, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return h, nil
	}
	defer f.Close()
	var lines []string
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		if in.Text() != "" {
			lines = append(lines, unescape.Replace(in.Text()))
		}
	}
	if n := len(lines); n > 0 {
		h.last = lines[n-1]
		if n > 2*maxHistory {
			h.cut(lines[n-maxHistory:])
		}
		lines = lines[max(0, n-maxHistory):]
	}
	return h, lines
}

// cut replaces the file by one of these lines.
func (h *History) cut(lines []string) {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(escape.Replace(l) + "\n")
	}
	tmp := h.path + ".new"
	if os.WriteFile(tmp, []byte(b.String()), 0o600) == nil {
		os.Rename(tmp, h.path)
	}
}

// Add appends a line and answers whether it is kept: not what begins with a
// blank, and not the same twice in a row. That the file cannot be written is no
// reason to disturb anybody.
func (h *History) Add(line string) bool {
	if line == "" || line[0] == ' ' || line == h.last {
		return false
	}
	h.last = line
	if h.path == "" {
		return true
	}
	os.MkdirAll(filepath.Dir(h.path), 0o700)
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return true
	}
	defer f.Close()
	f.WriteString(escape.Replace(line) + "\n")
	return true
}
