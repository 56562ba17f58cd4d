// Package figure knows the figures of a cell by name: those that targets and studies judge.
package figure

import (
	"cmp"
	"maps"
	"slices"

	"lsmlab/harness/result"
)

// Figure is one measured quantity of a cell.
type Figure struct {
	Higher bool                      // is better
	Of     func(result.Cell) float64 // zero is "not measured" for all figures
}

// usual is the figure that an empty name stands for.
const usual = "ops_per_sec"

var figures = map[string]Figure{
	usual:                 {true, func(c result.Cell) float64 { return c.OpsPerSec }},
	"reader_ops_per_sec":  {true, func(c result.Cell) float64 { return role(c, "reader").OpsPerSec }},
	"writer_ops_per_sec":  {true, func(c result.Cell) float64 { return role(c, "writer").OpsPerSec }},
	"ns_per_op":           {false, func(c result.Cell) float64 { return perOp(c, c.Seconds*1e9*float64(max(c.Threads, 1))) }}, // of one goroutine
	"cpu_ns_per_op":       {false, func(c result.Cell) float64 { return perOp(c, c.CPUSeconds*1e9) }},
	"alloc_bytes_per_op":  {false, func(c result.Cell) float64 { return perOp(c, float64(c.AllocBytes)) }},
	"mean_ns":             {false, func(c result.Cell) float64 { return c.Latency.Mean }},
	"p50_ns":              {false, func(c result.Cell) float64 { return float64(c.Latency.P50) }},
	"p99_ns":              {false, func(c result.Cell) float64 { return float64(c.Latency.P99) }},
	"p999_ns":             {false, func(c result.Cell) float64 { return float64(c.Latency.P999) }},
	"write_amp":           {false, func(c result.Cell) float64 { return c.WriteAmp }},
	"space_amp":           {false, func(c result.Cell) float64 { return c.SpaceAmp }},
	"read_amp":            {false, func(c result.Cell) float64 { return c.ReadAmp }},
	"open_seconds":        {false, func(c result.Cell) float64 { return c.OpenSeconds }},
	"disk_bytes":          {false, func(c result.Cell) float64 { return float64(c.DiskBytes) }},
	"rss_peak_bytes":      {false, func(c result.Cell) float64 { return float64(c.RSSPeakBytes) }},
	"rss_peak_life_bytes": {false, func(c result.Cell) float64 { return float64(c.RSSPeakLifeBytes) }},
	"bytes_per_entry":     {false, func(c result.Cell) float64 { return c.BytesPerEntry }},
	"commits_per_sec":     {true, func(c result.Cell) float64 { return transactions(c).CommitsPerSec }},
	"commit_p999_ns":      {false, func(c result.Cell) float64 { return float64(transactions(c).CommitLatency.P999) }},
	"gc_cycle_ns":         {false, func(c result.Cell) float64 { return float64(c.GCCycleNS) }},
}

// ByName returns a figure; the empty name is that of the throughput.
func ByName(name string) (f Figure, ok bool) {
	f, ok = figures[cmp.Or(name, usual)]
	return f, ok
}

// Names returns the names of all figures.
func Names() []string { return slices.Sorted(maps.Keys(figures)) }

// role returns the share of a cell that is one role of threads.
func role(c result.Cell, name string) result.Part {
	if i := slices.IndexFunc(c.Roles, func(p result.Part) bool { return p.Name == name }); i >= 0 {
		return c.Roles[i]
	}
	return result.Part{}
}

// transactions returns the figures of transactions; they are zero where there were none.
func transactions(c result.Cell) result.Transactions {
	if c.Transactions == nil {
		return result.Transactions{}
	}
	return *c.Transactions
}

func perOp(c result.Cell, v float64) float64 { return v / float64(max(c.Ops, 1)) }
