package harness

import (
	"math"
	"runtime/metrics"
)

// goStats are the runtime's own counters, read without stopping the world.
type goStats struct {
	heapBytes    int64 // objects, live and not yet swept
	allocBytes   int64
	allocObjects int64
	gcCycles     int64
	gcPauses     pauses
}

// pauses are the collector's stop-the-world pauses since the process started.
type pauses struct {
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

func readGoStats() goStats {
	s := []metrics.Sample{{Name: metricHeap}, {Name: metricAlloc}, {Name: metricObjects}, {Name: metricCycles}, {Name: metricPauses}}
	metrics.Read(s)
	var g goStats
	for i, field := range []*int64{&g.heapBytes, &g.allocBytes, &g.allocObjects, &g.gcCycles} {
		if s[i].Value.Kind() == metrics.KindUint64 {
			*field = int64(s[i].Value.Uint64())
		}
	}
	if s[4].Value.Kind() == metrics.KindFloat64Histogram {
		h := s[4].Value.Float64Histogram()
		g.gcPauses = pauses{h.Buckets, h.Counts}
	}
	return g
}

// since returns the total and the longest of the pauses after old. Both are sums
// of bucket middles: the runtime keeps no exact times (its buckets are 12%
// apart).
func (p pauses) since(old pauses) (total, longest float64) {
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
