package vm

import "strings"

// pattern is a Lua 5.1 pattern in the form that the matcher walks through. It
// never changes. Unlike PUC Lua's, a zero byte in a pattern stands for itself.
//
// Since items follow one another without branches, which capture a bracket
// opens or closes and whether a back reference is valid is known beforehand.
// What PUC Lua finds wrong only when it gets there is an item, opRaise.
type pattern struct {
	items    []patternItem
	captures []captureKind
	anchored bool
	plain    bool   // has no special character: string.find looks for the text
	text     string // as written
	prefix   string // what each match begins with
	first    *byteSet
	need     string // what each match has in it
	// run is the repetition that the pattern begins with, nil if there is none.
	// When a match that starts in the middle of a run would end the run where the
	// one from its start has tried to, it need not be tried.
	run *patternItem
}

type captureKind uint8

const (
	captureOpen captureKind = iota // its closing bracket is missing
	captureText
	capturePosition
)

// patternItem is a step of a pattern.
type patternItem struct {
	op    patternOp
	n     uint8    // opOpen, opClose, opPosition, opBack: which capture
	min   uint8    // opMax: 0 or 1
	most1 bool     // opMax: one at most
	once  bool     // opMax: if the rest does not match after the longest run, it matches after no other
	x, y  byte     // opBalance
	stop  int16    // opMax: the only byte that is not in set, -1 if there is no such
	all   bool     // opMax, opMin: set has every byte
	set   *byteSet // opSet, opMax, opMin, opFrontier
	next  *byteSet // opMax, opMin: a byte of it must follow; nil if that is not known
	text  string   // opText; opMin: text that must follow; opRaise: the message
}

type patternOp uint8

const (
	opEnd patternOp = iota
	opText
	opSet // one byte
	opMax // a? a* a+
	opMin // a-
	opOpen
	opClose
	opPosition
	opBack
	opBalance
	opFrontier
	opLast  // $ at the end
	opNever // matches nothing
	opRaise
)

const (
	maxCaptures  = 32
	maxItems     = 20_000
	patternChars = "^$*+?.([%-"
)

// byteSet tells for each byte whether it belongs.
type byteSet [256]bool

