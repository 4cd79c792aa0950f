// Command netrepl runs Lua scripts in which sockets, servers and protocols are
// values, and opens a prompt for the same. This file is the only one that
// names the process's input, output, arguments and exit.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi"
	"github.com/netrepl/netrepl/luaapi/vm"
	"github.com/netrepl/netrepl/repl"
	"github.com/netrepl/netrepl/repl/term"
)

func main() { os.Exit(run(os.Args[1:])) }

// Exit statuses. A signal gives 128 and its number.
const (
	failed     = 1 // an error that nobody caught
	wrongUsage = 2
)

// run does what a command line says and answers the exit status.
func run(words []string) int {
	cmd := &luaapi.Command{
		Name:     "netrepl",
		Synopsis: "[flags] [script.lua [args...]]",
		About: "Runs a script. Without one it opens a prompt, or, where the input is no terminal, " +
			"runs that. A word that is no file and holds no / is a command.",
		FlagsFirst: true,
		Flags: []luaapi.Param{
			{Name: "eval", Short: "e", Type: value("CODE"), List: true, Doc: "run code"},
			{Name: "print", Short: "p", Type: value("EXPR"), List: true, Doc: "print the values of an expression"},
			{Name: "load", Short: "l", Type: value("MODULE"), List: true, Doc: "require a module"},
			{Name: "interactive", Short: "i", Type: luaapi.Boolean, Doc: "open the prompt in the script that runs"},
			{Name: "version", Short: "v", Type: luaapi.Boolean, Doc: "print the version"},
		},
		Examples: []string{
			"netrepl scripts/hello_server.lua --port 9999",
			`netrepl -p 'socket.connect("localhost", 9999):recvline()'`,
		},
		Notes: []luaapi.Note{{Title: "commands", Rows: commandRows()}},
	}
	v, err := cmd.Parse(words)
	if err != nil {
		return explain(cmd, err)
	}
	if v.Bool("version") {
		fmt.Println(version())
		return 0
	}
	p := plan{prompt: v.Bool("interactive")}
	for _, g := range v.Given {
		if code, ok := g.Value.(string); ok {
			p.steps = append(p.steps, step{g.Name, code})
			p.evaluates = p.evaluates || g.Name != "load"
		}
	}
	if len(v.Words) > 0 {
		first, rest := v.Words[0], v.Words[1:]
		c := findCommand(first)
		switch {
		case v.Dash == 0 || first == "-" || strings.ContainsRune(first, '/') || strings.HasSuffix(first, ".lua"):
		case c != nil:
			return c.main(rest)
		case !exists(first):
			return explain(cmd, cmd.UnknownWord("command", first, commandNames()))
		}
		p.script, p.args = first, rest
	}
	return p.run()
}

