package spell

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"host", "port", "raw", "x"}
	for _, c := range []struct{ word, want string }{
		{"prot", "port"}, {"pot", "port"}, {"hosts", "host"}, {"rwa", "raw"},
		{"y", ""}, {"completely", ""}, {"", ""}, {"port", "port"},
	} {
		if got := Nearest(c.word, names); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}
