// Package luaapi puts the modules together: it is the one place that knows
// them all.
package luaapi

import (
	"sync"

	"github.com/netrepl/netrepl/luaapi/bit"
	"github.com/netrepl/netrepl/luaapi/bytes"
	"github.com/netrepl/netrepl/luaapi/cli"
	"github.com/netrepl/netrepl/luaapi/fiber"
	"github.com/netrepl/netrepl/luaapi/help"
	"github.com/netrepl/netrepl/luaapi/json"
	"github.com/netrepl/netrepl/luaapi/socket"
	"github.com/netrepl/netrepl/luaapi/stub"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// modules is the list, in the order in which they are documented: one line
// for each.
func modules(docs func() *stub.Set) []vm.Module {
	return []vm.Module{
		socket.Module(),
		fiber.Module(),
		bit.Module(),
		bytes.Module(),
		json.Module(),
		cli.Module(),
		help.Module(docs),
	}
}

// Modules answers the modules of a runtime.
func Modules() []vm.Module { return modules(Docs) }

// Docs answers the documentation of all modules. It is read at the first
// question to it, not before.
var Docs = sync.OnceValue(func() *stub.Set {
	return stub.NewSet(func() map[string]string {
		texts := map[string]string{}
		for _, m := range modules(nil) {
			texts[m.Name] = m.Stub
		}
		return texts
	})
})

// New makes a runtime with all modules, unless config names others, whose
// errors know the names of parameters.
func New(host *vm.Host, config vm.Config) *vm.Runtime {
	if config.Modules == nil {
		config.Modules = Modules()
	}
	if config.Params == nil {
		config.Params = func(function string) []string { return Docs().Params(function) }
	}
	return vm.New(host, config)
}
