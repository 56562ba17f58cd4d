package machine

import (
	"math"
	"runtime"
	"testing"
)

// Every counter of the runtime exists and moves when a collection allocates, ends
// and stops the world: a metric with a misspelt name would stay zero without a word.
func TestGoStatsMove(t *testing.T) {
	before := ReadGoStats()
	sink := make([]byte, 1<<20)
	runtime.GC()
	after := ReadGoStats()
	runtime.KeepAlive(sink)
	total, longest := after.GCPauses.Since(before.GCPauses)
	if after.HeapBytes < 1<<20 || after.AllocBytes-before.AllocBytes < 1<<20 || after.AllocObjects <= before.AllocObjects ||
		after.GCCycles <= before.GCCycles || total <= 0 || longest <= 0 || longest > total {
		t.Errorf("before %+v\nafter %+v\npauses %v, longest %v", before, after, total, longest)
	}
}

// Only what came after the first reading counts; the ends of the outer buckets stand
// for them.
func TestPausesSince(t *testing.T) {
	buckets := []float64{math.Inf(-1), 1, 3, math.Inf(1)}
	old := Pauses{buckets, []uint64{1, 5, 0}}
	now := Pauses{buckets, []uint64{2, 7, 1}}
	if total, longest := now.Since(old); total != 1+2*2+3 || longest != 3 {
		t.Errorf("total %v, longest %v", total, longest)
	}
	if total, longest := now.Since(now); total != 0 || longest != 0 {
		t.Errorf("nothing happened: total %v, longest %v", total, longest)
	}
}
