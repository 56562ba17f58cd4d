package study

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// figures are the figures that cells of every kind may have, by their name in a measure,
// which also takes those of the field "figures" of its cells.
// Zero is "not measured" for all of them.
var figures = map[string]func(result.Cell) float64{
	"ops_per_sec":        func(c result.Cell) float64 { return c.OpsPerSec },
	"reader_per_sec":     func(c result.Cell) float64 { return role(c, "reader").OpsPerSec },
	"writer_per_sec":     func(c result.Cell) float64 { return role(c, "writer").OpsPerSec },
	"ns_per_op":          func(c result.Cell) float64 { return perOp(c, c.Seconds*1e9*float64(max(c.Threads, 1))) },
	"cpu_ns_per_op":      func(c result.Cell) float64 { return perOp(c, c.CPUSeconds*1e9) },
	"mean_ns":            func(c result.Cell) float64 { return c.Latency.Mean },
	"p50_ns":             func(c result.Cell) float64 { return float64(c.Latency.P50) },
	"p99_ns":             func(c result.Cell) float64 { return float64(c.Latency.P99) },
	"p999_ns":            func(c result.Cell) float64 { return float64(c.Latency.P999) },
	"write_amp":          func(c result.Cell) float64 { return c.WriteAmp },
	"space_amp":          func(c result.Cell) float64 { return c.SpaceAmp },
	"read_amp":           func(c result.Cell) float64 { return c.ReadAmp },
	"disk_bytes":         func(c result.Cell) float64 { return float64(c.DiskBytes) },
	"rss_peak_bytes":     func(c result.Cell) float64 { return float64(c.RSSPeakBytes) },
	"open_ns":            func(c result.Cell) float64 { return c.OpenSeconds * 1e9 },
	"bytes_per_entry":    func(c result.Cell) float64 { return c.BytesPerEntry },
	"gc_cycle_ns":        func(c result.Cell) float64 { return float64(c.GCCycleNS) },
	"alloc_bytes_per_op": func(c result.Cell) float64 { return perOp(c, float64(c.AllocBytes)) },
}

// role returns the part of a cell that is one role of threads.
func role(c result.Cell, name string) result.Part {
	for _, p := range c.Roles {
		if p.Name == name {
			return p
		}
	}
	return result.Part{}
}

func perOp(c result.Cell, v float64) float64 { return v / float64(max(c.Ops, 1)) }

// figureOf returns a figure of a cell; ok is false if the cell has none. A figure of the
// cell's kind may rightly be zero.
func figureOf(c result.Cell, name string) (v float64, ok bool) {
	if f := figures[cmp.Or(name, "ops_per_sec")]; f != nil {
		v = f(c)
		return v, v > 0 && !math.IsInf(v, 0)
	}
	v, ok = c.Figures[name]
	return v, ok
}

// values returns what a measure picks, by round.
func (m Measure) values(cells map[string][]result.Cell) map[int]float64 {
	out := map[int]float64{}
	for _, c := range cells[m.Part] {
		if !c.OK() || c.Engine != m.Contender || c.Workload != m.Work ||
			m.Durability != "" && c.Durability != m.Durability || m.Threads != 0 && c.Threads != m.Threads {
			continue
		}
		if v, ok := figureOf(c, m.Figure); ok {
			out[c.Round] = v
		}
	}
	switch {
	case m.Per != nil:
		return combine(out, m.Per.values(cells), func(a, b float64) float64 { return a / b })
	case m.Less != nil:
		return combine(out, m.Less.values(cells), func(a, b float64) float64 { return a - b })
	}
	return out
}

// combine combines the values of the rounds that both sides have.
func combine(a, b map[int]float64, f func(a, b float64) float64) map[int]float64 {
	out := map[int]float64{}
	for round, v := range a {
		if w, ok := b[round]; ok {
			if c := f(v, w); !math.IsNaN(c) && !math.IsInf(c, 0) {
				out[round] = c
			}
		}
	}
	return out
}

// Summarize summarizes what a measure picks.
func Summarize(m Measure, cells map[string][]result.Cell) stat.Summary {
	byRound := m.values(cells)
	var values []float64
	for _, round := range slices.Sorted(maps.Keys(byRound)) {
		values = append(values, byRound[round])
	}
	return stat.Summarize(values)
}
