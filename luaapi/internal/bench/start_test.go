package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkStart times a whole process that runs an empty script against an
// empty Go program: both are built here, and started in turn.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
		return path
	}
	build := func(name, source string) string {
		path := filepath.Join(dir, name)
		if out, err := exec.Command("go", "build", "-o", path, source).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		return path
	}
	script := write("empty.lua", "")
	plain := build("plain", write("empty.go", "package main\n\nfunc main() {}\n"))
	ours := build("netrepl", "../../..")
	once := func(name string, args ...string) float64 {
		start := time.Now()
		if err := exec.Command(name, args...).Run(); err != nil {
			b.Fatal(err)
		}
		return float64(time.Since(start).Microseconds()) / 1000
	}
	var plainTimes, times []float64
	for b.Loop() {
		plainTimes = append(plainTimes, once(plain))
		times = append(times, once(ours, script))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(plainTimes), "go-ms")
	b.ReportMetric(median(times), "ms")
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
