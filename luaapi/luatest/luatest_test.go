package luatest

import (
	"strings"
	"testing"
	"time"

	"github.com/netrepl/netrepl/luaapi/fiber"
	"github.com/netrepl/netrepl/luaapi/vm"
)

// What makes a test fail, and what it says then; "" passes.
func TestFailures(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`eq(1, 1) eq({1, {a = 0/0}}, {1, {a = 0/0}}) eq({}, {})`: "",
		`local a, b = {}, {} a.self, b.self = a, b eq(a, b)`:     "",
		`eq(1, 2)`:   "x_test.lua:1: value: got 1, want 2\nstack traceback:",
		`eq("1", 1)`: `value: got "1", want 1`,
		`eq({a = {1, 2}}, {a = {1, 3}, b = true})`:       "value.a[2]: got 2, want 3",
		`eq({1}, {1, nil, 3})`:                           "value[3]: got nil, want 3",
		`eq(("x"):rep(99) .. "y", ("x"):rep(99) .. "z")`: "from byte 100 on they differ",
		`eq(nil, false, "flag")`:                         "flag: value: got nil, want false",
		`raises(function() error("boo") end, "boo") raises(function() error({}) end, "^table: ")`: "",
		`raises(function() end, "boo")`:                              `no error raised, want "boo"`,
		`raises(error, "boo")`:                                       `raised "nil"`,
		`assert(false, "why")`:                                       "x_test.lua:1: why\nstack traceback:",
		`local f = function() error("deep") end f()`:                 "x_test.lua:1: function test_x() local f",
		`spawn(error, "lost") sleep(0)`:                              "printed as an error: [fiber 2] error: lost",
		`expect_log("lost") spawn(error, "lost") sleep(0)`:           "",
		`expect_log("never")`:                                        `not printed as an error: "never"`,
		`skip("because") error("not reached")`:                       "",
		`spawn(sleep, 60)`:                                           "",
		`sleep(60)`:                                                  "fiber 1 (main) waiting; stack traceback:\n\t[Go]: in function 'sleep'\n\tx_test.lua:1:",
		`while true do end`:                                          "fiber 1 (main) running at x_test.lua:1",
		`local d = tmpdir() assert(io.open(d .. "/f", "w")):close()`: "",
	} {
		s := suite{name: "test_x", file: "x_test.lua", src: []byte("function test_x() " + src + " end"), modules: []vm.Module{fiber.Module()}}
		r := s.start(t)
		err := r.call(t, 500*time.Millisecond, nil)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", src, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v\nwant %s", src, err, want)
		}
		if strings.HasPrefix(src, "skip") != (r.skipped == "because") {
			t.Errorf("%s: skipped %q", src, r.skipped)
		}
	}
}
