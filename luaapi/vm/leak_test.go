package vm_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/netrepl/netrepl/luaapi/vm"
)

// What is left behind on purpose: a command that a script started and did not
// wait for goes on, and is waited for, so that it does not stay a zombie.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/netrepl/netrepl/luaapi/vm.(*Runtime).start.func1"))
}

// No goroutine is left of a runtime that has been closed, whatever it was
// doing. Not parallel: it looks at the goroutines of the process.
func TestNothingIsLeft(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for name, src := range endless {
		rt, main, _ := start(t, withCleanUp+src, vm.Config{})
		await(t, name, func() bool { return main.Status() != "ready" })
		if err := rt.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := goleak.Find(before); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}
