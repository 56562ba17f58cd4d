package race

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"lsmlab/reports/page"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// latencyTable returns a table with the columns of addLatencyRow and without rows.
func latencyTable(id string) *page.Table {
	t := &page.Table{ID: id, Caption: "Latency percentiles over all rounds taken together"}
	t.Head = []page.Column{{Name: "workload"}, {Name: "engine"}, {Name: "operations", Numeric: true}}
	for _, q := range percentiles[:5] {
		t.Head = append(t.Head, page.Column{Name: q.name, Numeric: true})
	}
	t.Head = append(t.Head, page.Column{Name: "max", Numeric: true}, page.Column{Name: "mean", Numeric: true})
	return t
}

func addLatencyRow(g *page.Group, s *section, workload, engine string, h *hdrhistogram.Histogram) {
	if g.Table == nil {
		g.Table = latencyTable(s.slug() + "-" + g.ID)
	}
	row := []page.Cell{page.Text(workload), page.Head(engine), page.Int(h.TotalCount())}
	for _, q := range percentiles[:5] {
		row = append(row, page.Number(float64(h.ValueAtQuantile(q.q)), chart.UnitNanos))
	}
	g.Table.Rows = append(g.Table.Rows, append(row, page.Number(float64(h.Max()), chart.UnitNanos), page.Number(h.Mean(), chart.UnitNanos)))
}

