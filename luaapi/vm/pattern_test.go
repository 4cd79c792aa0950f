package vm_test

import (
	"testing"

	"github.com/netrepl/netrepl/luaapi/luatest"
)

func TestStrings(t *testing.T) {
	t.Parallel()
	luatest.Run(t, modules, "testdata/strings_test.lua")
}
