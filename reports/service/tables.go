package service

import (
	"math"
	"strings"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// sideBySide has one row for each figure and one column for each environment.
func (s *run) sideBySide() page.Table {
	t := page.Table{ID: "environments", Caption: "Engines by environment: medians over rounds"}
	t.Head = []page.Column{{Name: "engine"}, {Name: "phase"}, {Name: "figure"}}
	for _, env := range s.Plan.Environments {
		t.Head = append(t.Head, page.Column{Name: env.Name, Numeric: true})
	}
	metrics := []phaseMetric{requestRate, p50Latency, p95Latency, p99Latency, serverErrorRate, refusedRate, unexpectedRate, missedRate, cpuPeak}
	phases := s.phases
	if c, ok := s.any(); ok && c.Sweep {
		metrics, phases = []phaseMetric{sustained, cpuPeak}, s.phases[:1]
	}
	for _, e := range s.Plan.Engines {
		for _, phase := range phases {
			for _, m := range metrics {
				row := []page.Cell{page.Head(e), page.Text(phase), page.Text(m.name)}
				for _, env := range s.Plan.Environments {
					row = append(row, page.Number(m.summary(s.at(e, env.Name), phase).Median, m.unit))
				}
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t
}

// phasesTable has every figure of every phase, with the interval of the figure by which
// an open load is judged.
func (s *run) phasesTable() page.Table {
	t := page.Table{ID: "phases", Caption: "All figures: medians over rounds, and the interval of p95"}
	for _, name := range []string{"engine", "environment", "phase"} {
		t.Head = append(t.Head, page.Column{Name: name})
	}
	metrics := []phaseMetric{requestRate, p50Latency, p99Latency, maxLatency, serverErrorRate, refusedRate, unexpectedRate, missedRate, cpuPeak, cpuPerRequest, serverRSS}
	for _, name := range []string{"rounds", "p95", "low", "high"} {
		t.Head = append(t.Head, page.Column{Name: name, Numeric: true})
	}
	for _, m := range metrics {
		t.Head = append(t.Head, page.Column{Name: m.name, Numeric: true})
	}
	for _, e := range s.Plan.Engines {
		for _, env := range s.Plan.Environments {
			cells := s.at(e, env.Name)
			for _, phase := range s.phases {
				p95 := p95Latency.summary(cells, phase)
				if p95.N() == 0 {
					continue
				}
				row := []page.Cell{
					page.Head(e), page.Text(env.Name), page.Text(phase), page.Int(int64(p95.N())),
					page.Number(p95.Median, chart.UnitNanos), page.Number(p95.Lo, chart.UnitNanos), page.Number(p95.Hi, chart.UnitNanos),
				}
				for _, m := range metrics {
					row = append(row, page.Number(m.summary(cells, phase).Median, m.unit))
				}
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t
}

const transportNote = "The same work on the same engine with the same limits, once through HTTP and once through lsmlab's harness in one process. " +
	"CPU time is what compares: it is counted alike on both sides, of the server's process and of the harness's, whatever the rate. The in-process rate is a closed loop's peak and its latency that of a call; " +
	"the service's latency is what k6 saw on the same machine, at the rate of the profile."

// transportTable compares the service with the same work in one process.
func (s *run) transportTable() page.Table {
	t := page.Table{ID: "transport", Caption: "Through HTTP and in one process, medians over rounds"}
	t.Head = []page.Column{
		{Name: "engine"},
		{Name: "environment"},
		{Name: "CPU a request", Numeric: true},
		{Name: "CPU an operation", Numeric: true},
		{Name: "transport", Numeric: true},
		{Name: "times", Numeric: true},
		{Name: "HTTP p50", Numeric: true},
		{Name: "in-process p50", Numeric: true},
		{Name: "HTTP p99", Numeric: true},
		{Name: "in-process p99", Numeric: true},
		{Name: "HTTP requests/s", Numeric: true},
		{Name: "in-process peak ops/s", Numeric: true},
	}
	for _, e := range s.Plan.Engines {
		for _, env := range s.Plan.Environments {
			if row := s.transportRow(s.at(e, env.Name)); row != nil {
				t.Rows = append(t.Rows, append([]page.Cell{page.Head(e), page.Text(env.Name)}, row...))
			}
		}
	}
	return t
}

// transportRow compares the last phase that kept the objective; if none did, it
// compares the first phase.
func (s *run) transportRow(cells []result.LoadCell) []page.Cell {
	median := func(of func(c result.LoadCell, p result.LoadPhase) float64) float64 {
		var values []float64
		for _, c := range cells {
			if c.InProcess != nil && c.InProcess.Ops > 0 {
				values = append(values, of(c, comparedPhase(c)))
			}
		}
		return stat.Summarize(values).Median
	}
	served := median(func(c result.LoadCell, _ result.LoadPhase) float64 {
		return c.CPUSeconds * 1e9 / float64(max(c.Requests(), 1))
	})
	bare := median(func(c result.LoadCell, _ result.LoadPhase) float64 {
		return c.InProcess.CPUSeconds * 1e9 / float64(c.InProcess.Ops)
	})
	if math.IsNaN(bare) {
		return nil
	}
	nanos := func(of func(c result.LoadCell, p result.LoadPhase) int64) page.Cell {
		return page.Number(median(func(c result.LoadCell, p result.LoadPhase) float64 { return float64(of(c, p)) }), chart.UnitNanos)
	}
	return []page.Cell{
		page.Number(served, chart.UnitNanos), page.Number(bare, chart.UnitNanos), page.Number(served-bare, chart.UnitNanos), page.Number(served/bare, chart.UnitTimes),
		nanos(func(_ result.LoadCell, p result.LoadPhase) int64 { return p.Latency.P50 }), nanos(func(c result.LoadCell, _ result.LoadPhase) int64 { return c.InProcess.P50 }),
		nanos(func(_ result.LoadCell, p result.LoadPhase) int64 { return p.Latency.P99 }), nanos(func(c result.LoadCell, _ result.LoadPhase) int64 { return c.InProcess.P99 }),
		page.Number(median(func(_ result.LoadCell, p result.LoadPhase) float64 { return p.RequestsPerS }), chart.UnitCount),
		page.Number(median(func(c result.LoadCell, _ result.LoadPhase) float64 { return c.InProcess.OpsPerSec }), chart.UnitCount),
	}
}

// comparedPhase returns the last phase that kept the objective; if none did, it returns
// the first phase.
func comparedPhase(c result.LoadCell) result.LoadPhase {
	best := c.Phases[0]
	for _, p := range c.Phases {
		if c.Sustained(p) {
			best = p
		}
	}
	return best
}

// cellsTable has every cell as it was measured.
func (s *run) cellsTable() page.Table {
	t := page.Table{ID: "cells", Caption: "Every cell as it was measured"}
	t.Head = []page.Column{
		{Name: "cell"},
		{Name: "status"},
		{Name: "round", Numeric: true},
		{Name: "requests", Numeric: true},
		{Name: "failed", Numeric: true},
		{Name: "5xx", Numeric: true},
		{Name: "429/503", Numeric: true},
		{Name: "others", Numeric: true},
		{Name: "wrong", Numeric: true},
		{Name: "users at once", Numeric: true},
		{Name: "server CPU s", Numeric: true},
		{Name: "peak cores", Numeric: true},
		{Name: "k6 CPU s", Numeric: true},
		{Name: "RSS", Numeric: true},
		{Name: "other cores", Numeric: true},
		{Name: "ready", Numeric: true},
		{Name: "preload", Numeric: true},
		{Name: "stop", Numeric: true},
		{Name: "warnings and errors"},
	}
	for _, c := range s.Cells {
		words := append([]string{}, c.Warnings...)
		if c.Error != "" {
			words = append([]string{c.Error}, words...)
		}
		for _, b := range c.Broken {
			words = append(words, "broken: "+b)
		}
		row := []page.Cell{page.Head(c.ID), page.Text(c.Status), page.Int(int64(c.Round))}
		if c.OK() {
			row = append(row, cellFigures(c)...)
		} else {
			for range len(t.Head) - len(row) - 1 {
				row = append(row, page.Cell{Text: "–"})
			}
		}
		t.Rows = append(t.Rows, append(row, page.Text(strings.Join(words, "; "))))
	}
	return t
}

func cellFigures(c result.LoadCell) []page.Cell {
	var sum result.LoadPhase
	for _, p := range c.Phases {
		sum.Failed += p.Failed
		sum.ServerErrors += p.ServerErrors
		sum.Refused += p.Refused
		sum.Unexpected += p.Unexpected
		sum.Wrong += p.Wrong
	}
	return []page.Cell{
		page.Int(c.Requests()), page.Int(sum.Failed), page.Int(sum.ServerErrors), page.Int(sum.Refused), page.Int(sum.Unexpected), page.Int(sum.Wrong),
		page.Int(c.UsersPeak), page.Number(c.CPUSeconds, chart.UnitSecs), page.Number(c.CPUPeakCores, chart.UnitCount), page.Number(c.ClientCPU, chart.UnitSecs), page.Number(float64(c.RSSPeakBytes), chart.UnitBytes),
		page.Number(c.OtherCores, chart.UnitCount), page.Number(c.ReadySeconds, chart.UnitSecs), page.Number(c.PreloadSeconds, chart.UnitSecs), page.Number(c.StopSeconds, chart.UnitSecs),
	}
}

// tableGroups returns the groups of tables beside the charts.
func (s *run) tableGroups() []page.Group {
	sides, transport := s.sideBySide(), s.transportTable()
	groups := []page.Group{{ID: "side-by-side", Title: "Environments side by side", Note: "One column an environment: medians over rounds.", Table: &sides}}
	if len(transport.Rows) > 0 {
		groups = append(groups, page.Group{ID: "transport", Title: "What the transport costs", Note: transportNote, Table: &transport})
	}
	return groups
}
