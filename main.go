// Command netrepl runs Lua scripts with sockets, servers and protocols as
// values, and opens a prompt for the same.
package main

import (
	"os"
	"os/signal"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi"
	"github.com/netrepl/netrepl/luaapi/vm"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(words []string) int {
	var chunks []string
	for len(words) > 1 && words[0] == "-e" {
		chunks, words = append(chunks, words[1]), words[2:]
	}
	config := vm.Config{}
	if len(words) > 0 {
		config.Script, config.Args = words[0], words[1:]
	}
	rt := luaapi.New(vm.SystemHost(os.Stdin, os.Stdout, os.Stderr), config)
	watchSignals(rt)
	ok := true
	for _, c := range chunks {
		ok = ok && runChunk(rt, func(L *lua.LState) (*lua.LFunction, error) { return rt.Load(L, "-e", []byte(c)) })
	}
	if ok && config.Script != "" {
		runChunk(rt, func(L *lua.LState) (*lua.LFunction, error) { return rt.LoadFile(L, config.Script) })
	}
	rt.WaitIdle()
	rt.Close()
	return rt.ExitCode()
}

// runChunk runs a chunk as a fiber of its own and waits for its end. An error
// ends the script.
func runChunk(rt *vm.Runtime, load func(L *lua.LState) (*lua.LFunction, error)) (ok bool) {
	ended := make(chan bool, 1)
	rt.Do("load", func(L *lua.LState) {
		fn, err := load(L)
		if err != nil {
			rt.Logf("netrepl: %s", err)
			rt.Exit(1)
			ended <- false
			return
		}
		rt.Spawn(fn, nil, vm.SpawnOptions{Name: "main", OnEnd: func(L *lua.LState, err *vm.Error) bool {
			if err != nil && !err.Cancelled {
				rt.Logf("netrepl: %s", rt.WithTrace(L, err))
				rt.Exit(1)
			}
			ended <- err == nil
			return true
		}})
	})
	select {
	case ok = <-ended:
		return ok
	case <-rt.Exited():
		return false
	}
}

// watchSignals ends the script in order at the first signal and at once at the
// second.
func watchSignals(rt *vm.Runtime) {
	c := make(chan os.Signal, 2)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		s := <-c
		code := 128 + int(s.(syscall.Signal))
		rt.Exit(code)
		<-c
		os.Exit(code)
	}()
}

