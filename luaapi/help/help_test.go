package help_test

import (
	"io"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/help"
	"github.com/netrepl/netrepl/luaapi/stub"
	"github.com/netrepl/netrepl/luaapi/vm"
)

const shapes = `---@meta
--- Draws.
local shapes = {}

--- A square.
---@class square
local square = {}

--- Answers the area.
---@return number area
function square:area() end

--- Makes a square.
---@return square it
function shapes.square() end

return shapes
`

func modules() (list []vm.Module) {
	docs := stub.NewSet(func() map[string]string {
		texts := map[string]string{}
		for _, m := range list {
			texts[m.Name] = m.Stub
		}
		return texts
	})
	list = []vm.Module{help.Module(func() *stub.Set { return docs }), {
		Name: "shapes", Stub: shapes,
		Open: func(rt *vm.Runtime, L *lua.LState) lua.LValue {
			return rt.Funcs("shapes", map[string]lua.LGFunction{"square": func(L *lua.LState) int {
				mt := rt.Class("square", map[string]lua.LGFunction{"area": func(*lua.LState) int { return 0 }}, nil)
				L.Push(vm.Userdata(1, mt))
				return 1
			}})
		},
	}}
	return list
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		`help()`:                       "help    Documentation at hand",
		`help("shapes")`:               "shapes\n\nDraws.\n",
		`help(shapes)`:                 "shapes\n\nDraws.\n",
		`help(require "shapes")`:       "shapes\n\nDraws.\n",
		`help("shapes.square")`:        "shapes.square() -> square\n\nMakes a square.\n",
		`help(shapes.square)`:          "shapes.square() -> square\n\nMakes a square.\n",
		`help("square:area")`:          "square:area() -> area\n\nAnswers the area.\n",
		`help("area")`:                 "square:area() -> area\n",
		`help(shapes.square().area)`:   "square:area() -> area\n",
		`help(shapes.square())`:        "square\n\nA square.\n",
		`help(help)`:                   "Prints the documentation",
		`help("shapes.sqare")`:         "no docs for \"shapes.sqare\" - did you mean shapes.square?\n",
		`help("nothing like it")`:      "no docs for \"nothing like it\"\n",
		`help(print)`:                  "no docs for \"print\"\n",
		`help(nil)`:                    "no docs for nil\n",
		`help(5)`:                      "no docs for 5\n",
		`help(function() end)`:         "no docs for a function\n",
		`help({1, 2, name = "x"})`:     "no docs for a table with 3 fields: name, …\n",
		`help({})`:                     "no docs for a table with 0 fields\n",
		`assert(require "help"==help)`: "",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			rt := vm.New(vm.SystemHost(strings.NewReader(""), &out, io.Discard), vm.Config{Modules: modules()})
			defer rt.Close()
			rt.Do("test", func(L *lua.LState) {
				fn, err := rt.Load(L, "t", []byte(code))
				if err != nil {
					t.Fatal(err)
				}
				L.Push(fn)
				L.Call(0, 0)
			})
			if !strings.Contains(out.String(), want) {
				t.Errorf("got\n%s\nwant\n%s", out.String(), want)
			}
		})
	}
}
