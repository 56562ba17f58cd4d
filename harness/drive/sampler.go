package drive

import (
	"cmp"
	"sync"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
)

// A sampler reads gauges every 100 ms while the measured part runs: the engine's
// metrics if the engine keeps any, the Go runtime, and the process. It touches
// nothing of the driving threads, which keep their own intervals (see recorder).
type sampler struct {
	metrics kv.Metricer // nil if the engine keeps none
	start   time.Time
	stop    chan struct{}
	done    sync.WaitGroup

	series   map[string]*result.Series
	order    []string
	heapPeak int64
	last     sample
}

// sample is one reading of all counters.
type sample struct {
	at      time.Duration
	engine  kv.Metrics
	runtime machine.GoStats
	cpu     time.Duration
	written int64
	rss     int64
}

// startSampler begins sampling; start is the start of the measured part.
func startSampler(m kv.Metricer, start time.Time) *sampler {
	s := &sampler{metrics: m, start: start, stop: make(chan struct{}), series: map[string]*result.Series{}}
	s.last = s.read()
	s.done.Add(1)
	go s.run()
	return s
}

func (s *sampler) run() {
	defer s.done.Done()
	tick := time.NewTicker(result.SampleInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.record(s.read())
		}
	}
}

// finish stops sampling and returns the timelines, in a fixed order.
func (s *sampler) finish() []result.Series {
	close(s.stop)
	s.done.Wait()
	if last := s.read(); last.at > s.last.at+result.SampleInterval/10 {
		s.record(last)
	}
	out := make([]result.Series, 0, len(s.order))
	for _, name := range s.order {
		out = append(out, *s.series[name])
	}
	return out
}

func (s *sampler) read() sample {
	u := machine.ProcessUsage()
	now := sample{runtime: machine.ReadGoStats(), cpu: u.CPU(), written: machine.WriteBytes(), rss: machine.ResidentBytes()}
	if s.metrics != nil {
		now.engine = s.metrics.Metrics()
	}
	now.at = time.Since(s.start) // after the readings, which may have waited for a lock
	return now
}

func (s *sampler) record(now sample) {
	last := s.last
	s.last = now
	s.heapPeak = max(s.heapPeak, now.runtime.HeapBytes)
	seconds := max((now.at - last.at).Seconds(), 1e-9)
	add := func(name string, v float64) { s.add(name, now.at, v) }
	add(result.SeriesHeap, float64(now.runtime.HeapBytes))
	add(result.SeriesGC, float64(now.runtime.GCCycles-last.runtime.GCCycles))
	pause, _ := now.runtime.GCPauses.Since(last.runtime.GCPauses)
	add(result.SeriesGCPause, pause*1e9)
	add(result.SeriesRSS, float64(now.rss))
	add(result.SeriesCPU, (now.cpu-last.cpu).Seconds()/seconds)
	add(result.SeriesWriteBytes, float64(now.written-last.written)/seconds)
	if s.metrics == nil {
		return
	}
	add(result.SeriesMemTable, float64(now.engine.MemTableBytes))
	add(result.SeriesL0, float64(runsL0(now.engine)))
	add(result.SeriesDebt, float64(now.engine.CompactionDebtBytes))
	add(result.SeriesDisk, float64(now.engine.DiskBytes))
	add(result.SeriesFlushes, float64(now.engine.Flushes-last.engine.Flushes))
	add(result.SeriesCompactions, float64(now.engine.Compactions-last.engine.Compactions))
	add(result.SeriesStalls, float64(now.engine.Stalls-last.engine.Stalls))
}

func (s *sampler) add(name string, at time.Duration, v float64) {
	line := s.series[name]
	if line == nil {
		line = &result.Series{Name: name}
		s.series[name] = line
		s.order = append(s.order, name)
	}
	line.Add(at, v)
}

// runsL0 returns how many runs of L0 a read may have to search.
func runsL0(m kv.Metrics) int64 {
	if len(m.Levels) == 0 {
		return 0
	}
	return cmp.Or(m.Levels[0].Runs, m.Levels[0].Tables)
}

// countsBetween returns what the engine did between two readings, and its gauges
// at the second.
func countsBetween(a, b kv.Metrics) *result.Counts {
	return &result.Counts{
		WALBytes:               b.WALBytes - a.WALBytes,
		FlushBytes:             b.FlushBytes - a.FlushBytes,
		CompactionReadBytes:    b.CompactionReadBytes - a.CompactionReadBytes,
		CompactionWrittenBytes: b.CompactionWrittenBytes - a.CompactionWrittenBytes,
		Flushes:                b.Flushes - a.Flushes,
		Compactions:            b.Compactions - a.Compactions,
		Stalls:                 b.Stalls - a.Stalls,
		StallSeconds:           (b.StallTime - a.StallTime).Seconds(),
		CompactionDebtBytes:    b.CompactionDebtBytes,
		BloomChecks:            b.BloomChecks - a.BloomChecks,
		BloomNegatives:         b.BloomNegatives - a.BloomNegatives,
		CacheHits:              b.CacheHits - a.CacheHits,
		CacheMisses:            b.CacheMisses - a.CacheMisses,
		RunsL0:                 runsL0(b),
		TableBytes:             b.TableBytes,
		ObsoleteTableBytes:     b.ObsoleteTableBytes,
		LogBytes:               b.LogBytes,
		LogPoolBytes:           b.LogPoolBytes,
		ManifestBytes:          b.ManifestBytes,
	}
}
