package vm

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// shell is a command to run in the system's shell. Without in or out it has the
// host's.
type shell struct {
	command string
	in, out *os.File
	group   bool // kill must reach what the shell started, too
}

// process is a running command. Its goroutine ends with it.
type process struct {
	cmd   *exec.Cmd
	group bool
	done  chan struct{} // closed when it has ended and what it wrote was passed on

	// valid when done is closed
	code   int // exit code; 128 and more if a signal ended it
	signal int // 0 if none did
}

// drainTime is how long output is waited for after a command has ended: what
// it left running in the background may hold its output open for ever.
const drainTime = 100 * time.Millisecond

// start starts a command. All that runs in a process of its own passes here.
// Any goroutine.
func (rt *Runtime) start(sh shell) (*process, error) {
	p := &process{cmd: shellCommand(sh.command), done: make(chan struct{})}
	p.group = sh.group
	if in, ok := rt.Host.In.(*os.File); sh.in != nil {
		p.cmd.Stdin = sh.in
	} else if ok {
		p.cmd.Stdin = in
		p.group = sh.group && !isTerminal(in) // a group of its own is cut off from the terminal
	}
	if p.group {
		setGroup(p.cmd)
	}
	out, err := rt.relayTo(rt.Host.Out)
	if sh.out != nil {
		out, err = relay{child: sh.out}, nil
	}
	if err != nil {
		return nil, err
	}
	errs, err := rt.relayTo(rt.Host.Err)
	if err != nil {
		out.close()
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = out.child, errs.child
	if err := rt.Host.Start(p.cmd); err != nil {
		out.close()
		errs.close()
		return nil, err
	}
	var copied sync.WaitGroup
	out.run(&copied)
	errs.run(&copied)
	go func() {
		p.ended(p.cmd.Wait())
		all := make(chan struct{})
		go func() { copied.Wait(); close(all) }()
		t := rt.Host.Clock.NewTimer(drainTime)
		defer t.Stop()
		select {
		case <-all:
		case <-t.C:
		}
		close(p.done)
	}()
	return p, nil
}

func (p *process) ended(err error) {
	var ee *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &ee):
		p.code = ee.ExitCode()
		if ws, ok := ee.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			p.signal = int(ws.Signal())
			p.code = 128 + p.signal
		}
	default:
		p.code = -1
	}
}

// kill ends the command and, if it has a group, what it started.
func (p *process) kill() {
	if p.group {
		killGroup(p.cmd)
		return
	}
	p.cmd.Process.Kill()
}

// push answers as Lua 5.2's close: true or nil, "exit" or "signal", number.
func (p *process) push(L *lua.LState) int {
	var ok lua.LValue = lua.LTrue
	if p.code != 0 {
		ok = lua.LNil
	}
	L.Push(ok)
	if p.signal != 0 {
		L.Push(lua.LString("signal"))
		L.Push(lua.LNumber(p.signal))
	} else {
		L.Push(lua.LString("exit"))
		L.Push(lua.LNumber(p.code))
	}
	return 3
}

// relay passes on what a command writes. A file is given to the command as it
// is; for another writer there is a pipe, copied until all who write to it
// have ended or the runtime is closed.
type relay struct {
	child *os.File
	pipe  *pipeEnd
	to    io.Writer
}

// pipeEnd is owned by its runtime's Scope.
type pipeEnd struct {
	rt *Runtime
	id int64 // in the scope
	f  *os.File
}

func (p *pipeEnd) close() {
	p.f.Close()
	p.rt.Scope.Disown(p.id)
}

// Shut ends the copying; what comes soon is still passed on, so that a command
// whose input is closed with the runtime can say its last. Any goroutine.
func (p *pipeEnd) Shut() {
	if p.f.SetReadDeadline(time.Now().Add(2*shutTime)) != nil {
		p.f.Close()
	}
}

func (rt *Runtime) relayTo(w io.Writer) (relay, error) {
	if f, ok := w.(*os.File); ok {
		return relay{child: f}, nil
	}
	ours, its, err := os.Pipe()
	if err != nil {
		return relay{}, err
	}
	end := &pipeEnd{rt: rt, f: ours}
	end.id = Own(rt.Scope, end)
	return relay{its, end, w}, nil
}

func (r relay) run(wg *sync.WaitGroup) {
	if r.pipe == nil {
		return
	}
	r.child.Close()
	wg.Add(1)
	go func() {
		defer wg.Done()
		io.Copy(r.to, r.pipe.f)
		r.pipe.close()
	}()
}

func (r relay) close() {
	if r.pipe != nil {
		r.child.Close()
		r.pipe.close()
	}
}
