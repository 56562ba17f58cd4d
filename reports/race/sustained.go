package race

import (
	"cmp"

	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// trialsTable has every rate that the searches of a section tried.
func (r *run) trialsTable(s *section) page.Table {
	t := page.Table{ID: s.slug() + "-trials", Caption: "Rates that were tried, each on a fresh store, to find the highest one that lasts"}
	for _, n := range []string{"workload", "engine"} {
		t.Head = append(t.Head, page.Column{Name: n})
	}
	for _, n := range []string{"round", "peak (closed loop)", "rate", "operations/s", "p99.9 from the intended start"} {
		t.Head = append(t.Head, page.Column{Name: n, Numeric: true})
	}
	t.Head = append(t.Head, page.Column{Name: "verdict"})
	for _, w := range s.workloads {
		for _, e := range s.enginesOf(w) {
			for _, c := range s.at(e, w).cells {
				if c.Sustained == nil {
					continue
				}
				for _, try := range c.Sustained.Trials {
					t.Rows = append(t.Rows, []page.Cell{
						page.Text(w), page.Head(e), page.Int(int64(c.Round)), page.Number(c.Sustained.PeakOpsPerSec, chart.UnitCount),
						page.Number(try.Rate, chart.UnitCount), page.Number(try.OpsPerSec, chart.UnitCount),
						page.Number(float64(try.P999NS), chart.UnitNanos), page.Text(cmp.Or(try.Why, "holds")),
					})
				}
			}
		}
	}
	return t
}