func setOf(in func(c byte) bool) *byteSet {
	var s byteSet
	for c := range s {
		s[c] = in(byte(c))
	}
	return &s
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlnum(c byte) bool { return isAlpha(c) || isDigit(c) }

var anyByte = setOf(func(byte) bool { return true })

// classes are %a and the like by their letter, %A too.
var classes = func() (m [256]*byteSet) {
	for c, in := range map[byte]func(c byte) bool{
		'a': isAlpha,
		'c': func(c byte) bool { return c < ' ' || c == 127 },
		'd': isDigit,
		'l': func(c byte) bool { return c >= 'a' && c <= 'z' },
		'p': func(c byte) bool { return c > ' ' && c < 127 && !isAlnum(c) },
		's': func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' },
		'u': func(c byte) bool { return c >= 'A' && c <= 'Z' },
		'w': isAlnum,
		'x': func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' },
		'z': func(c byte) bool { return c == 0 },
	} {
		m[c] = setOf(in)
		m[c-'a'+'A'] = setOf(func(c byte) bool { return !in(c) })
	}
	return
}()

// compilePattern never fails: what is wrong with a pattern is raised where a
// match gets to it. Without anchors ^ stands for itself, as in gmatch.
func compilePattern(text string, anchors bool) *pattern {
	p := &pattern{text: text, plain: !strings.ContainsAny(text, patternChars)}
	c := patternCompiler{pattern: p, src: text}
	if anchors && strings.HasPrefix(text, "^") {
		p.anchored = true
		c.src = text[1:]
	}
	for c.src != "" && !c.ended {
		if len(p.items) >= maxItems {
			c.raise("pattern too complex")
			break
		}
		c.item()
	}
	c.flush()
	p.items = append(p.items, patternItem{op: opEnd})
	c.lookAhead()
	c.findShortcuts()
	return p
}

type patternCompiler struct {
	*pattern
	src   string
	text  []byte // single bytes seen, not yet an item
	open  []uint8
	ended bool
}

func (c *patternCompiler) flush() {
	if len(c.text) > 0 {
		c.items = append(c.items, patternItem{op: opText, text: string(c.text)})
		c.text = c.text[:0]
	}
}

func (c *patternCompiler) add(it patternItem) {
	c.flush()
	c.items = append(c.items, it)
}

func (c *patternCompiler) raise(message string) {
	c.add(patternItem{op: opRaise, text: message})
	c.ended = true
}

// item reads the next item.
func (c *patternCompiler) item() {
	s := c.src
	switch {
	case strings.HasPrefix(s, "("):
		c.openCapture()
	case s[0] == ')':
		c.src = s[1:]
		if len(c.open) == 0 {
			c.raise("invalid pattern capture")
			return
		}
		n := c.open[len(c.open)-1]
		c.open = c.open[:len(c.open)-1]
		c.captures[n] = captureText
		c.add(patternItem{op: opClose, n: n})
	case s == "$":
		c.src = ""
		c.add(patternItem{op: opLast})
	case strings.HasPrefix(s, "%b"):
		if len(s) < 4 {
			c.raise("unbalanced pattern")
			return
		}
		c.src = s[4:]
		c.add(patternItem{op: opBalance, x: s[2], y: s[3]})
	case strings.HasPrefix(s, "%f"):
		if c.src = s[2:]; !strings.HasPrefix(c.src, "[") {
			c.raise("missing '[' after '%f' in pattern")
			return
		}
		if set, ok := c.bracketSet(); ok {
			c.add(patternItem{op: opFrontier, set: set})
		}
	case len(s) > 1 && s[0] == '%' && isDigit(s[1]):
		c.src = s[2:]
		c.backReference(int(s[1]) - '1')
	default:
		c.single()
	}
}

func (c *patternCompiler) openCapture() {
	if len(c.captures) == maxCaptures {
		c.raise("too many captures")
		return
	}
	n := uint8(len(c.captures))
	if strings.HasPrefix(c.src, "()") {
		c.src = c.src[2:]
		c.captures = append(c.captures, capturePosition)
		c.add(patternItem{op: opPosition, n: n})
		return
	}
	c.src = c.src[1:]
	c.captures = append(c.captures, captureOpen)
	c.open = append(c.open, n)
	c.add(patternItem{op: opOpen, n: n})
}

func (c *patternCompiler) backReference(n int) {
	switch {
	case n < 0 || n >= len(c.captures) || c.captures[n] == captureOpen:
		c.raise("invalid capture index")
	case c.captures[n] == capturePosition:
		c.add(patternItem{op: opNever})
	default:
		c.add(patternItem{op: opBack, n: uint8(n)})
	}
}

// single reads what stands for one byte, and how often it is meant.
func (c *patternCompiler) single() {
	var set *byteSet
	b := c.src[0]
	switch {
	case b == '%' && len(c.src) == 1:
		c.raise("malformed pattern (ends with '%')")
		return
	case b == '%':
		b = c.src[1]
		set = classes[b]
		c.src = c.src[2:]
	case b == '[':
		var ok bool
		if set, ok = c.bracketSet(); !ok {
			return
		}
	default:
		if b == '.' {
			set = anyByte
		}
		c.src = c.src[1:]
	}
	if c.src == "" || strings.IndexByte("*+-?", c.src[0]) < 0 {
		if set == nil {
			c.text = append(c.text, b)
		} else {
			c.add(patternItem{op: opSet, set: set})
		}
		return
	}
	if set == nil {
		set = setOf(func(c byte) bool { return c == b })
	}
	it := patternItem{op: opMax, set: set, all: set == anyByte, stop: set.missing()}
	switch c.src[0] {
	case '+':
		it.min = 1
	case '?':
		it.most1 = true
	case '-':
		it.op = opMin
	}
	c.src = c.src[1:]
	c.add(it)
}

// missing answers the only byte that is not in s, -1 if there is no such.
func (s *byteSet) missing() int16 {
	found := int16(-1)
	for c, in := range s {
		if !in {
			if found >= 0 {
				return -1
			}
			found = int16(c)
		}
	}
	return found
}

// bracketSet reads [...], which may hold ] as its first character.
func (c *patternCompiler) bracketSet() (*byteSet, bool) {
	s := c.src
	i := 1
	if strings.HasPrefix(s[i:], "^") {
		i++
	}
	start := i
	for first := true; first || i >= len(s) || s[i] != ']'; first = false {
		if i >= len(s) {
			c.raise("malformed pattern (missing ']')")
			return nil, false
		}
		i++
		if s[i-1] == '%' && i < len(s) {
			i++
		}
	}
	c.src = s[i+1:]
	var set byteSet
	for in := s[start:i]; in != ""; {
		switch {
		case in[0] == '%' && len(in) > 1:
			if class := classes[in[1]]; class != nil {
				for b, is := range class {
					set[b] = set[b] || is
				}
			} else {
				set[in[1]] = true
			}
			in = in[2:]
		case len(in) > 2 && in[1] == '-':
			for b := int(in[0]); b <= int(in[2]); b++ {
				set[b] = true
			}
			in = in[3:]
		default:
			set[in[0]] = true
			in = in[1:]
		}
	}
	if start == 2 {
		for b := range set {
			set[b] = !set[b]
		}
	}
	return &set, true
}

// lookAhead finds out what a match and what follows a repetition begins with.
// Nothing is passed over that would be raised: what raises is not known.
func (c *patternCompiler) lookAhead() {
	var first *byteSet // of the items behind; nil: unknown, or may be empty
	text := ""         // that the items behind begin with
	ends := true       // the items behind always match
	for i := len(c.items) - 1; i >= 0; i-- {
		it := &c.items[i]
		switch it.op {
		case opEnd, opOpen, opClose, opPosition:
			continue
		case opText:
			first, text = setOf(func(c byte) bool { return c == it.text[0] }), it.text
		case opSet:
			first, text = it.set, ""
		case opBalance:
			first, text = setOf(func(c byte) bool { return c == it.x }), ""
		case opMax, opMin:
			it.next = first
			if it.op == opMin {
				it.text = text
			} else {
				it.once = ends || first != nil && !it.set.meets(first)
			}
			switch {
			case it.min == 1:
				first = it.set
			case first != nil:
				both := *first
				for b, in := range it.set {
					both[b] = both[b] || in
				}
				first = &both
			}
			text = ""
		default:
			first, text = nil, ""
		}
		ends = false
	}
	c.prefix, c.first = text, first
}

// findShortcuts finds what spares attempts that must fail.
func (c *patternCompiler) findShortcuts() {
	repeats := false
	for i := range c.items {
		it := &c.items[i]
		switch it.op {
		case opMax, opMin:
			if !repeats && !it.most1 && c.allBrackets(i) {
				c.run = it
			}
			repeats = true
		case opText:
			if repeats && len(it.text) >= len(c.need) {
				c.need = it.text
			}
		case opBack:
			c.run = nil // the rest may match otherwise where the capture is shorter
		}
	}
}

// allBrackets tells whether the first n items match anywhere.
func (c *patternCompiler) allBrackets(n int) bool {
	for _, it := range c.items[:n] {
		if it.op != opOpen && it.op != opClose && it.op != opPosition {
			return false
		}
	}
	return true
}

func (s *byteSet) meets(o *byteSet) bool {
	for c, in := range s {
		if in && o[c] {
			return true
		}
	}
	return false
}

// patternCache keeps the patterns last compiled. Guarded by the baton.
type patternCache struct {
	m    map[string]*pattern
	last *pattern
}

const (
	cachedPatterns   = 100
	cachedPatternLen = 200
)

func (c *patternCache) get(text string) *pattern {
	if c.last != nil && c.last.text == text {
		return c.last
	}
	p := c.m[text]
	if p == nil {
		p = compilePattern(text, true)
		if len(text) > cachedPatternLen {
			return p
		}
		if c.m == nil || len(c.m) >= cachedPatterns {
			c.m = make(map[string]*pattern, cachedPatterns)
		}
		c.m[text] = p
	}
	c.last = p
	return p
}
