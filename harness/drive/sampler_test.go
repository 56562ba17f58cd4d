package drive

import (
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
)

// Counters become differences over each interval, whatever they were at the
// start; gauges stay as they are.
func TestSamplerDifferences(t *testing.T) {
	at := func(n int64) sample {
		return sample{
			at:      time.Duration(n) * result.SampleInterval,
			engine:  kv.Metrics{Flushes: 10 + n, Compactions: 20 + 2*n, Stalls: 30 + 3*n, MemTableBytes: 7},
			runtime: machine.ReadGoStats(),
		}
	}
	s := &sampler{metrics: constMetrics{}, series: map[string]*result.Series{}, last: at(0)}
	s.record(at(1))
	s.record(at(3))
	for name, want := range map[string][2]float64{
		result.SeriesFlushes: {1, 2}, result.SeriesCompactions: {2, 4}, result.SeriesStalls: {3, 6}, result.SeriesMemTable: {7, 7},
	} {
		if got := s.series[name].Values; len(got) != 2 || [2]float64(got) != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

type constMetrics struct{}

func (constMetrics) Metrics() kv.Metrics { return kv.Metrics{} }
