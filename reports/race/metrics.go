package race

import (
	"maps"
	"math"
	"slices"
	"strings"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// metric is one figure of a cell.
type metric struct {
	key    string // for the names of chart files
	name   string
	label  string // of the axis, with the unit
	unit   chart.Unit
	higher bool // higher is better
	// of returns the figure. ok is false if the cell has none.
	of func(result.Cell) (v float64, ok bool)
}

// column returns the metric's name for the head of a table, with the unit if the fields
// do not show it.
func (m metric) column() string {
	switch m.key {
	case throughput.key:
		return "operations/s"
	case cpuPerOp.key:
		return "CPU per million operations"
	}
	return m.name
}

// positive turns a field for which zero means "not measured" into the function of a
// metric.
func positive(f func(result.Cell) float64) func(result.Cell) (float64, bool) {
	return func(c result.Cell) (float64, bool) {
		v := f(c)
		return v, v > 0 && !math.IsInf(v, 0)
	}
}

// whole turns a field that may really be zero into the function of a metric.
func whole(f func(result.Cell) float64) func(result.Cell) (float64, bool) {
	return func(c result.Cell) (float64, bool) {
		v := f(c)
		return v, v >= 0 && !math.IsInf(v, 0)
	}
}

// perOp is positive for a field that is divided by the operations of the cell.
func perOp(f func(result.Cell) float64) func(result.Cell) (float64, bool) {
	return func(c result.Cell) (float64, bool) {
		if c.Ops <= 0 {
			return 0, false
		}
		v := f(c) / float64(c.Ops)
		return v, v > 0 && !math.IsInf(v, 0)
	}
}

// latencyOf returns the latency that counts: the one from the intended start if there
// is one.
func latencyOf(c result.Cell) result.Latency {
	if c.Intended != nil {
		return *c.Intended
	}
	return c.Latency
}

var (
	throughput = metric{"throughput", "throughput", "operations/s", chart.UnitCount, true, positive(func(c result.Cell) float64 { return c.OpsPerSec })}
	nsPerOp    = metric{
		"ns-per-op", "time per operation", "time of one goroutine for one operation", chart.UnitNanos, false,
		perOp(func(c result.Cell) float64 { return c.Seconds * 1e9 * float64(max(c.Threads, 1)) }),
	}

	p50  = metric{"p50", "p50", "latency", chart.UnitNanos, false, positive(func(c result.Cell) float64 { return float64(latencyOf(c).P50) })}
	p99  = metric{"p99", "p99", "latency", chart.UnitNanos, false, positive(func(c result.Cell) float64 { return float64(latencyOf(c).P99) })}
	p999 = metric{"p999", "p99.9", "latency", chart.UnitNanos, false, positive(func(c result.Cell) float64 { return float64(latencyOf(c).P999) })}
	pMax = metric{"max", "max", "latency", chart.UnitNanos, false, positive(func(c result.Cell) float64 { return float64(latencyOf(c).Max) })}

	writeAmp  = metric{"write-amp", "write amplification", "bytes to storage for one byte of the user", chart.UnitTimes, false, positive(func(c result.Cell) float64 { return c.WriteAmp })}
	engineAmp = metric{"engine-write-amp", "write amplification by the engine's account", "the engine's own account", chart.UnitTimes, false, positive(func(c result.Cell) float64 { return c.EngineWriteAmp })}
	spaceAmp  = metric{"space-amp", "space amplification", "bytes on disk for one live byte", chart.UnitTimes, false, positive(func(c result.Cell) float64 { return c.SpaceAmp })}
	readAmp   = metric{"read-amp", "read amplification", "the engine's own account", chart.UnitTimes, false, positive(func(c result.Cell) float64 { return c.ReadAmp })}

	rssPeak  = metric{"rss", "peak resident memory", "mapped pages of files included", chart.UnitBytes, false, positive(func(c result.Cell) float64 { return float64(c.RSSPeakBytes) })}
	heapPeak = metric{"heap", "peak Go heap", "live and not yet swept", chart.UnitBytes, false, positive(func(c result.Cell) float64 { return float64(c.HeapPeak) })}
	gcPauses = metric{"gc-pause", "total GC pause", "stop-the-world time over the cell", chart.UnitNanos, false, whole(func(c result.Cell) float64 { return float64(c.GCPauseTotal) })}
	gcMax    = metric{"gc-max", "longest GC pause", "stop-the-world time", chart.UnitNanos, false, whole(func(c result.Cell) float64 { return float64(c.GCPauseMax) })}
	cpuPerOp = metric{"cpu", "CPU time", "CPU seconds for a million operations", chart.UnitSecs, false, perOp(func(c result.Cell) float64 { return c.CPUSeconds * 1e6 })}
	diskSize = metric{"disk", "disk", "allocated blocks after close", chart.UnitBytes, false, positive(func(c result.Cell) float64 { return float64(c.DiskBytes) })}

	bytesPerEntry = metric{"bytes-per-entry", "memory per entry", "heap and off-heap growth over entries", chart.UnitBytes, false, positive(func(c result.Cell) float64 { return c.BytesPerEntry })}
	gcCycle       = metric{"gc-cycle", "one GC cycle", "a whole collection with the table live", chart.UnitNanos, false, positive(func(c result.Cell) float64 { return float64(c.GCCycleNS) })}
)

// allMetrics are the columns of the table of all figures.
var allMetrics = []metric{
	throughput, p50, p99, p999, pMax, writeAmp, engineAmp, spaceAmp, readAmp, cpuPerOp, rssPeak, heapPeak, gcPauses, gcMax, diskSize, bytesPerEntry, gcCycle,
	commitRate, abortRate, retries, commitP999,
}

// ownMetrics are the figures that the kind of a section's contenders adds to its cells.
func (s *section) ownMetrics() (all []metric) {
	names := map[string]bool{}
	for _, g := range s.groups {
		for _, c := range g.cells {
			for name := range c.Figures {
				names[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		words := strings.ReplaceAll(name, "_", " ")
		all = append(all, metric{name, words, words, chart.UnitPlain, false, func(c result.Cell) (float64, bool) {
			v, ok := c.Figures[name]
			return v, ok
		}})
	}
	return all
}

// summary summarizes a metric over the rounds that have it.
func (g *group) summary(m metric) stat.Summary {
	if g == nil {
		return stat.Summarize(nil)
	}
	byRound := map[int]float64{}
	for _, c := range g.cells {
		if v, ok := m.of(c); ok {
			byRound[c.Round] = v
		}
	}
	return stat.SummarizeRounds(byRound)
}

// deciding returns the figure by which a setting is judged: throughput in a closed
// loop, and in an open loop, where throughput is given, latency from the intended
// start.
func (s setting) deciding() metric {
	if s.open() {
		return p99
	}
	return throughput
}
