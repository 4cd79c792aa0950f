package json

import (
	"strconv"
	"strings"
)

// problem is what was wrong with a value and where. The steps of the path are
// added on the way out, the innermost first.
type problem struct {
	expected, got string
	path          []string
}

// inKey adds that the value stood at a key of an object.
func (p *problem) inKey(key string) {
	p.path = append(p.path, keyStep(key))
}

// inIndex adds that the value stood in an array; i counts from 1.
func (p *problem) inIndex(i int) {
	p.path = append(p.path, "["+strconv.Itoa(i)+"]")
}

func keyStep(key string) string {
	if len(key) > 40 {
		return `["` + strings.Trim(strconv.Quote(key[:37]), `"`) + `..."]`
	}
	for i := range len(key) {
		c := key[i] | 0x20
		if !('a' <= c && c <= 'z' || key[i] == '_' || i > 0 && '0' <= c && c <= '9') {
			return "[" + strconv.Quote(key) + "]"
		}
	}
	if key == "" {
		return `[""]`
	}
	return "." + key
}

// place writes the path, such as $.a[3]; of a long one only the ends.
func (p *problem) place() string {
	const ends = 8
	var b strings.Builder
	b.WriteByte('$')
	for i := len(p.path) - 1; i >= 0; i-- {
		if i == len(p.path)-1-ends && i >= ends {
			b.WriteString("...")
			i = ends
			continue
		}
		b.WriteString(p.path[i])
	}
	return b.String()
}
