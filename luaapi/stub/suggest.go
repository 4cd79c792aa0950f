package stub

import (
	"sort"
	"strings"

	"github.com/netrepl/netrepl/luaapi/internal/spell"
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
	if d := spell.Distance(want, name, limit); d <= limit {
		return d
	}
	w, l := last(want), last(name)
	limit = max(1, len(w)/3)
	d := spell.Distance(w, l, limit)
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
