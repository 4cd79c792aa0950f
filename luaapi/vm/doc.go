// Package vm runs Lua: the runtime, its baton, fibers, coroutines, scopes,
// errors and the stock functions that had to be replaced.
//
// A Runtime is one Lua state with everything it owns. Any number of fibers run
// in it, each a goroutine of its own, but only the one that holds the baton
// may run Lua or touch a Lua value. Wait is the one way to let go of the
// baton; Poll is Wait for a descriptor, Park for another fiber. Between two calls that may wait a
// fiber is alone.
//
// Unless a comment says otherwise, a function that takes or returns a Lua
// value or a *lua.LState must be called with the baton held, that is from a Go
// function that Lua called, and everything else may be called from any
// goroutine.
package vm
