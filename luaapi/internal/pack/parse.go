package pack

import (
	"strconv"
)

// parser reads the text of a format.
type parser struct {
	text     string
	at       int
	big      bool
	maxAlign int
}

// Parse reads a format. The error is an *Error.
func Parse(text string) (*Format, error) {
	if len(text) > maxFormat {
		return nil, errorf(strconv.Itoa(len(text)), "format of at most %d bytes", maxFormat)
	}
	p := parser{text: text, maxAlign: 1}
	f := &Format{text: text}
	for p.at < len(text) {
		o, err := p.option()
		if err != nil {
			return nil, err
		}
		if o.kind == kindNone {
			continue
		}
		if err := p.setAlign(&o); err != nil {
			return nil, err
		}
		if o.kind < kindPadding {
			f.values++
		}
		f.ops = append(f.ops, o)
	}
	return f, nil
}

// option reads the next option, without its alignment.
func (p *parser) option() (op, *Error) {
	start := p.at
	c := p.text[start]
	p.at++
	o := op{big: p.big, at: start}
	var err *Error
	switch c {
	case 'b', 'B':
		o.kind, o.size = integer(c, 'b'), 1
	case 'h', 'H':
		o.kind, o.size = integer(c, 'h'), 2
	case 'l', 'L':
		o.kind, o.size = integer(c, 'l'), nativeWord
	case 'j', 'J':
		o.kind, o.size = integer(c, 'j'), nativeWord
	case 'T':
		o.kind, o.size = kindUint, nativeWord
	case 'i', 'I':
		o.kind = integer(c, 'i')
		o.size, err = p.integerSize(nativeInt)
	case 'f':
		o.kind, o.size = kindFloat, 4
	case 'd', 'n':
		o.kind, o.size = kindDouble, 8
	case 's':
		o.kind = kindString
		o.size, err = p.integerSize(nativeWord)
	case 'c':
		o.kind = kindChars
		n, given := p.number()
		switch {
		case !given:
			err = errorf(p.next(), "size after %s", place("c", start))
		case n > MaxSize:
			err = errorf(p.text[start+1:p.at], "size 0..%d after %s", MaxSize, place("c", start))
		}
		o.size = n
	case 'z':
		o.kind = kindZero
	case 'x':
		o.kind, o.size = kindPadding, 1
	case 'X':
		o.kind = kindAlign
	case '<', '=':
		p.big = false
	case '>':
		p.big = true
	case '!':
		p.maxAlign, err = p.integerSize(nativeWord)
	case ' ':
	default:
		err = errorf(strconv.Quote(p.text[start:p.at]), "format option at position %d", start+1)
	}
	o.end = p.at
	return o, err
}

func integer(c, signed byte) kind {
	if c == signed {
		return kindInt
	}
	return kindUint
}

// setAlign finds the alignment of o; X takes it from the option that follows.
func (p *parser) setAlign(o *op) *Error {
	align := o.size
	if o.kind == kindAlign {
		if p.at == len(p.text) {
			return errorf("the end", "option with an alignment after %s", place("X", o.at))
		}
		next, err := p.option()
		if err != nil {
			return err
		}
		o.end = next.end
		align = next.size
		if align == 0 || next.kind == kindNone || next.kind == kindChars {
			return errorf(strconv.Quote(p.text[next.at:next.end]), "option with an alignment after %s", place("X", o.at))
		}
	}
	if align <= 1 || o.kind == kindChars {
		return nil
	}
	align = min(align, p.maxAlign)
	if align&(align-1) != 0 {
		return errorf(strconv.Itoa(align), "alignment that is a power of 2 for %s", place(p.text[o.at:o.end], o.at))
	}
	o.align = uint8(align)
	return nil
}

// integerSize reads an optional size of 1 to 16.
func (p *parser) integerSize(def int) (int, *Error) {
	start := p.at
	n, given := p.number()
	if !given {
		return def, nil
	}
	if n < 1 || n > maxInteger {
		return 0, errorf(p.text[start:p.at], "size 1..%d after %s", maxInteger, place(p.text[start-1:start], start-1))
	}
	return n, nil
}

// number reads digits. Beyond MaxSize it no longer counts.
func (p *parser) number() (n int, given bool) {
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		if n <= MaxSize {
			n = n*10 + int(p.text[p.at]-'0')
		}
		p.at++
		given = true
	}
	return n, given
}

// next names what stands at the parser's place.
func (p *parser) next() string {
	if p.at == len(p.text) {
		return "the end"
	}
	return strconv.Quote(p.text[p.at : p.at+1])
}
