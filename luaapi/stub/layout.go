package stub

import (
	"strings"
	"unicode/utf8"
)

// columns writes rows indented by two. All cells but the last of a row are
// aligned, unless they are wider than their limit; the last one is wrapped.
func (p *page) columns(rows [][]string, limits ...int) {
	widths := make([]int, len(limits))
	for _, row := range rows {
		for i := range widths {
			if i < len(row) {
				if n := utf8.RuneCountInString(row[i]); n <= limits[i] {
					widths[i] = max(widths[i], n)
				}
			}
		}
	}
	hang := 2
	for _, w := range widths {
		if w > 0 {
			hang += w + 2
		}
	}
	indent := strings.Repeat(" ", hang)
	for _, row := range rows {
		head, at, fits := "  ", 2, true
		for i := range widths {
			if i >= len(row) {
				break
			}
			n := utf8.RuneCountInString(row[i])
			if widths[i] > 0 {
				at += widths[i] + 2
			}
			head += row[i] + "  "
			if pad := at - utf8.RuneCountInString(head); pad > 0 {
				head += strings.Repeat(" ", pad)
			}
			fits = fits && (n <= widths[i] || utf8.RuneCountInString(head) <= at)
		}
		rest := ""
		if len(row) > len(widths) {
			rest = row[len(widths)]
		}
		if !fits && rest != "" {
			p.line(head)
			head = indent
		}
		if rest == "" {
			p.line(head)
			continue
		}
		p.wrap(head, indent, rest)
	}
}

// wrap writes words in lines of the page's width: the first after first, the
// others after rest.
func (p *page) wrap(first, rest, text string) {
	line, used := first, false
	for _, word := range strings.Fields(text) {
		if used && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			p.line(line)
			line, used = rest, false
		}
		if used {
			line += " "
		}
		line += word
		used = true
	}
	p.line(line)
}

// prose writes Markdown below an empty line.
func (p *page) prose(doc string) {
	if doc != "" {
		p.line("")
		p.markdown(doc, "")
	}
}

// markdown writes Markdown for the terminal: paragraphs and list items are
// wrapped, code is indented without its fence, the rest stays as it is.
func (p *page) markdown(doc, indent string) {
	var para, hang string
	end := func() {
		if para != "" {
			p.wrap(indent, indent+hang, para)
		}
		para, hang = "", ""
	}
	fenced := false
	for _, l := range strings.Split(doc, "\n") {
		s := strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(s, fence):
			end()
			fenced = !fenced
		case fenced:
			p.line("  " + l)
		case s == "":
			end()
			p.line("")
		case s[0] == '|' || s[0] == '#' || para == "" && strings.HasPrefix(l, "    "):
			end()
			p.line(indent + l)
		case listMark(s) > 0:
			end()
			para, hang = s, strings.Repeat(" ", listMark(s))
		default:
			para += " " + s
		}
	}
	end()
}

// listMark answers the width of the mark of a list item, 0 if there is none.
func listMark(s string) int {
	if strings.HasPrefix(s, "- ") || strings.HasPrefix(s, "* ") {
		return 2
	}
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i > 0 && strings.HasPrefix(s[i:], ". ") {
		return i + 2
	}
	return 0
}

// cutExamples cuts prose before its first example.
func cutExamples(doc string) (before, examples string) {
	for at := 0; at < len(doc); {
		line, _, _ := strings.Cut(doc[at:], "\n")
		if strings.HasPrefix(strings.TrimSpace(line), fence+"lua") {
			return strings.TrimSpace(doc[:at]), doc[at:]
		}
		at += len(line) + 1
	}
	return doc, ""
}