// figuresTable has every figure of a section: the medians, and the intervals of the
// deciding figure.
func (r *run) figuresTable(s *section) page.Table {
	t := page.Table{ID: s.slug() + "-figures", Caption: "All figures, medians over rounds: " + s.String()}
	m := s.deciding()
	t.Head = []page.Column{
		{Name: "workload"},
		{Name: "engine"},
		{Name: "rounds", Numeric: true},
		{Name: m.column(), Numeric: true},
		{Name: "low", Numeric: true},
		{Name: "high", Numeric: true},
		{Name: "confidence", Numeric: true},
		{Name: "÷ " + r.baseline, Numeric: true},
		{Name: "CI low", Numeric: true},
		{Name: "CI high", Numeric: true},
		{Name: "resolution", Numeric: true},
		{Name: "p (t test)", Numeric: true},
		{Name: "p (Holm)", Numeric: true},
	}
	columns := r.presentMetrics(s, m)
	for _, c := range columns {
		t.Head = append(t.Head, page.Column{Name: c.column(), Numeric: true})
	}
	for _, w := range s.workloads {
		for _, e := range s.enginesOf(w) {
			g := s.at(e, w)
			sum := g.summary(m)
			q := r.ratio(pair{s, w, e, r.baseline})
			if e == r.baseline || !q.OK() {
				q.Lo, q.Hi, q.Resolution, q.P, q.Adjusted = math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()
			}
			confidence := page.Cell{Text: "–"}
			if sum.N() > 1 {
				confidence = page.Cell{Text: fmt.Sprintf("%.1f%%", 100*sum.Confidence), Sort: strconv.FormatFloat(sum.Confidence, 'g', 9, 64)}
			}
			row := []page.Cell{
				page.Text(w), page.Head(e), page.Int(int64(sum.N())), page.Number(sum.Median, m.unit), page.Number(sum.Lo, m.unit), page.Number(sum.Hi, m.unit),
				confidence, page.Number(q.Value, chart.UnitTimes), page.Number(q.Lo, chart.UnitTimes), page.Number(q.Hi, chart.UnitTimes),
				page.Number(q.Resolution, chart.UnitTimes), page.Number(q.P, chart.UnitPlain), page.Number(q.Adjusted, chart.UnitPlain),
			}
			for _, c := range columns {
				row = append(row, page.Number(g.summary(c).Median, c.unit))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// presentMetrics returns the metrics that some cell of the section has, except one.
func (r *run) presentMetrics(s *section, but metric) (out []metric) {
	for _, m := range slices.Concat(allMetrics, []metric{nsPerOp}, s.ownMetrics()) {
		if m.key == but.key {
			continue
		}
		for _, g := range s.groups {
			if g.summary(m).N() > 0 {
				out = append(out, m)
				break
			}
		}
	}
	return out
}

// partsTable has the parts of workloads that mix kinds of operations or roles of
// threads, as medians over rounds.
func (r *run) partsTable(s *section) page.Table {
	t := page.Table{ID: s.slug() + "-parts", Caption: "Parts of mixed workloads, medians over rounds: " + s.String(), Head: []page.Column{
		{Name: "workload"}, {Name: "engine"}, {Name: "part"}, {Name: "operations/s", Numeric: true}, {Name: "p50", Numeric: true}, {Name: "p99", Numeric: true}, {Name: "p99.9", Numeric: true}, {Name: "max", Numeric: true},
	}}
	for _, w := range s.workloads {
		for _, e := range s.enginesOf(w) {
			names, parts := s.at(e, w).parts()
			for _, name := range names {
				row := []page.Cell{page.Text(w), page.Head(e), page.Text(name)}
				median := func(u chart.Unit, of func(p result.Part, l result.Latency) float64) {
					var values []float64
					for _, p := range parts[name] {
						l := p.Latency
						if p.Intended != nil {
							l = *p.Intended
						}
						values = append(values, of(p, l))
					}
					row = append(row, page.Number(stat.Summarize(values).Median, u))
				}
				median(chart.UnitCount, func(p result.Part, _ result.Latency) float64 { return p.OpsPerSec })
				median(chart.UnitNanos, func(_ result.Part, l result.Latency) float64 { return float64(l.P50) })
				median(chart.UnitNanos, func(_ result.Part, l result.Latency) float64 { return float64(l.P99) })
				median(chart.UnitNanos, func(_ result.Part, l result.Latency) float64 { return float64(l.P999) })
				median(chart.UnitNanos, func(_ result.Part, l result.Latency) float64 { return float64(l.Max) })
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t
}

// parts returns the parts of a group by name, each with its rounds.
func (g *group) parts() (names []string, byName map[string][]result.Part) {
	byName = map[string][]result.Part{}
	for _, c := range g.cells {
		for _, p := range append(slices.Clone(c.Kinds), c.Roles...) {
			if byName[p.Name] == nil {
				names = append(names, p.Name)
			}
			byName[p.Name] = append(byName[p.Name], p)
		}
	}
	return names, byName
}

// counters are the columns of countersTable.
var counters = []struct {
	name string
	unit chart.Unit
	of   func(m result.Counts) float64
}{
	{"flushes", chart.UnitCount, func(m result.Counts) float64 { return float64(m.Flushes) }},
	{"compactions", chart.UnitCount, func(m result.Counts) float64 { return float64(m.Compactions) }},
	{"stalls", chart.UnitCount, func(m result.Counts) float64 { return float64(m.Stalls) }},
	{"stalled", chart.UnitNanos, func(m result.Counts) float64 { return m.StallSeconds * 1e9 }},
	{"WAL", chart.UnitBytes, func(m result.Counts) float64 { return float64(m.WALBytes) }},
	{"flushed", chart.UnitBytes, func(m result.Counts) float64 { return float64(m.FlushBytes) }},
	{"compaction read", chart.UnitBytes, func(m result.Counts) float64 { return float64(m.CompactionReadBytes) }},
	{"compaction written", chart.UnitBytes, func(m result.Counts) float64 { return float64(m.CompactionWrittenBytes) }},
	{"debt at the end", chart.UnitBytes, func(m result.Counts) float64 { return float64(m.CompactionDebtBytes) }},
	{"L0 runs at the end", chart.UnitCount, func(m result.Counts) float64 { return float64(m.RunsL0) }},
	{"bloom checks", chart.UnitCount, func(m result.Counts) float64 { return float64(m.BloomChecks) }},
	{"of them negative", chart.UnitTimes, func(m result.Counts) float64 { return stat.Share(m.BloomNegatives, m.BloomChecks) }},
	{"cache lookups", chart.UnitCount, func(m result.Counts) float64 { return float64(m.CacheHits + m.CacheMisses) }},
	{"of them hits", chart.UnitTimes, func(m result.Counts) float64 { return stat.Share(m.CacheHits, m.CacheHits+m.CacheMisses) }},
}

// countersTable has the engines' own counters of the measured part.
func (r *run) countersTable(s *section) page.Table {
	t := page.Table{ID: s.slug() + "-counters", Caption: "Engines' own counters over the measured part, medians over rounds; 0 may mean that an engine does not count it: " + s.String()}
	t.Head = []page.Column{{Name: "workload"}, {Name: "engine"}}
	for _, c := range counters {
		t.Head = append(t.Head, page.Column{Name: c.name, Numeric: true})
	}
	for _, w := range s.workloads {
		for _, e := range s.enginesOf(w) {
			row := []page.Cell{page.Text(w), page.Head(e)}
			for _, counter := range counters {
				var values []float64
				for _, c := range s.at(e, w).cells {
					if c.Metrics != nil {
						values = append(values, counter.of(*c.Metrics))
					}
				}
				row = append(row, page.Number(stat.Summarize(finite(values)).Median, counter.unit))
			}
			if slices.ContainsFunc(row[2:], func(c page.Cell) bool { return c.Sort != "" }) {
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t
}

func finite(values []float64) []float64 {
	return slices.DeleteFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// sectionTables returns those tables of a section that have rows.
func (r *run) sectionTables(s *section) []page.Table {
	tables := []page.Table{r.figuresTable(s), r.trialsTable(s), r.partsTable(s), r.countersTable(s)}
	return slices.DeleteFunc(tables, func(t page.Table) bool { return len(t.Rows) == 0 })
}

// cellsTable has every cell as it was measured.
func (r *run) cellsTable() page.Table {
	t := page.Table{ID: "cells", Caption: "Every cell as it was measured"}
	for _, n := range []string{"cell", "status"} {
		t.Head = append(t.Head, page.Column{Name: n})
	}
	for _, n := range []string{"round", "seconds", "operations", "operations/s", "p50", "p99", "p99.9", "max", "write amp", "space amp", "CPU s", "RSS", "other cores"} {
		t.Head = append(t.Head, page.Column{Name: n, Numeric: true})
	}
	t.Head = append(t.Head, page.Column{Name: "state"}, page.Column{Name: "warnings and errors"})
	for _, c := range r.Cells {
		words := append([]string{}, c.Warnings...)
		if c.Error != "" {
			words = append([]string{c.Error}, words...)
		}
		l := latencyOf(c)
		row := []page.Cell{page.Head(c.ID), page.Text(c.Status), page.Int(int64(c.Round))}
		if c.OK() {
			row = append(row,
				page.Number(c.Seconds, chart.UnitSecs), page.Int(c.Ops), page.Number(c.OpsPerSec, chart.UnitCount),
				page.Number(float64(l.P50), chart.UnitNanos), page.Number(float64(l.P99), chart.UnitNanos), page.Number(float64(l.P999), chart.UnitNanos), page.Number(float64(l.Max), chart.UnitNanos),
				page.Number(c.WriteAmp, chart.UnitTimes), page.Number(c.SpaceAmp, chart.UnitTimes), page.Number(c.CPUSeconds, chart.UnitSecs),
				page.Number(float64(c.RSSPeakBytes), chart.UnitBytes), page.Number(c.OtherCores, chart.UnitCount))
		} else {
			for range 12 {
				row = append(row, page.Cell{Text: "–"})
			}
		}
		t.Rows = append(t.Rows, append(row, page.Text(stateText(c)), page.Text(strings.Join(words, "; "))))
	}
	return t
}

// stateText says what a cell's figures stand for, and why its warm-up gave up.
func stateText(c result.Cell) string {
	if c.Unsettled == "" {
		return cmp.Or(c.State, "–")
	}
	return fmt.Sprintf("%s; the warm-up gave up: %s", cmp.Or(c.State, "–"), c.Unsettled)
}
