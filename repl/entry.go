package repl

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/netrepl/netrepl/luaapi/vm"
)

// compile compiles an entry: as an expression if it is one, so that its values
// are answered, as a statement otherwise. A leading = is dropped. nil stands
// for an entry without code.
func (s *Session) compile(L *lua.LState, src string) (*lua.LFunction, error) {
	src = strings.TrimPrefix(strings.TrimSpace(src), "=")
	switch src {
	case "":
		return nil, nil
	case "help":
		src = "help()"
	}
	chunk := fmt.Sprintf("repl:%d", s.entries+1)
	fn, asExpr := s.rt.Load(L, chunk, []byte("return "+src))
	if asExpr == nil {
		return fn, nil
	}
	fn, asStmt := s.rt.Load(L, chunk, []byte(src))
	if asStmt == nil {
		return fn, nil
	}
	return nil, further(asExpr, asStmt)
}

// further answers the error of the reading that got further; one that got to
// the end got furthest.
func further(asExpr, asStmt error) error {
	var e, s *vm.SyntaxError
	if !errors.As(asExpr, &e) || !errors.As(asStmt, &s) {
		return asStmt
	}
	column := e.Column
	if e.Line == 1 {
		column -= len("return ")
	}
	switch {
	case atEnd(s):
	case atEnd(e), e.Line > s.Line, e.Line == s.Line && column > s.Column:
		return asExpr
	}
	return asStmt
}

func atEnd(e *vm.SyntaxError) bool { return e.Near == "<eof>" }

// incomplete tells whether more lines may make an entry of src.
func incomplete(err error, src string) bool {
	var e *vm.SyntaxError
	if !errors.As(err, &e) || !atEnd(e) {
		return false
	}
	if e.Text == "unterminated string" { // goes on only after a backslash
		slashes := len(src) - len(strings.TrimRight(src, `\`))
		return slashes%2 == 1
	}
	return true
}
