package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// matcher finds a pattern in a string. A runtime has one: it is in use only
// between two calls of Lua functions. Guarded by the baton.
//
// It does not recurse: where a match could go on otherwise is kept in a list,
// which never has more entries than the pattern has repetitions.
type matcher struct {
	L        *lua.LState
	src      string
	pat      *pattern
	captures [maxCaptures]struct{ start, end int }
	others   []choice
	steps    int
}

// choice is a repetition that could have taken fewer (opMax) or more (opMin).
type choice struct {
	item int
	at   int // where the repetition ended
	low  int // opMax: where it ends at the least
}

func (m *matcher) begin(L *lua.LState, src string, pat *pattern) {
	m.L, m.src, m.pat = L, src, pat
}

// done lets go of the string.
func (m *matcher) done() { m.L, m.src, m.pat = nil, "", nil }

func (m *matcher) raise(message string) {
	L := m.L
	m.done()
	L.RaiseError("%s", message)
}

func (m *matcher) step(n int) {
	if m.steps += n; m.steps >= checkEvery {
		m.steps = 0
		Check(m.L)
	}
}

// find looks for the first match that starts at s or later; start is -1 if
// there is none.
func (m *matcher) find(s int) (start, end int) {
	p := m.pat
	if p.anchored {
		if end = m.match(s); end < 0 {
			return -1, -1
		}
		return s, end
	}
	src := m.src
	needed := -1 // where p.need stands
	for s <= len(src) {
		if p.need != "" && needed < s {
			if needed = strings.Index(src[s:], p.need); needed < 0 {
				break
			}
			needed += s
		}
		if p.prefix != "" {
			i := strings.Index(src[s:], p.prefix)
			if i < 0 {
				break
			}
			s += i
		} else if first := p.first; first != nil {
			from := s
			for s < len(src) && !first[src[s]] {
				s++
			}
			if s == len(src) {
				break
			}
			m.steps += s - from
		}
		if end = m.match(s); end >= 0 {
			return s, end
		}
		if p.run != nil {
			s = m.longest(p.run, s)
		}
		s++
		m.step(1)
	}
	return -1, -1
}

// match answers where the pattern's match that starts at s ends, -1 if it does
// not match there.
func (m *matcher) match(s int) int {
	src, items := m.src, m.pat.items
	m.others = m.others[:0]
	for i := 0; ; {
		it := &items[i]
		ok := false
		switch it.op {
		case opEnd:
			return s
		case opText:
			if ok = strings.HasPrefix(src[s:], it.text); ok {
				s += len(it.text)
			}
		case opSet:
			if ok = s < len(src) && it.set[src[s]]; ok {
				s++
			}
		case opMax:
			end := m.longest(it, s)
			low := s + int(it.min)
			ok = end >= low
			if end > low && !it.once {
				m.others = append(m.others, choice{i, end, low})
			}
			s = end
		case opMin:
			ok = it.next == nil || s < len(src) && it.next[src[s]]
			m.others = append(m.others, choice{i, s, 0})
		case opOpen:
			m.captures[it.n].start = s
			ok = true
		case opClose:
			m.captures[it.n].end = s
			ok = true
		case opPosition:
			m.captures[it.n].start = s
			ok = true
		case opBack:
			c := m.captures[it.n]
			if ok = strings.HasPrefix(src[s:], src[c.start:c.end]); ok {
				s += c.end - c.start
				m.step((c.end - c.start) / 16)
			}
		case opBalance:
			s, ok = m.balance(it, s)
		case opFrontier:
			var before, here byte
			if s > 0 {
				before = src[s-1]
			}
			if s < len(src) {
				here = src[s]
			}
			ok = !it.set[before] && it.set[here]
		case opLast:
			ok = s == len(src)
		case opRaise:
			m.raise(it.text)
		}
		if ok {
			i++
			continue
		}
		if i, s = m.other(); i < 0 {
			return -1
		}
	}
}

// longest answers where the longest run of a repetition ends.
func (m *matcher) longest(it *patternItem, s int) int {
	src, end := m.src, s
	switch {
	case it.most1:
		if s < len(src) && it.set[src[s]] {
			end++
		}
		return end
	case it.all:
		end = len(src)
	case it.stop >= 0:
		if end = strings.IndexByte(src[s:], byte(it.stop)); end < 0 {
			end = len(src)
		} else {
			end += s
		}
	default:
		set := it.set
		for end < len(src) && set[src[end]] {
			end++
		}
		m.step(end - s)
		return end
	}
	m.step((end - s) / 16)
	return end
}

// other goes back to the last choice that has something left, and answers the
// item after it and where that has to match; -1 if there is none.
func (m *matcher) other() (i, s int) {
	src := m.src
	for len(m.others) > 0 {
		c := &m.others[len(m.others)-1]
		it := &m.pat.items[c.item]
		from, next, found := c.at, it.next, false
		at := from
		switch {
		case it.op == opMax:
			for at--; next != nil && at > c.low && !next[src[at]]; {
				at--
			}
			found = next == nil || next[src[at]]
			i = c.item + 1
			if c.at = at; at == c.low {
				m.others = m.others[:len(m.others)-1]
			}
			m.step(from - at)
			if found {
				return i, at
			}
			continue
		case it.all && it.text != "":
			if at < len(src) {
				if j := strings.Index(src[at+1:], it.text); j >= 0 {
					at, found = at+1+j, true
				} else {
					at = len(src)
				}
			}
			m.step((at - from) / 16)
		default:
			for at < len(src) && it.set[src[at]] && !found {
				at++
				found = next == nil || at < len(src) && next[src[at]]
			}
			m.step(at - from)
		}
		if found {
			c.at = at
			return c.item + 1, at
		}
		m.others = m.others[:len(m.others)-1]
	}
	return -1, 0
}

// balance answers where %bxy ends.
func (m *matcher) balance(it *patternItem, s int) (int, bool) {
	src := m.src
	if s >= len(src) || src[s] != it.x {
		return s, false
	}
	open := 1
	for i := s + 1; i < len(src); i++ {
		switch src[i] {
		case it.y:
			if open--; open == 0 {
				m.step(i - s)
				return i + 1, true
			}
		case it.x:
			open++
		}
	}
	m.step(len(src) - s)
	return s, false
}

// capture answers the i-th capture (from 0) of a match; the first is the whole
// match if the pattern has none.
func (m *matcher) capture(i, start, end int) lua.LValue {
	if i == 0 && len(m.pat.captures) == 0 {
		return lua.LString(m.src[start:end])
	}
	if i >= len(m.pat.captures) {
		m.raise("invalid capture index")
	}
	c := m.captures[i]
	switch m.pat.captures[i] {
	case captureOpen:
		m.raise("unfinished capture")
	case capturePosition:
		return lua.LNumber(c.start + 1)
	}
	return lua.LString(m.src[c.start:c.end])
}

// pushCaptures pushes the captures of a match, the whole match if the pattern
// has none, and answers how many.
func (m *matcher) pushCaptures(start, end int) int {
	n := max(1, len(m.pat.captures))
	for i := range n {
		m.L.Push(m.capture(i, start, end))
	}
	return n
}
