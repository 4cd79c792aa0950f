package stub

import (
	"sort"
	"strings"
)

const maxSuggestions = 5

// Suggest answers at most five names that were perhaps meant, the likeliest
// first: names that end like it, then names with a typing error, then names
// that contain it.
func (s *Set) Suggest(name string) []string {
	s.load()
	want := strings.ToLower(clean(name))
	if want == "" {
		return nil
	}
	qualified := strings.ContainsAny(want, ".:")
	type match struct {
		name string
		cost int
	}
	var found []match
	for _, n := range s.names {
		if e := s.entries[n]; e != nil && e.Inherited != "" && !qualified {
			continue
		}
		if c := cost(want, strings.ToLower(n), qualified); c >= 0 {
			found = append(found, match{n, c})
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].cost < found[j].cost })
	var out []string
	for _, m := range found {
		if len(out) < maxSuggestions {
			out = append(out, m.name)
		}
	}
	return out
}

// cost answers how far name is from want, -1 for too far.
func cost(want, name string, qualified bool) int {
	const elsewhere, inside = 10, 20 // right word, wrong table; part of a word
	limit := max(1, len(want)/3)
	if d := distance(want, name, limit); d <= limit {
		return d
	}
	w, l := last(want), last(name)
	limit = max(1, len(w)/3)
	d := distance(w, l, limit)
	switch {
	case !qualified && d <= limit:
		return d
	case w == l:
		return elsewhere
	case qualified && len(w) > 3 && d <= limit && l != name:
		return elsewhere + d
	case len(w) > 2 && strings.Contains(l, w):
		return inside + len(l) - len(w)
	}
	return -1
}

// distance counts the letters to insert, delete, replace or swap with the next
// to make b of a; above limit it answers something above limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			d := prev[j-1]
			if a[i-1] != b[j-1] {
				d++
			}
			d = min(d, prev[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
		}
		before, prev, row = prev, row, before
	}
	return prev[len(b)]
}
