package vm

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxTime is the farthest time in seconds, either way, whose year C's struct
// tm holds.
const maxTime = (math.MaxInt32 - 1) * 365.2425 * 86400

// calendar is a date as C's struct tm has it; fields out of range carry over.
type calendar struct {
	year, month, day, hour, min, sec float64
	isdst                            *bool // nil: find out
}

// unix answers the time as C's mktime does; false if there is none.
func (d calendar) unix(loc *time.Location) (int64, bool) {
	for _, f := range []float64{d.year, d.month, d.day, d.hour, d.min, d.sec} {
		if !(math.Abs(f) <= math.MaxInt32) {
			return 0, false
		}
	}
	t := time.Date(int(d.year), time.Month(d.month), int(d.day), int(d.hour), int(d.min), 0, 0, loc)
	if d.isdst != nil && *d.isdst != t.IsDST() {
		_, offset := t.Zone()
		t = t.Add(time.Duration(offset-otherOffset(t)) * time.Second)
	}
	sec := t.Unix() + int64(d.sec) // seconds pass, they do not carry over into the calendar
	return sec, math.Abs(float64(sec)) <= maxTime
}

// otherOffset finds the offset that a zone had nearest to t when it had summer
// time and t has not, or the other way round; an hour from t's if it never had.
func otherOffset(t time.Time) int {
	const step = 7 * 24 * time.Hour
	for i := time.Duration(1); i <= 53*30; i++ {
		for _, u := range []time.Time{t.Add(-i * step), t.Add(i * step)} {
			if u.IsDST() != t.IsDST() {
				_, offset := u.Zone()
				return offset
			}
		}
	}
	_, offset := t.Zone()
	if t.IsDST() {
		return offset - 3600
	}
	return offset + 3600
}

// strftime formats a time as C's strftime in the C locale: all conversions of
// C99 with E and O, and GNU's k, l, s, P and flags - _ 0 ^ #. It answers the
// first conversion it does not know. check is called with the size so far,
// every now and then.
func strftime(t time.Time, format string, check func(size int)) (text, wrong string) {
	w := dateWriter{t: t}
	for n := 1; ; n++ {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			w.WriteString(format)
			return w.String(), ""
		}
		w.WriteString(format[:i])
		spec := format[i:]
		size := w.convert(spec[1:]) + 1
		if size == 1 {
			return "", spec[:min(len(spec), 2)]
		}
		format = spec[size:]
		if n%checkEvery == 0 {
			check(w.Len())
		}
	}
}

type dateWriter struct {
	bytes.Buffer
	t    time.Time
	flag byte
}

// convert writes one conversion, given without its %, and answers its length;
// 0 if there is none of that name.
func (w *dateWriter) convert(spec string) int {
	i := 0
	w.flag = 0
	for ; i < len(spec) && strings.IndexByte("-_0^#", spec[i]) >= 0; i++ {
		w.flag = spec[i]
	}
	allowed := ""
	if i < len(spec) && spec[i] == 'E' {
		allowed = "cCxXyY"
		i++
	} else if i < len(spec) && spec[i] == 'O' {
		allowed = "deHImMSuUVwWy"
		i++
	}
	if i == len(spec) || allowed != "" && strings.IndexByte(allowed, spec[i]) < 0 || !w.letter(spec[i]) {
		return 0
	}
	return i + 1
}

