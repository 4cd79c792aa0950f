// Package launch runs what a command line asks for: pieces of code, a script
// and a prompt, one after the other in one runtime, until they have ended or a
// signal ends them.
package launch

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi"
	"github.com/netrepl/netrepl/luaapi/vm"
	"github.com/netrepl/netrepl/repl"
	"github.com/netrepl/netrepl/repl/term"
)

// Plan is what is to be run: the steps, then the script, then the prompt.
type Plan struct {
	Steps  []Step
	Script string // a file, "-" for the input, "" for none
	Args   []string
	Before []string // the words before the script, the program's name first
	Prompt bool
}

// Step is a piece of code, an expression whose values are printed, or the name
// of a module.
type Step struct {
	Kind Kind
	Text string
}

// Kind tells what a Step is.
type Kind int

// The kinds of Step.
const (
	Eval Kind = iota
	Print
	Load
)

// Process is what a plan knows of its process.
type Process struct {
	In, Out, Err *os.File
	Exit         func(status int) // ends it at once
}

// Failed is the exit status after an error that nobody caught. A signal gives
// 128 and its number.
const Failed = 1

// Run carries out the plan and answers the exit status. Where there is nothing
// to run it opens a prompt, or runs the input if that is no terminal.
func (p Plan) Run(process Process) int {
	r := &runner{Plan: p, process: process, host: vm.SystemHost(process.In, process.Out, process.Err)}
	terminal := term.IsTerminal(process.In)
	if p.Script == "" && !p.evaluates() && !p.Prompt {
		if r.Prompt = terminal; !terminal {
			r.Script = "-"
		}
	}
	if r.Prompt {
		if err := r.openPrompt(terminal && term.IsTerminal(process.Out)); err != nil {
			fmt.Fprintf(process.Err, "netrepl: %s\n", err)
			return Failed
		}
	}
	r.rt = luaapi.New(r.host, vm.Config{Script: r.Script, Args: r.Args, Before: r.Before})
	r.watchSignals()
	if r.console != nil { // until there is a session
		r.console.OnInterrupt(func() bool { r.rt.Exit(128 + int(syscall.SIGINT)); return true })
	}
	ok := r.runSteps()
	if ok && r.Prompt {
		return r.runPrompt()
	}
	if ok {
		r.rt.WaitIdle()
	}
	r.close()
	return r.rt.ExitCode()
}

func (p Plan) evaluates() bool {
	for _, s := range p.Steps {
		if s.Kind != Load {
			return true
		}
	}
	return false
}

// runner carries out a plan in a runtime.
type runner struct {
	Plan
	process  Process
	host     *vm.Host
	rt       *vm.Runtime
	lines    repl.Lines
	console  *term.Console // nil without a terminal
	remember func(line string)
	session  atomic.Pointer[repl.Session]
}

func (r *runner) close() {
	if r.console != nil {
		r.console.Close()
	}
	r.rt.Close()
}

func (r *runner) exited() bool {
	select {
	case <-r.rt.Exited():
		return true
	default:
		return false
	}
}

// fail tells of an error. It ends the script, unless there is a prompt.
func (r *runner) fail(text string) {
	r.rt.Logf("netrepl: %s", text)
	if !r.Prompt {
		r.rt.Exit(Failed)
	}
}

// runSteps runs one chunk after the other, the script last, and answers whether
// to go on. With a prompt it does not wait for the script's end.
func (r *runner) runSteps() bool {
	for _, s := range r.Steps {
		if !r.runStep(s) {
			return r.Prompt && !r.exited()
		}
	}
	if r.Script == "" {
		return true
	}
	var args []lua.LValue
	for _, a := range r.Args {
		args = append(args, lua.LString(a))
	}
	ended := r.start(func(L *lua.LState) (*lua.LFunction, error) {
		if r.Script == "-" {
			return r.rt.LoadInput(L)
		}
		return r.rt.LoadFile(L, r.Script)
	}, args)
	if r.Prompt {
		return !r.exited()
	}
	_, ok := r.wait(ended)
	return ok
}

func (r *runner) runStep(s Step) bool {
	run := func(chunk, code string, args ...lua.LValue) ([]lua.LValue, bool) {
		return r.wait(r.start(func(L *lua.LState) (*lua.LFunction, error) {
			return r.rt.Load(L, chunk, []byte(code))
		}, args))
	}
	ok := false
	switch s.Kind {
	case Eval:
		_, ok = run("-e", s.Text)
	case Print:
		var values []lua.LValue
		if values, ok = run("-p", "return "+s.Text); ok {
			_, ok = run("-p", "print(...)", values...)
		}
	case Load:
		_, ok = run("-l", "local name = ... local m = require(name) if _G[name] == nil then _G[name] = m end", lua.LString(s.Text))
	}
	return ok
}

// ending is how a fiber ended: with its values, or with an error that was told.
type ending struct {
	values []lua.LValue
	ok     bool
}

// start compiles a chunk, in a fiber, so that it can be ended, and starts it in
// another.
func (r *runner) start(load func(L *lua.LState) (*lua.LFunction, error), args []lua.LValue) <-chan ending {
	var loader lua.LValue
	var failure error
	r.rt.Do("load", func(*lua.LState) {
		loader = r.rt.Func("load", func(L *lua.LState) int {
			fn, err := load(L)
			if failure = err; err != nil {
				return 0
			}
			L.Push(fn)
			return 1
		})
	})
	fn, ok := r.wait(r.spawn("load", loader, nil))
	switch {
	case ok && failure == nil:
		return r.spawn("main", fn[0], args)
	case ok:
		r.fail(failure.Error())
	}
	c := make(chan ending, 1)
	c <- ending{}
	return c
}

// spawn calls a function in a fiber. The channel tells of its end.
func (r *runner) spawn(name string, fn lua.LValue, args []lua.LValue) <-chan ending {
	c := make(chan ending, 1)
	r.rt.Do("start", func(*lua.LState) {
		var f *vm.Fiber
		f = r.rt.Spawn(fn.(*lua.LFunction), args, vm.SpawnOptions{Name: name, Deep: true, OnEnd: func(L *lua.LState, err *vm.Error) bool {
			if err != nil && !err.Cancelled {
				r.fail(r.rt.WithTrace(L, err))
			}
			_, values, _ := f.Outcome()
			c <- ending{values, err == nil}
			return true
		}})
	})
	return c
}

// wait waits for a fiber's end, or for the runtime's exit.
func (r *runner) wait(c <-chan ending) ([]lua.LValue, bool) {
	select {
	case e := <-c:
		return e.values, e.ok && !r.exited()
	case <-r.rt.Exited():
		return nil, false
	}
}
