package vm

import (
	"runtime/debug"
	"runtime/metrics"
)

// pacing lets a small heap that does not grow any more fill further between two
// collections: Go would collect a heap of 2 MB at 4 MB, and a busy server makes
// that much garbage many times a second. A heap that grows, by connections that
// come and stay, is left to Go: collected late, it would be full of holes. GOGC
// in the environment overrides it.
type pacing struct {
	own    bool   // GOGC is set
	grown  int    // percent by which the heap may grow now
	live   uint64 // bytes in use after the last collection seen
	cycles uint64 // collections
}

func newPacing(env func(string) (string, bool)) pacing {
	_, own := env("GOGC")
	return pacing{own: own, grown: 100}
}

// look adapts the pace to what is in use, after each collection.
func (p *pacing) look() {
	if p.own {
		return
	}
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	live, cycles := s[0].Value.Uint64(), s[1].Value.Uint64()
	if cycles == p.cycles {
		return
	}
	grown := 100
	switch settled := live < p.live+p.live/8; {
	case settled && live < 16<<20:
		grown = 400
	case settled && live < 48<<20:
		grown = 200
	}
	p.live, p.cycles = live, cycles
	if grown != p.grown {
		p.grown = grown
		debug.SetGCPercent(grown)
	}
}
