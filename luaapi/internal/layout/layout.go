// Package layout writes plain text of 80 columns: wrapped lines, columns, and
// Markdown as a terminal shows it.
package layout

import (
	"strings"
	"unicode/utf8"
)

// Width is how wide a page is.
const Width = 80

const fence = "```"

// Page is text that is being written.
type Page struct{ strings.Builder }

// Line writes a line, without the blanks at its end.
func (p *Page) Line(s string) {
	p.WriteString(strings.TrimRight(s, " "))
	p.WriteByte('\n')
}

// Columns writes rows indented by two. All cells but the last of a row are
// aligned, unless they are wider than their limit; the last one is wrapped.
func (p *Page) Columns(rows [][]string, limits ...int) {
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
			p.Line(head)
			head = indent
		}
		if rest == "" {
			p.Line(head)
			continue
		}
		p.Wrap(head, indent, rest)
	}
}

// Wrap writes words in lines of the page's width: the first after first, the
// others after rest.
func (p *Page) Wrap(first, rest, text string) {
	line, used := first, false
	for _, word := range strings.Fields(text) {
		if used && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > Width {
			p.Line(line)
			line, used = rest, false
		}
		if used {
			line += " "
		}
		line += word
		used = true
	}
	p.Line(line)
}

// Prose writes Markdown below an empty line.
func (p *Page) Prose(doc string) {
	if doc != "" {
		p.Line("")
		p.Markdown(doc, "")
	}
}

// Markdown writes Markdown for the terminal: paragraphs and list items are
// wrapped, code is indented without its fence, the rest stays as it is.
func (p *Page) Markdown(doc, indent string) {
	var para, hang string
	end := func() {
		if para != "" {
			p.Wrap(indent, indent+hang, para)
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
			p.Line("  " + l)
		case s == "":
			end()
			p.Line("")
		case s[0] == '|' || s[0] == '#' || para == "" && strings.HasPrefix(l, "    "):
			end()
			p.Line(indent + l)
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
