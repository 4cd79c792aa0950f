package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what cmp expects anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"netrepl": main})
}

// TestScripts runs testdata/script with the real main in a process of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NETREPL_HISTORY", "")
			e.Values[signalled{}] = new(*exec.Cmd)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "root" {
				return false, errors.New("unknown condition " + cond)
			}
			return os.Geteuid() == 0, nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status":  status,
			"signal":  sendSignal,
			"waitfor": waitFor,
		},
	})
}

// signalled is the key of the process that signal was used on, in the values
// of a script.
type signalled struct{}

// status N program args... runs a program, which must end with N. Without a
// program it is the one that signal was used on; wait for it first.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: status N [program args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if len(args) == 1 {
		got = (*ts.Value(signalled{}).(**exec.Cmd)).ProcessState.ExitCode()
	} else if err := ts.Exec(args[1], args[2:]...); err != nil {
		var ee *exec.ExitError
		if !errors.As(err, &ee) {
			ts.Fatalf("%v", err)
		}
		got = ee.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// signal NAME sends a signal to the process in the background.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP}
	cmds := ts.BackgroundCmds()
	if neg || len(args) != 1 || signals[args[0]] == nil || len(cmds) != 1 {
		ts.Fatalf("usage: signal INT|TERM|HUP, with one process in the background")
	}
	*ts.Value(signalled{}).(**exec.Cmd) = cmds[0]
	ts.Check(cmds[0].Process.Signal(signals[args[0]]))
}

// waitfor FILE waits until there is a file.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor file")
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("there is no %s", args[0])
		}
	}
}
