package vm

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"time"
)

// memoryTick is how often the heap is looked at. A doubling string takes
// longer to copy at any size that matters.
const memoryTick = 50 * time.Millisecond

// giveBackTime is how long what a stopped fiber held may take to be collected;
// abandoned coroutines take some rounds.
const giveBackTime = time.Second

// watch looks after the running fiber until the runtime is closed: it stops it
// when the process's heap is over the limit, and names it when others have been
// queueing behind it for long.
func (rt *Runtime) watch() {
	t := time.NewTicker(memoryTick)
	defer t.Stop()
	limit := rt.config.MemoryLimit
	var grants uint64
	var since time.Time // it got the baton
	var rest settling
	var before uint64   // the heap's size at the last tick
	var stopped *Fiber  // the last that was over the limit
	var again time.Time // when another may be stopped
	for {
		var now time.Time
		select {
		case <-rt.stop:
			return
		case now = <-t.C:
		}
		if n := rt.baton.grants.Load(); n != grants || rt.baton.queued.Load() == 0 {
			grants, since = n, now
		} else if now.Sub(since) >= hogTime {
			rt.nameHog()
			since = now
		}
		rest.look(rt.baton.grants.Load(), now)
		if limit == 0 {
			limit = defaultMemoryLimit()
			collectBefore(limit)
		}
		heap := heapBytes()
		if stopped != nil && !stopped.over() {
			again = now.Add(giveBackTime)
		}
		// A string that doubles leaves no time; otherwise what is no longer in use
		// is nobody's fault.
		sudden := heap > before+limit/2 && now.After(again)
		if heap > limit && !sudden {
			runtime.GC()
			heap = heapBytes()
		}
		before = heap
		if f := rt.cur.Load(); f != nil && heap > limit && now.After(again) {
			f.Cancel(fmt.Sprintf("memory limit of %d MB exceeded", limit>>20))
			stopped, again = f, now.Add(giveBackTime)
		}
	}
}

// over tells whether the fiber has ended.
func (f *Fiber) over() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch f.state {
	case "done", "failed", "cancelled":
		return true
	}
	return false
}

// collectBefore makes Go's collector work hard before the heap reaches the
// limit, unless GOMEMLIMIT says otherwise: what is over it is then in use.
func collectBefore(limit uint64) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(int64(limit / 10 * 9))
	}
}

func heapBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// defaultMemoryLimit is half of what the machine or the cgroup has, 2 GB where
// neither says.
func defaultMemoryLimit() uint64 {
	total := uint64(4 << 30)
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if fields := bytes.Fields(text); len(fields) > 1 { // MemTotal: N kB
			if kb, err := strconv.ParseUint(string(fields[1]), 10, 64); err == nil {
				total = kb << 10
			}
		}
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if text, err := os.ReadFile(file); err == nil {
			if n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64); err == nil && n < total {
				total = n
			}
		}
	}
	return total / 2
}
