// Package spell finds the name that was perhaps meant.
package spell

// Distance counts the letters to insert, delete, replace or swap with the next
// to make b of a; above limit it answers something above limit.
func Distance(a, b string, limit int) int {
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

// Nearest answers the name that word is most likely a typing error of, "" if
// there is none.
func Nearest(word string, names []string) string {
	limit := max(1, len(word)/3)
	best := ""
	for _, n := range names {
		if d := Distance(word, n, limit); d <= limit && d < max(len(word), len(n)) {
			best, limit = n, d-1
		}
	}
	return best
}
