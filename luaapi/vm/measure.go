package vm

import (
	"fmt"
	"reflect"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// What one chunk may be. gopher-lua 1.1.2's compiler is recursive and dies with
// the process on deeply nested code; it is quadratic in the number of constants
// (40,000 take 4 s); and where a number does not fit into an instruction it
// makes wrong code without a word.
const (
	maxDepth     = 1_000
	maxConstants = 50_000    // in a function, and names
	maxSigned    = 1<<17 - 1 // a distance or a label in an instruction
	maxUnsigned  = 1<<18 - 1 // an index in an instruction
)

// measure walks the tree of a chunk, bounded, and refuses what the compiler
// would not survive or would compile wrongly.
func measure(tree []ast.Stmt) error {
	return walk(reflect.ValueOf(tree), 0, newScale())
}

// scale is what is counted in one function.
type scale struct {
	constants map[any]struct{}
	labels    int
}

func newScale() *scale { return &scale{constants: map[any]struct{}{}} }

type numeral string // as a constant, other than the string

// add counts a node: the constants and the most labels that it needs.
func (s *scale) add(node any) error {
	switch n := node.(type) {
	case *ast.StringExpr:
		s.constants[n.Value] = struct{}{}
	case *ast.IdentExpr:
		s.constants[n.Value] = struct{}{}
	case *ast.FuncCallExpr:
		s.constants[n.Method] = struct{}{}
	case *ast.NumberExpr:
		s.constants[numeral(n.Value)] = struct{}{}
	case *ast.RelationalOpExpr, *ast.NumberForStmt, *ast.LabelStmt, *ast.GotoStmt, *ast.BreakStmt:
		s.labels++
	case *ast.IfStmt, *ast.WhileStmt, *ast.GenericForStmt:
		s.labels += 3
	case *ast.RepeatStmt, *ast.LogicalOpExpr:
		s.labels += 4
	}
	switch {
	case len(s.constants) > maxConstants:
		return fmt.Errorf("too many constants in one function (limit %d)", maxConstants)
	case s.labels > maxSigned:
		return fmt.Errorf("too many branches in one function")
	}
	return nil
}

var nodeType = reflect.TypeFor[ast.PositionHolder]()

func walk(v reflect.Value, depth int, s *scale) error {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if v.Kind() == reflect.Pointer && v.Type().Implements(nodeType) {
			if depth++; depth > maxDepth {
				return fmt.Errorf("code is nested too deeply (limit %d)", maxDepth)
			}
			node := v.Interface()
			if err := s.add(node); err != nil {
				return err
			}
			if _, ok := node.(*ast.FunctionExpr); ok {
				s = newScale()
			}
		}
		return walk(v.Elem(), depth, s)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String {
			return nil
		}
		for i := range v.Len() {
			if err := walk(v.Index(i), depth, s); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if err := walk(v.Field(i), depth, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// mend puts right what the compiler gets wrong, and refuses jumps that may be
// too far.
//
// A table constructor stores its values in batches of 50. The compiler stores a
// full batch once more after each field with a key that follows it, from
// registers that may have changed since; it counts results at the end of the
// list to the batch before, if that was full; and it writes 0 for the number of
// each batch after the 511th.
func mend(p *lua.FunctionProto) error {
	const (
		full = 50    // batch
		most = 0x1ff // in an instruction
		nop  = uint32(lua.OP_NOP) << 26
	)
	jumps := false
	var batches [256]uint32 // stored so far, by the table's register
	for pc := 0; pc < len(p.Code); pc++ {
		inst := p.Code[pc]
		a, b, c := inst>>18&0xff, inst&most, inst>>9&most
		switch int(inst >> 26) {
		case lua.OP_JMP, lua.OP_FORLOOP, lua.OP_FORPREP:
			jumps = true
		case lua.OP_CLOSURE:
			pc += int(p.FunctionPrototypes[inst&maxUnsigned].NumUpvalues)
		case lua.OP_NEWTABLE:
			batches[a] = 0
		case lua.OP_SETLIST:
			again := b == full && (c != 0 && c == batches[a] || c == 0 && setsField(p.Code[pc-1], a))
			if !again {
				batches[a]++
			}
			switch {
			case again:
				p.Code[pc] = nop
				if c == 0 {
					pc++
					p.Code[pc] = nop
				}
			case c == 0: // the number stands in the next word
				pc++
				p.Code[pc] = batches[a]
			case batches[a] <= most:
				p.Code[pc] = inst&^(most<<9) | batches[a]<<9
			default:
				return fmt.Errorf("results behind exactly %d values in a table constructor", full*most)
			}
		}
	}
	switch {
	case jumps && len(p.Code) > maxSigned:
		return fmt.Errorf("a function with branches is too long (%d instructions, limit %d)", len(p.Code), maxSigned)
	case len(p.FunctionPrototypes) > maxUnsigned:
		return fmt.Errorf("too many functions in one function (limit %d)", maxUnsigned)
	}
	for _, sub := range p.FunctionPrototypes {
		if err := mend(sub); err != nil {
			return err
		}
	}
	return nil
}

// setsField tells whether an instruction sets a field of the table in register a.
func setsField(inst, a uint32) bool {
	op := int(inst >> 26)
	return (op == lua.OP_SETTABLE || op == lua.OP_SETTABLEKS) && inst>>18&0xff == a
}
