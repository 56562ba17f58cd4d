package vm

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkBootToVerdict is one cut from nothing to its verdict: a machine boots
// from its firmware on, the worker writes until QEMU is killed, another machine
// boots and the store is judged. The target is a median of 6 s on 2 quiet cores;
// the load beside it says how quiet they were.
func BenchmarkBootToVerdict(b *testing.B) {
	l := testLab(b)
	l.options.Cold = true
	w := testWorkload(20, 0)
	var seconds []float64
	for b.Loop() {
		start := time.Now()
		if _, err := l.Run(b.Context(), Cell{"6.1", "ext4", "sigkill"}, w); err != nil {
			b.Fatal(err)
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	slices.Sort(seconds)
	b.ReportMetric(seconds[len(seconds)/2], "median-s")
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("load over the last minute: %s", strings.Fields(string(load))[0])
}
