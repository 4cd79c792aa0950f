package cli_test

import (
	"testing"

	"github.com/netrepl/netrepl/luaapi/cli"
	"github.com/netrepl/netrepl/luaapi/luatest"
	"github.com/netrepl/netrepl/luaapi/vm"
)

func TestCLI(t *testing.T) { luatest.Run(t, []vm.Module{cli.Module()}) }
