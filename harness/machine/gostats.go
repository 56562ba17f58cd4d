package machine

import (
	"math"
	"runtime/metrics"
)

// GoStats are counters of the Go runtime since the process started, and its gauge
// of the heap.
type GoStats struct {
	HeapBytes    int64 // objects, live and not yet swept
	AllocBytes   int64
	AllocObjects int64
	GCCycles     int64
	GCPauses     Pauses
}

// Pauses are the collector's stop-the-world pauses since the process started.
type Pauses struct {
	buckets []float64 // boundaries, s
	counts  []uint64
}

const (
	metricHeap    = "/memory/classes/heap/objects:bytes"
	metricAlloc   = "/gc/heap/allocs:bytes"
	metricObjects = "/gc/heap/allocs:objects"
	metricCycles  = "/gc/cycles/total:gc-cycles"
	metricPauses  = "/sched/pauses/total/gc:seconds"
)

// ReadGoStats reads the counters without stopping the world.
func ReadGoStats() GoStats {
	s := []metrics.Sample{{Name: metricHeap}, {Name: metricAlloc}, {Name: metricObjects}, {Name: metricCycles}, {Name: metricPauses}}
	metrics.Read(s)
	var g GoStats
	for i, field := range []*int64{&g.HeapBytes, &g.AllocBytes, &g.AllocObjects, &g.GCCycles} {
		if s[i].Value.Kind() == metrics.KindUint64 {
			*field = int64(s[i].Value.Uint64())
		}
	}
	if s[4].Value.Kind() == metrics.KindFloat64Histogram {
		h := s[4].Value.Float64Histogram()
		g.GCPauses = Pauses{h.Buckets, h.Counts}
	}
	return g
}

// Since returns the total and the longest of the pauses after old, in seconds. Both
// are made of the middles of buckets, which lie 12% apart: the runtime keeps no
// exact times.
func (p Pauses) Since(old Pauses) (total, longest float64) {
	for i, n := range p.counts {
		if i < len(old.counts) {
			n -= old.counts[i]
		}
		if n == 0 {
			continue
		}
		v := bucketMiddle(p.buckets[i], p.buckets[i+1])
		total += float64(n) * v
		longest = max(longest, v)
	}
	return total, longest
}

func bucketMiddle(lo, hi float64) float64 {
	switch {
	case math.IsInf(lo, -1):
		return hi
	case math.IsInf(hi, 1):
		return lo
	}
	return (lo + hi) / 2
}
