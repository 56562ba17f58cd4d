package target

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"lsmlab/harness/result"
)

// figure is the quantity that a line judges.
type figure struct {
	higher bool // is better
	of     func(result.Cell) float64
}

// figures are the figures by the name that lines use. Zero means "not measured" in all
// of them.
var figures = map[string]figure{
	"ops_per_sec":         {true, func(c result.Cell) float64 { return c.OpsPerSec }},
	"reader_ops_per_sec":  {true, func(c result.Cell) float64 { return role(c, "reader") }},
	"writer_ops_per_sec":  {true, func(c result.Cell) float64 { return role(c, "writer") }},
	"p999_ns":             {false, func(c result.Cell) float64 { return float64(c.Latency.P999) }},
	"write_amp":           {false, func(c result.Cell) float64 { return c.WriteAmp }},
	"space_amp":           {false, func(c result.Cell) float64 { return c.SpaceAmp }},
	"open_seconds":        {false, func(c result.Cell) float64 { return c.OpenSeconds }},
	"rss_peak_life_bytes": {false, func(c result.Cell) float64 { return float64(c.RSSPeakLifeBytes) }},
	"bytes_per_entry":     {false, func(c result.Cell) float64 { return c.BytesPerEntry }},
	"gc_cycle_ns":         {false, func(c result.Cell) float64 { return float64(c.GCCycleNS) }},
}

// role returns the throughput of one role of threads.
func role(c result.Cell, name string) float64 {
	if i := slices.IndexFunc(c.Roles, func(p result.Part) bool { return p.Name == name }); i >= 0 {
		return c.Roles[i].OpsPerSec
	}
	return 0
}

func figureOf(line result.TargetLine) figure { return figures[cmp.Or(line.Figure, "ops_per_sec")] }

// check refuses lines that cannot be judged.
func check(t *result.Targets) error {
	for _, l := range t.Lines {
		if figureOf(l).of == nil {
			return fmt.Errorf("target %q: unknown figure %q: want one of %q", l.Name, l.Figure, slices.Sorted(maps.Keys(figures)))
		}
		if (l.Ratio > 0) == (l.Most > 0) {
			return fmt.Errorf("target %q: want either ratio or most", l.Name)
		}
	}
	return nil
}
