package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// screen is netrepl in a real terminal, that of tmux.
type screen struct {
	t    *testing.T
	home string
}

// openScreen starts a command line in a terminal. $EXIT is shown when it has
// ended.
func openScreen(t *testing.T, width, height int, command string) *screen {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux, which drives the prompt in a real terminal")
	}
	home := t.TempDir()
	s := &screen{t, home}
	env := fmt.Sprintf("NETREPL_HISTORY=%s/history PATH=%s", home, os.Getenv("PATH"))
	s.tmux("-f", os.DevNull, "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height),
		fmt.Sprintf("cd %s; stty -g >before; env %s %s; echo EXIT=$?; stty -g >after; cat", home, env, command))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the screen:\n%s", s.text())
		}
		s.tmux("kill-server")
	})
	return s
}

func (s *screen) tmux(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-S", filepath.Join(s.home, "tmux")}, args...)...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// text answers the screen with what scrolled off it.
func (s *screen) text() string {
	s.t.Helper()
	return strings.TrimRight(s.tmux("capture-pane", "-p", "-S", "-5000"), "\n")
}

// keys presses keys by their tmux names, typed types text.
func (s *screen) keys(names ...string) {
	s.t.Helper()
	s.tmux(append([]string{"send-keys"}, names...)...)
}
func (s *screen) typed(text string) { s.t.Helper(); s.tmux("send-keys", "-l", "--", text) }
func (s *screen) enter(line string) { s.t.Helper(); s.typed(line); s.keys("Enter") }

// wait waits until the screen matches a pattern, which is multi-line.
func (s *screen) wait(pattern string) {
	s.t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	s.until(fmt.Sprintf("the screen matches %q", pattern), func() bool { return re.MatchString(s.text()) })
}

func (s *screen) until(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("it does not come to it that %s", what)
		}
	}
}

// end waits until the command has ended, and demands that the terminal is set
// as it was.
func (s *screen) end(status int) {
	s.t.Helper()
	s.wait(fmt.Sprintf("^EXIT=%d$", status))
	read := func(name string) (text string) {
		s.until(name+" is written", func() bool {
			b, _ := os.ReadFile(filepath.Join(s.home, name))
			text = string(b)
			return text != ""
		})
		return text
	}
	if before, after := read("before"), read("after"); before != after {
		s.t.Errorf("the terminal was set\n%s\nand is now\n%s", before, after)
	}
}

func TestPromptConversation(t *testing.T) {
	t.Parallel()
	s := openScreen(t, 80, 30, "netrepl")
	s.wait(`\Anetrepl 0\.1 \(Lua 5\.1\) - help\("name"\) for docs, Ctrl-D to quit\nnet>$`)
	s.enter("1 + 1")
	s.enter("for i = 1, 2 do")
	s.enter("print('line', i)")
	s.enter("end")
	s.enter(`{name = "x", "a\n"}`)
	s.enter("nothing.field")
	s.wait(`(?s)^net> 1 \+ 1
=> 2
net> for i = 1, 2 do
  \.\. print\('line', i\)
  \.\. end
line    1
line    2
net> \{name = "x", "a\\n"\}
=> \{"a\\n", name = "x"\}
net> nothing\.field
error: repl:4:1: .*
stack traceback:
.*repl:4:1: in main chunk
net>$`)

	// Ctrl-C drops what was typed, also of an entry that goes on.
	s.enter("if true then")
	s.wait(`^  \.\.$`)
	s.typed("half")
	s.keys("C-c")
	s.enter("'dropped'")
	s.wait(`^  \.\. half\^C\nnet> 'dropped'\n=> "dropped"\nnet>$`)

	// The history, in the same session and the next.
	s.keys("Up", "Up", "Up", "Down", "Enter")
	s.wait(`^net> if true then\n  \.\.$`)
	s.keys("C-c")
	s.keys("C-d")
	s.end(0)
	b, _ := os.ReadFile(filepath.Join(s.home, "history"))
	if !strings.HasPrefix(string(b), "1 + 1\nfor i = 1, 2 do\nprint('line', i)\nend\n") {
		t.Errorf("history %q", b)
	}
}