func (w *dateWriter) letter(c byte) bool {
	t := w.t
	switch c {
	case 'a':
		w.word(t.Weekday().String()[:3])
	case 'A':
		w.word(t.Weekday().String())
	case 'b', 'h':
		w.word(t.Month().String()[:3])
	case 'B':
		w.word(t.Month().String())
	case 'c':
		w.all("%a %b %e %H:%M:%S %Y")
	case 'C':
		w.number(floorDiv(t.Year(), 100), 2, '0')
	case 'd':
		w.number(t.Day(), 2, '0')
	case 'D', 'x':
		w.all("%m/%d/%y")
	case 'e':
		w.number(t.Day(), 2, ' ')
	case 'F':
		w.all("%Y-%m-%d")
	case 'g':
		year, _ := t.ISOWeek()
		w.number(mod(year, 100), 2, '0')
	case 'G':
		year, _ := t.ISOWeek()
		w.number(year, 0, '0')
	case 'H':
		w.number(t.Hour(), 2, '0')
	case 'I':
		w.number((t.Hour()+11)%12+1, 2, '0')
	case 'j':
		w.number(t.YearDay(), 3, '0')
	case 'k':
		w.number(t.Hour(), 2, ' ')
	case 'l':
		w.number((t.Hour()+11)%12+1, 2, ' ')
	case 'm':
		w.number(int(t.Month()), 2, '0')
	case 'M':
		w.number(t.Minute(), 2, '0')
	case 'n':
		w.WriteByte('\n')
	case 'p', 'P':
		w.half(c)
	case 'r':
		w.all("%I:%M:%S %p")
	case 'R':
		w.all("%H:%M")
	case 's':
		w.number(int(t.Unix()), 0, '0')
	case 'S':
		w.number(t.Second(), 2, '0')
	case 't':
		w.WriteByte('\t')
	case 'T', 'X':
		w.all("%H:%M:%S")
	case 'u':
		w.number((int(t.Weekday())+6)%7+1, 1, '0')
	case 'U':
		w.number((t.YearDay()+6-int(t.Weekday()))/7, 2, '0')
	case 'V':
		_, week := t.ISOWeek()
		w.number(week, 2, '0')
	case 'w':
		w.number(int(t.Weekday()), 1, '0')
	case 'W':
		w.number((t.YearDay()+6-(int(t.Weekday())+6)%7)/7, 2, '0')
	case 'y':
		w.number(mod(t.Year(), 100), 2, '0')
	case 'Y':
		w.number(t.Year(), 0, '0')
	case 'z':
		_, offset := t.Zone()
		sign := '+'
		if offset < 0 {
			sign, offset = '-', -offset
		}
		fmt.Fprintf(w, "%c%02d%02d", sign, offset/3600, offset/60%60)
	case 'Z':
		w.zone()
	case '%':
		w.WriteByte('%')
	default:
		return false
	}
	return true
}

// all writes a conversion that stands for several.
func (w *dateWriter) all(format string) {
	upper := w.flag == '^'
	text, _ := strftime(w.t, format, func(int) {})
	if upper {
		text = strings.ToUpper(text)
	}
	w.WriteString(text)
}

func (w *dateWriter) word(s string) {
	if w.flag == '^' || w.flag == '#' {
		s = strings.ToUpper(s)
	}
	w.WriteString(s)
}

// half writes AM or PM.
func (w *dateWriter) half(c byte) {
	s := "AM"
	if w.t.Hour() >= 12 {
		s = "PM"
	}
	if c == 'P' || w.flag == '#' {
		s = strings.ToLower(s)
	}
	w.WriteString(s)
}

func (w *dateWriter) zone() {
	name, _ := w.t.Zone()
	if w.t.Location() == time.UTC {
		name = "GMT" // as C's gmtime has it
	}
	if w.flag == '#' {
		name = strings.ToLower(name)
	}
	w.WriteString(name)
}

// number writes n with at least width characters.
func (w *dateWriter) number(n, width int, pad byte) {
	switch w.flag {
	case '-':
		width = 0
	case '_':
		pad = ' '
	case '0':
		pad = '0'
	}
	if n < 0 {
		w.WriteByte('-')
		n, width = -n, width-1
	}
	digits := strconv.Itoa(n)
	for i := len(digits); i < width; i++ {
		w.WriteByte(pad)
	}
	w.WriteString(digits)
}

func floorDiv(a, b int) int { return (a - mod(a, b)) / b }

func mod(a, b int) int { return (a%b + b) % b }
