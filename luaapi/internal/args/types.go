package args

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Type reads a word into a string, a float64 or a bool.
type Type struct {
	Name     string // as a declaration has it: "port"
	Place    string // what stands for a value in the usage; "" is the parameter's name
	Expected string // in errors: "port 0..65535"
	read     func(word string) (any, bool)
}

// Parse reads a word. The error says what was expected, not for which
// parameter.
func (t *Type) Parse(word string) (any, error) {
	v, ok := t.read(word)
	if ok {
		return v, nil
	}
	got := strconv.Quote(word)
	if n := utf8.RuneCountInString(word); n > 40 {
		got = fmt.Sprintf("%d characters", n)
	}
	return nil, fmt.Errorf("%s expected, got %s", t.Expected, got)
}

func (t *Type) isBool() bool { return t.Name == "boolean" }

// maxInt is the largest whole number that a float64 holds exactly with all
// below it.
const maxInt = 1 << 53

// TypeNames are the types that Named knows.
func TypeNames() []string {
	return []string{"string", "integer", "number", "boolean", "port", "host", "duration", "size"}
}

// Named answers a type by its name.
func Named(name string) (Type, bool) {
	switch name {
	case "string":
		return Type{"string", "", "text", func(s string) (any, bool) { return s, true }}, true
	case "integer":
		return Integer(-maxInt, maxInt), true
	case "number":
		return Number(math.Inf(-1), math.Inf(1)), true
	case "boolean":
		return Type{"boolean", "", "true or false", readBool}, true
	case "port":
		return Type{"port", "PORT", "port 0..65535", func(s string) (any, bool) { return whole(s, 0, 65535) }}, true
	case "host":
		return Type{"host", "HOST", "host name or address", readHost}, true
	case "duration":
		return Type{"duration", "TIME", "time such as 1.5s, 200ms or 2m", readDuration}, true
	case "size":
		return Type{"size", "SIZE", "size such as 512, 64K or 10M", readSize}, true
	}
	return Type{}, false
}

// Integer is whole numbers from min to max.
func Integer(min, max float64) Type {
	min, max = math.Max(min, -maxInt), math.Min(max, maxInt)
	return Type{"integer", "N", "integer" + bounds(min, max, maxInt), func(s string) (any, bool) { return whole(s, min, max) }}
}

// Number is numbers from min to max.
func Number(min, max float64) Type {
	return Type{"number", "N", "number" + bounds(min, max, math.Inf(1)), func(s string) (any, bool) {
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil && f >= min && f <= max && !math.IsInf(f, 0)
	}}
}

// Choice is one of some words.
func Choice(words []string) Type {
	expected := strings.Join(words, " or ")
	if n := len(words); n > 2 {
		expected = strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return Type{"choice", strings.Join(words, "|"), expected, func(s string) (any, bool) {
		return s, slices.Contains(words, s)
	}}
}

// bounds words a range; all is what stands for no bound.
func bounds(min, max, all float64) string {
	text := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	switch {
	case min <= -all && max >= all:
		return ""
	case max >= all:
		return " from " + text(min)
	case min <= -all:
		return " up to " + text(max)
	}
	return " " + text(min) + ".." + text(max)
}

func whole(s string, min, max float64) (any, bool) {
	n, err := strconv.ParseInt(s, 0, 64)
	f := float64(n)
	return f, err == nil && n >= -maxInt && n <= maxInt && f >= min && f <= max
}

func readBool(s string) (any, bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true, true
	case "false", "no", "off", "0":
		return false, true
	}
	return nil, false
}

var hostName = regexp.MustCompile(`^[^\s/:\[\]@?#\x00-\x1f]+$`)

// readHost takes a name, an address, an IPv6 address in brackets and "*".
func readHost(s string) (any, bool) {
	if in, ok := strings.CutPrefix(s, "["); ok {
		if s, ok = strings.CutSuffix(in, "]"); !ok || !strings.Contains(s, ":") {
			return nil, false
		}
	}
	if strings.Contains(s, ":") {
		_, err := netip.ParseAddr(s)
		return s, err == nil
	}
	return s, hostName.MatchString(s)
}

// readDuration answers seconds; a number alone is seconds.
func readDuration(s string) (any, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		d, derr := time.ParseDuration(s)
		f, err = d.Seconds(), derr
	}
	return f, err == nil && f >= 0 && !math.IsInf(f, 0)
}

var sizeForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)([KMGT]?)(?:I?B)?$`)

// readSize answers bytes; K is 1,024.
func readSize(s string) (any, bool) {
	m := sizeForm.FindStringSubmatch(strings.ToUpper(s))
	if m == nil {
		return nil, false
	}
	f, err := strconv.ParseFloat(m[1], 64)
	if m[2] != "" {
		f *= math.Pow(1024, float64(1+strings.Index("KMGT", m[2])))
	}
	return f, err == nil && f == math.Trunc(f) && f <= maxInt
}