// value is the type of a flag that takes any text.
func value(place string) luaapi.Type {
	t := luaapi.String
	t.Place = place
	return t
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// explain prints help or what is wrong with a command line.
func explain(cmd *luaapi.Command, err error) int {
	if errors.Is(err, luaapi.ErrHelp) {
		io.WriteString(os.Stdout, cmd.Help())
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return wrongUsage
}

// version answers the version and what it was built of.
func version() string {
	text := "netrepl " + repl.Version
	lib := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if v := info.Main.Version; v != "" && v != "(devel)" {
			text += " (" + v + ")"
		}
		for _, d := range info.Deps {
			if d.Path == "github.com/yuin/gopher-lua" {
				lib = ", gopher-lua " + d.Version
			}
		}
	}
	return fmt.Sprintf("%s, Lua 5.1%s, %s %s/%s", text, lib, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// command is a word that netrepl knows.
type command struct {
	luaapi.Command
	run func(v []string) error
}

func commandList() []command {
	return []command{
		{luaapi.Command{
			Name: "netrepl doc", About: "Prints the documentation of a name, or of all modules in a line each.",
			Args: []luaapi.Param{{Name: "name", Type: luaapi.String, Optional: true, Doc: "such as socket.connect"}},
		}, func(words []string) error {
			return luaapi.Docs().Text(os.Stdout, strings.Join(words, ""))
		}},
		{luaapi.Command{
			Name: "netrepl stubs", About: "Writes the definition files of all modules, for the Lua language server of an editor.",
			Args: []luaapi.Param{{Name: "dir", Type: luaapi.String, Doc: "the folder, made if there is none"}},
		}, func(words []string) error { return writeStubs(words[0]) }},
		{luaapi.Command{
			Name: "netrepl help", About: "Shows how netrepl or one of its commands is used.",
			Args: []luaapi.Param{{Name: "command", Type: luaapi.String, Optional: true}},
		}, func(words []string) error {
			if len(words) > 0 && findCommand(words[0]) == nil {
				return luaapi.Docs().Text(os.Stdout, words[0])
			}
			run(append(words, "--help"))
			return nil
		}},
	}
}

func (c *command) word() string { return strings.TrimPrefix(c.Name, "netrepl ") }

func findCommand(word string) *command {
	for _, c := range commandList() {
		if c.word() == word {
			return &c
		}
	}
	return nil
}

func commandNames() (names []string) {
	for _, row := range commandRows() {
		names = append(names, strings.Fields(row[0])[0])
	}
	return names
}

func commandRows() [][]string {
	return [][]string{
		{"doc [NAME]", "print the documentation of a name, or of all modules"},
		{"stubs DIR", "write the files that tell an editor of the modules"},
		{"help [COMMAND]", "show how a command is used"},
	}
}

// main runs the command and answers the exit status.
func (c *command) main(words []string) int {
	v, err := c.Parse(words)
	if err != nil {
		return explain(&c.Command, err)
	}
	if err := c.run(v.Words); err != nil {
		fmt.Fprintf(os.Stderr, "netrepl: %s\n", err)
		return failed
	}
	return 0
}

func writeStubs(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return vm.FileError(err)
	}
	modules := luaapi.Modules()
	for _, m := range modules {
		if err := os.WriteFile(filepath.Join(dir, m.Name+".d.lua"), []byte(m.Stub), 0o666); err != nil {
			return vm.FileError(err)
		}
	}
	fmt.Printf("wrote %d files to %s\n", len(modules), dir)
	return nil
}

// plan is what is to be run.
type plan struct {
	steps     []step
	evaluates bool   // some step is code
	script    string // a file, "-" for the input, "" for none
	args      []string
	prompt    bool
}

// step is a flag that runs something.
type step struct{ flag, text string }

func (p *plan) run() int {
	terminal := term.IsTerminal(os.Stdin)
	if p.script == "" && !p.evaluates && !p.prompt {
		if p.prompt = terminal; !terminal {
			p.script = "-"
		}
	}
	r := &runner{plan: p, host: vm.SystemHost(os.Stdin, os.Stdout, os.Stderr)}
	if p.prompt {
		if err := r.openPrompt(terminal && term.IsTerminal(os.Stdout)); err != nil {
			fmt.Fprintf(os.Stderr, "netrepl: %s\n", err)
			return failed
		}
	}
	r.rt = luaapi.New(r.host, vm.Config{Script: p.script, Args: p.args})
	r.watchSignals()
	if r.runSteps() {
		if p.prompt {
			return r.runPrompt()
		}
		r.rt.WaitIdle()
	}
	r.close()
	return r.rt.ExitCode()
}

// runner carries out a plan in a runtime.
type runner struct {
	*plan
	host     *vm.Host
	rt       *vm.Runtime
	lines    repl.Lines
	console  *term.Console // nil without a terminal
	remember func(line string)
	session  atomic.Pointer[repl.Session]
}

// openPrompt prepares the host for a prompt on a terminal, or for one that
// reads lines without showing anything.
func (r *runner) openPrompt(terminal bool) error {
	if !terminal {
		in := repl.NewReader(os.Stdin)
		r.lines, r.host.In = in, in
		return nil
	}
	history, lines := repl.OpenHistory(repl.HistoryFile(r.host.Env))
	c, err := term.Open(os.Stdin, os.Stdout, lines)
	if err != nil {
		return err
	}
	r.console, r.lines, r.host.In, r.host.Out = c, c, c, c
	if term.IsTerminal(os.Stderr) {
		r.host.Err = c
	}
	r.remember = func(line string) {
		if history.Add(line) {
			c.Remember(line)
		}
	}
	return nil
}

func (r *runner) runPrompt() int {
	session := repl.New(r.rt, r.lines, r.remember) // gets the baton when the script waits
	r.session.Store(session)
	if r.console != nil {
		r.console.OnInterrupt(session.Interrupt)
		fmt.Fprintln(r.host.Out, repl.Banner)
	}
	ended := make(chan bool, 1)
	go func() { ended <- session.Run() }()
	code := 0
	select {
	case ok := <-ended:
		if !ok && r.console == nil {
			code = failed
		}
	case <-r.rt.Exited():
	}
	select {
	case <-r.rt.Exited():
		code = r.rt.ExitCode()
	default:
	}
	r.close()
	return code
}

func (r *runner) close() {
	if r.console != nil {
		r.console.Close()
	}
	r.rt.Close()
}

// runSteps runs one chunk after the other, the script last, and answers whether
// all went well. With a prompt it does not wait for the script's end.
func (r *runner) runSteps() bool {
	for _, s := range r.steps {
		values, ok := r.wait(r.load(s.compile, lua.LString(s.text)))
		if ok && s.flag == "print" {
			_, ok = r.wait(r.start("print", r.rt.Global("print"), values))
		}
		if !ok {
			return r.prompt && !r.exited()
		}
	}
	if r.script == "" {
		return true
	}
	var args []lua.LValue
	for _, a := range r.args {
		args = append(args, lua.LString(a))
	}
	ended := r.load(func(rt *vm.Runtime, L *lua.LState) (*lua.LFunction, error) {
		if r.script == "-" {
			return rt.LoadInput(L)
		}
		return rt.LoadFile(L, r.script)
	}, args...)
	if r.prompt {
		return !r.exited()
	}
	_, ok := r.wait(ended)
	return ok
}

// compile makes a function of a flag.
func (s step) compile(rt *vm.Runtime, L *lua.LState) (*lua.LFunction, error) {
	switch s.flag {
	case "print":
		return rt.Load(L, "-p", []byte("return "+s.text))
	case "load":
		return rt.Load(L, "-l", []byte("local name = ... local m = require(name) if _G[name] == nil then _G[name] = m end"))
	}
	return rt.Load(L, "-e", []byte(s.text))
}

// ending is how a fiber ended: with its values, or with an error that was told.
type ending struct {
	values []lua.LValue
	ok     bool
}

// load compiles a chunk, in a fiber, so that it can be ended, and starts it
// with args.
func (r *runner) load(compile func(*vm.Runtime, *lua.LState) (*lua.LFunction, error), args ...lua.LValue) <-chan ending {
	var failure error
	var loader *lua.LFunction
	r.rt.Do("load", func(*lua.LState) {
		loader = r.rt.Func("load", func(L *lua.LState) int {
			fn, err := compile(r.rt, L)
			if failure = err; err != nil {
				return 0
			}
			L.Push(fn)
			return 1
		})
	})
	fn, ok := r.wait(r.start("load", loader, nil))
	switch {
	case !ok:
	case failure != nil:
		r.fail(failure.Error())
	default:
		return r.start("main", fn[0], args)
	}
	c := make(chan ending, 1)
	c <- ending{}
	return c
}

// start calls a function in a fiber of its own. An error ends the script,
// unless there is a prompt.
func (r *runner) start(name string, fn lua.LValue, args []lua.LValue) <-chan ending {
	c := make(chan ending, 1)
	r.rt.Do("start", func(L *lua.LState) {
		var f *vm.Fiber
		f = r.rt.Spawn(fn.(*lua.LFunction), args, vm.SpawnOptions{Name: name, OnEnd: func(L *lua.LState, err *vm.Error) bool {
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

// wait waits for a fiber, or for the runtime's exit.
func (r *runner) wait(c <-chan ending) ([]lua.LValue, bool) {
	select {
	case e := <-c:
		return e.values, e.ok && !r.exited()
	case <-r.rt.Exited():
		return nil, false
	}
}

func (r *runner) exited() bool {
	select {
	case <-r.rt.Exited():
		return true
	default:
		return false
	}
}

// fail tells of an error that ends the script, unless there is a prompt.
func (r *runner) fail(text string) {
	r.rt.Logf("netrepl: %s", text)
	if !r.prompt {
		r.rt.Exit(failed)
	}
}

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
		last := 0
		for s := range c {
			n := int(s.(syscall.Signal))
			switch session := r.session.Load(); {
			case s == syscall.SIGPIPE: // of any socket, too
				if term.Broken(os.Stdout) || term.Broken(os.Stderr) {
					r.rt.Exit(128 + n)
				}
			case s == os.Interrupt && session != nil && !r.exited():
				if r.console != nil {
					r.console.Interrupt()
				} else {
					session.Interrupt()
				}
			case last != 0:
				if r.console != nil {
					r.console.Close()
				}
				os.Exit(128 + n)
			default:
				last = n
				r.rt.Exit(128 + n)
			}
		}
	}()
}