func TestPromptInterrupt(t *testing.T) {
	t.Parallel()
	s := openScreen(t, 80, 30, "netrepl")
	s.wait("^net>$")
	s.enter("bg = fiber.spawn(function() fiber.sleep(1000) end)")
	s.enter("print('looping') while true do end")
	s.wait("^looping$")
	s.keys("C-c")
	s.wait(`^error: repl:2:1: interrupted!$`)
	s.enter("print('sleeping') fiber.sleep(1000)")
	s.wait("^sleeping$")
	s.keys("C-c")
	s.wait(`(?s)sleeping\nerror: .*interrupted!\n`)
	s.enter("bg:status()")
	s.wait(`^=> "waiting"\nnet>$`)

	// A fiber that never waits.
	s.enter("_ = fiber.spawn(function() fiber.sleep(0.05) print('hog') while true do end end)")
	s.wait("^hog$")
	s.enter("'locked out?'")
	s.keys("C-c")
	s.wait(`^\[fiber \d+\] error: repl:\d+:1: interrupted!$`)
	s.enter("'no'")
	s.wait(`^=> "no"\nnet>$`)
	s.keys("C-d")
	s.end(0)
}

// Output of background fibers: whole lines above the prompt, what was typed
// stays, under load too.
func TestPromptBackground(t *testing.T) {
	t.Parallel()
	s := openScreen(t, 80, 30, "netrepl")
	s.wait("^net>$")
	s.enter("n = 0 for f = 1, 4 do fiber.spawn(function() for i = 1, 200 do print('fiber ' .. f .. ' line ' .. i) fiber.sleep(0.002) end n = n + 1 end) end")
	for i := range 12 {
		s.enter(fmt.Sprintf("%d * 1000", i))
		s.wait(fmt.Sprintf("^=> %d$", i*1000))
	}
	s.typed("return n, 'typed")
	for f := range 4 {
		s.wait(fmt.Sprintf("^fiber %d line 200$", f+1))
	}
	s.typed(" all along'")
	s.keys("Enter")
	s.wait(`^net> return n, 'typed all along'\n=> 4, "typed all along"\nnet>$`)
	next := map[string]int{}
	results := 0
	for _, l := range strings.Split(s.text(), "\n")[3:] {
		var f, i int
		switch {
		case strings.HasPrefix(l, "fiber "):
			if n, err := fmt.Sscanf(l, "fiber %d line %d", &f, &i); n != 2 || err != nil || i != next[l[:7]]+1 {
				t.Fatalf("line %q after %d", l, next[l[:7]])
			}
			next[l[:7]] = i
		case strings.HasPrefix(l, "=> "):
			results++
		case strings.HasPrefix(l, "net>"):
		default:
			t.Errorf("line %q", l)
		}
	}
	if results != 13 || len(next) != 4 || next["fiber 1"] != 200 {
		t.Errorf("%d results, lines %v", results, next)
	}
	s.keys("C-d")
	s.end(0)
}

// Keys that made the plain readline panic or type letters.
func TestPromptKeys(t *testing.T) {
	t.Parallel()
	s := openScreen(t, 40, 20, "netrepl")
	s.wait("^net>$")
	for _, k := range []string{"C-r", "C-c", "C-s", "Tab", "Tab", "Tab", "C-k", "Up", "Down", "PPage", "F5", "M-u", "BTab", "DC", "C-g", "C-o"} {
		s.keys(k)
	}
	s.keys("C-c")
	// Editing within the line.
	s.typed("'b'")
	s.keys("Home")
	s.typed("'a' .. ")
	s.keys("End")
	s.typed(" .. 'c'")
	s.keys("Left", "Left", "BSpace")
	s.typed("'")
	s.keys("Right", "DC")
	s.typed("d'")
	s.keys("Enter")
	s.wait(`^net> 'a' \.\. 'b' \.\. 'cd'\n=> "abcd"\nnet>$`)

	// Wide characters, and a line over several rows.
	s.typed("x日本語")
	s.keys("Home", "DC")
	s.typed("'")
	s.keys("End")
	s.typed("' .. ('wide'):rep(12)")
	s.keys("Home", "Right")
	s.typed("é")
	s.keys("Enter")
	s.wait(`^=> "é日本語` + "wide")
	s.keys("C-l")
	s.until("the screen is empty but for the prompt", func() bool {
		return strings.TrimSpace(s.tmux("capture-pane", "-p")) == "net>"
	})
	s.keys("C-d")
	s.end(0)
}

