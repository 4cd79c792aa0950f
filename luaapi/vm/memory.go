package vm

import (
	"bytes"
	"fmt"
	"os"
	"runtime/metrics"
	"strconv"
	"time"
)

// memoryTick is how often the heap is looked at. A doubling string takes
// longer to copy at any size that matters.
const memoryTick = 50 * time.Millisecond

// watchMemory stops the running fiber when the process's heap is over the
// limit.
func (rt *Runtime) watchMemory() {
	limit := rt.config.MemoryLimit
	go func() {
		t := time.NewTicker(memoryTick)
		defer t.Stop()
		for {
			select {
			case <-rt.stop:
				return
			case <-t.C:
			}
			f := rt.cur.Load()
			if f == nil {
				continue
			}
			if limit == 0 {
				limit = defaultMemoryLimit()
			}
			if heap := heapBytes(); heap > limit {
				f.Cancel(fmt.Sprintf("memory limit of %d MB exceeded", limit>>20))
			}
		}
	}()
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
