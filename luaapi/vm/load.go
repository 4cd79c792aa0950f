package vm

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// The longest chunk, and from which length on the compiler runs with the baton
// given away.
const (
	maxSource = 16 << 20
	bigSource = 64 << 10
)

// SyntaxError says why a chunk does not compile.
type SyntaxError struct {
	Chunk string
	Line  int    // 0 if the chunk as a whole is meant
	Near  string // the token, "<eof>" at the end
	Text  string
	// Column is that of the token's last byte, from 1; 0 if it is not known.
	Column int
}

// Error answers "chunk:line: text near 'token'".
func (e *SyntaxError) Error() string {
	s := e.Chunk
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d", e.Chunk, e.Line)
	}
	s += ": " + e.Text
	if e.Near != "" {
		s += fmt.Sprintf(" near '%s'", e.Near)
	}
	return s
}

// Load compiles a chunk. It stands before every compile: nothing else calls
// the parser. A first line that starts with # and a byte order mark are
// skipped. The baton must be held; it is given away for a large chunk. The
// error is a *SyntaxError.
func (rt *Runtime) Load(L *lua.LState, chunk string, src []byte) (*lua.LFunction, error) {
	var proto *lua.FunctionProto
	var err error
	if len(src) > bigSource {
		rt.Wait(L, nil, func() { proto, err = compile(chunk, src) })
	} else {
		proto, err = compile(chunk, src)
	}
	if err != nil {
		return nil, err
	}
	return rt.main.NewFunctionFromProto(proto), nil
}

func compile(chunk string, src []byte) (*lua.FunctionProto, error) {
	whole := func(text string) error { return &SyntaxError{Chunk: chunk, Text: text} }
	switch {
	case len(src) > maxSource:
		return nil, whole(fmt.Sprintf("%d bytes of source, at most %d are compiled", len(src), maxSource))
	case bytes.HasPrefix(src, []byte("\x1bLua")):
		return nil, whole("is compiled Lua; only source text can be loaded")
	case bytes.IndexByte(src, 0) >= 0:
		return nil, whole("is not text (it holds a zero byte)")
	}
	tree, err := parse.Parse(bytes.NewReader(skipFirst(src)), chunk)
	if err != nil {
		return nil, syntaxError(chunk, src, err)
	}
	if err := measure(tree); err != nil {
		return nil, whole(err.Error())
	}
	proto, err := lua.Compile(tree, chunk)
	if err != nil {
		var ce *lua.CompileError
		if errors.As(err, &ce) {
			return nil, &SyntaxError{Chunk: chunk, Line: ce.Line, Text: ce.Message}
		}
		return nil, whole(err.Error())
	}
	if err := mend(proto); err != nil {
		return nil, whole(err.Error())
	}
	return proto, nil
}

// skipFirst drops a byte order mark and what stands in a first line that
// starts with #; the line itself stays, so that lines keep their numbers.
func skipFirst(src []byte) []byte {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if len(src) > 0 && src[0] == '#' {
		if i := bytes.IndexByte(src, '\n'); i >= 0 {
			return src[i:]
		}
		return nil
	}
	return src
}

func syntaxError(chunk string, src []byte, err error) error {
	var pe *parse.Error
	if !errors.As(err, &pe) {
		return &SyntaxError{Chunk: chunk, Text: err.Error()}
	}
	e := &SyntaxError{Chunk: chunk, Line: pe.Pos.Line, Near: strings.TrimSpace(pe.Token), Text: pe.Message, Column: pe.Pos.Column}
	if e.Text == "parse error" {
		e.Text = "syntax error"
	}
	if pe.Pos.Line == parse.EOF {
		e.Line, e.Near, e.Column = bytes.Count(bytes.TrimRight(src, "\n"), []byte("\n"))+1, "<eof>", 0
	}
	return e
}