func TestPromptResize(t *testing.T) {
	t.Parallel()
	s := openScreen(t, 60, 20, "netrepl")
	s.wait("^net>$")
	s.typed("'a line that is long enough to need two rows when it is narrow'")
	s.wait("narrow'$")
	s.tmux("resize-window", "-x", "30", "-y", "20")
	s.wait("^net> 'a line that is long eno.*\n.*\n.*narrow'$")
	s.typed(" .. '!'")
	s.keys("Enter")
	s.wait(`^=> "a line that is long enough\n to need two rows when it is n\narrow!"\nnet>$`)
	s.keys("C-d")
	s.end(0)
}

// What a program reads is what is typed while it runs.
func TestPromptInput(t *testing.T) {
	t.Parallel()
	s := openScreen(t, 80, 20, "netrepl")
	s.wait("^net>$")
	s.enter("io.read()")
	s.wait(`^net> io\.read\(\)$`)
	s.enter("for the program")
	s.wait(`^=> "for the program"\nnet>$`)
	// A reader in the background does not take the prompt's keys.
	s.enter("_ = fiber.spawn(function() print('read', io.read()) end)")
	s.wait(`io\.read\(\)\) end\)\nnet>$`)
	s.enter("'mine'")
	s.wait(`^=> "mine"\nnet>$`)
	s.enter("fiber.sleep(1000)")
	s.wait(`sleep\(1000\)$`)
	s.enter("hers")
	s.wait("^read    hers$")
	s.keys("C-c")
	s.wait("interrupted!")
	s.keys("C-d")
	s.end(0)
}

// Ctrl-Z stops the program and the shell goes on; fg brings all back.
func TestPromptSuspend(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash, which has jobs")
	}
	s := openScreen(t, 80, 25, "bash --norc -i")
	s.enter("PS1='shell> '")
	s.wait("^shell>$")
	s.enter("netrepl")
	s.wait("^net>$")
	s.typed("1 +")
	s.keys("C-z")
	s.wait("Stopped.*\nshell>$")
	s.enter("fg")
	s.wait(`^netrepl\nnet> 1 \+$`)
	s.enter(" 1")
	s.wait("^=> 2\nnet>$")
	s.enter("print('sleeping') fiber.sleep(1000)")
	s.wait("^sleeping$")
	s.keys("C-z")
	s.wait("(?s)Stopped.*Stopped.*\nshell>$")
	s.enter("fg")
	s.wait(`(?s)sleeping.*\nshell> fg\nnetrepl$`)
	s.typed("'unseen'")
	s.keys("C-c")
	s.wait(`netrepl\n.*error: .*interrupted!$`) // .*: echoed before the terminal was set again
	s.keys("C-d")
	s.wait("^net>\nshell>$")
	s.enter("exit")
	s.end(0)
}

// The prompt in a script that runs.
func TestPromptInScript(t *testing.T) {
	t.Parallel()
	s := openScreen(t, 80, 20, `sh -c 'cat >s.lua <<E
served = 0
server = socket.serve("127.0.0.1", 0, function(c) served = served + 1 c:send("hi") end)
print("serving")
fiber.sleep(1000)
E
exec netrepl -i s.lua'`)
	s.wait(`^serving\nnetrepl 0\.1 .*\nnet>$`)
	s.enter("socket.connect(server:addr()):recvall()")
	s.wait(`^=> "hi"\nnet>$`)
	s.keys("C-c") // does not touch the script
	s.enter("served, #fiber.list() > 1")
	s.wait(`^=> 1, true\nnet>$`)
	s.keys("C-d")
	s.end(0)
}

// Ctrl-C before the script has let the prompt open ends it.
func TestPromptNotYet(t *testing.T) {
	t.Parallel()
	s := openScreen(t, 80, 20, `netrepl -i -e 'print("busy") while true do end'`)
	s.wait("^busy$")
	s.keys("C-c")
	s.end(130)
}

func TestPromptEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do     func(s *screen)
		status int
	}{
		"exit":            {func(s *screen) { s.enter("exit") }, 0},
		"os.exit":         {func(s *screen) { s.enter("os.exit(7)") }, 7},
		"fiber":           {func(s *screen) { s.enter("fiber.after(0.1, os.exit, 8)"); s.typed("os.exit(1)") }, 8},
		"terminated":      {func(s *screen) { s.enter("os.execute('kill -TERM $PPID')") }, 143},
		"terminal closed": {func(s *screen) { s.enter("os.execute('kill -HUP $PPID')") }, 129},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openScreen(t, 80, 10, "netrepl")
			s.wait("^net>$")
			c.do(s)
			s.end(c.status)
		})
	}
}
