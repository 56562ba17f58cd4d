package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// table is a table of the page that sorts by any column.
type table struct {
	ID, Caption string
	Head        []column
	Rows        [][]cell
}

type column struct {
	Name    string
	Numeric bool
}

// cell is one field: what is read, and what it sorts by.
type cell struct {
	Text string
	Sort string // of a number: in full; empty sorts last
	Head bool   // names its row
}

func textCell(s string) cell { return cell{Text: s, Sort: s} }
func headCell(s string) cell { return cell{Text: s, Sort: s, Head: true} }

func numberCell(v float64, u unit) cell {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return cell{Text: "–"}
	}
	return cell{Text: u.format(v), Sort: strconv.FormatFloat(v, 'g', 9, 64)}
}

func intCell(v int64) cell {
	return cell{Text: thousands(strconv.FormatInt(v, 10)), Sort: strconv.FormatInt(v, 10)}
}

// latencyHead are the columns of addLatencyRow.
func latencyTable(id string) *table {
	t := &table{ID: id, Caption: "Latency percentiles over all rounds taken together"}
	t.Head = []column{{"workload", false}, {"engine", false}, {"operations", true}}
	for _, q := range percentiles[:5] {
		t.Head = append(t.Head, column{q.name, true})
	}
	t.Head = append(t.Head, column{"max", true}, column{"mean", true})
	return t
}

func (g *figureGroup) addLatencyRow(s *section, workload, engine string, h *hdrhistogram.Histogram) {
	if g.table == nil {
		g.table = latencyTable(s.slug() + "-" + g.id)
	}
	row := []cell{textCell(workload), headCell(engine), intCell(h.TotalCount())}
	for _, q := range percentiles[:5] {
		row = append(row, numberCell(float64(h.ValueAtQuantile(q.q)), unitNanos))
	}
	g.table.Rows = append(g.table.Rows, append(row, numberCell(float64(h.Max()), unitNanos), numberCell(h.Mean(), unitNanos)))
}

// figuresTable holds every figure of a section: medians, and intervals of what
// decides.
func (r *run) figuresTable(s *section) table {
	t := table{ID: s.slug() + "-figures", Caption: "All figures, medians over rounds: " + s.String()}
	m := s.deciding()
	t.Head = []column{
		{"workload", false},
		{"engine", false},
		{"rounds", true},
		{m.column(), true},
		{"low", true},
		{"high", true},
		{"confidence", true},
		{"÷ " + r.baseline, true},
		{"CI low", true},
		{"CI high", true},
		{"p (U test)", true},
	}
	columns := r.presentMetrics(s, m)
	for _, c := range columns {
		t.Head = append(t.Head, column{c.column(), true})
	}
	for _, w := range s.workloads {
		base := s.at(r.baseline, w).summary(m)
		for _, e := range s.enginesOf(w) {
			g := s.at(e, w)
			sum := g.summary(m)
			q := stat.Compare(base, sum)
			p := q.P
			if e == r.baseline || !q.OK() {
				q.Lo, q.Hi, p = math.NaN(), math.NaN(), math.NaN()
			}
			confidence := cell{Text: "–"}
			if sum.N() > 1 {
				confidence = cell{Text: fmt.Sprintf("%.1f%%", 100*sum.Confidence), Sort: strconv.FormatFloat(sum.Confidence, 'g', 9, 64)}
			}
			row := []cell{
				textCell(w), headCell(e), intCell(int64(sum.N())), numberCell(sum.Median, m.unit), numberCell(sum.Lo, m.unit), numberCell(sum.Hi, m.unit),
				confidence, numberCell(q.Value, unitTimes), numberCell(q.Lo, unitTimes), numberCell(q.Hi, unitTimes), numberCell(p, unit{steps: []unitStep{{1, ""}}}),
			}
			for _, c := range columns {
				row = append(row, numberCell(g.summary(c).Median, c.unit))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// presentMetrics are those that some cell of the section has, but for one.
func (r *run) presentMetrics(s *section, but metric) (out []metric) {
	for _, m := range append(slices.Clone(allMetrics), nsPerOp) {
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

// partsTable holds the shares of workloads that mix kinds of operations or roles
// of threads: medians over rounds.
func (r *run) partsTable(s *section) table {
	t := table{ID: s.slug() + "-parts", Caption: "Parts of mixed workloads, medians over rounds: " + s.String(), Head: []column{
		{"workload", false}, {"engine", false}, {"part", false}, {"operations/s", true}, {"p50", true}, {"p99", true}, {"p99.9", true}, {"max", true},
	}}
	for _, w := range s.workloads {
		for _, e := range s.enginesOf(w) {
			names, parts := s.at(e, w).parts()
			for _, name := range names {
				row := []cell{textCell(w), headCell(e), textCell(name)}
				median := func(u unit, of func(p result.Part, l result.Latency) float64) {
					var values []float64
					for _, p := range parts[name] {
						l := p.Latency
						if p.Intended != nil {
							l = *p.Intended
						}
						values = append(values, of(p, l))
					}
					row = append(row, numberCell(stat.Summarize(values).Median, u))
				}
				median(unitCount, func(p result.Part, _ result.Latency) float64 { return p.OpsPerSec })
				median(unitNanos, func(_ result.Part, l result.Latency) float64 { return float64(l.P50) })
				median(unitNanos, func(_ result.Part, l result.Latency) float64 { return float64(l.P99) })
				median(unitNanos, func(_ result.Part, l result.Latency) float64 { return float64(l.P999) })
				median(unitNanos, func(_ result.Part, l result.Latency) float64 { return float64(l.Max) })
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t
}

// parts returns the shares of a group by name, each with its rounds.
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
	unit unit
	of   func(m result.Counts) float64
}{
	{"flushes", unitCount, func(m result.Counts) float64 { return float64(m.Flushes) }},
	{"compactions", unitCount, func(m result.Counts) float64 { return float64(m.Compactions) }},
	{"stalls", unitCount, func(m result.Counts) float64 { return float64(m.Stalls) }},
	{"stalled", unitNanos, func(m result.Counts) float64 { return m.StallSeconds * 1e9 }},
	{"WAL", unitBytes, func(m result.Counts) float64 { return float64(m.WALBytes) }},
	{"flushed", unitBytes, func(m result.Counts) float64 { return float64(m.FlushBytes) }},
	{"compaction read", unitBytes, func(m result.Counts) float64 { return float64(m.CompactionReadBytes) }},
	{"compaction written", unitBytes, func(m result.Counts) float64 { return float64(m.CompactionWrittenBytes) }},
	{"debt at the end", unitBytes, func(m result.Counts) float64 { return float64(m.CompactionDebtBytes) }},
	{"L0 tables at the end", unitCount, func(m result.Counts) float64 { return float64(m.TablesL0) }},
	{"bloom checks", unitCount, func(m result.Counts) float64 { return float64(m.BloomChecks) }},
	{"of them negative", unitTimes, func(m result.Counts) float64 { return share(m.BloomNegatives, m.BloomChecks) }},
	{"cache lookups", unitCount, func(m result.Counts) float64 { return float64(m.CacheHits + m.CacheMisses) }},
	{"of them hits", unitTimes, func(m result.Counts) float64 { return share(m.CacheHits, m.CacheHits+m.CacheMisses) }},
}

// share is part of whole; NaN of nothing.
func share(part, whole int64) float64 { return float64(part) / float64(whole) }

// countersTable holds what engines counted of themselves in the measured part.
func (r *run) countersTable(s *section) table {
	t := table{ID: s.slug() + "-counters", Caption: "Engines' own counters over the measured part, medians over rounds; 0 may mean that an engine does not count it: " + s.String()}
	t.Head = []column{{"workload", false}, {"engine", false}}
	for _, c := range counters {
		t.Head = append(t.Head, column{c.name, true})
	}
	for _, w := range s.workloads {
		for _, e := range s.enginesOf(w) {
			row := []cell{textCell(w), headCell(e)}
			for _, counter := range counters {
				var values []float64
				for _, c := range s.at(e, w).cells {
					if c.Metrics != nil {
						values = append(values, counter.of(*c.Metrics))
					}
				}
				row = append(row, numberCell(stat.Summarize(finite(values)).Median, counter.unit))
			}
			if slices.ContainsFunc(row[2:], func(c cell) bool { return c.Sort != "" }) {
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t
}

func finite(values []float64) []float64 {
	return slices.DeleteFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// sectionTables are the tables of a section that have rows.
func (r *run) sectionTables(s *section) []table {
	tables := []table{r.figuresTable(s), r.partsTable(s), r.countersTable(s)}
	return slices.DeleteFunc(tables, func(t table) bool { return len(t.Rows) == 0 })
}

// cellsTable holds every cell as it was measured.
func (r *run) cellsTable() table {
	t := table{ID: "cells", Caption: "Every cell as it was measured"}
	for _, n := range []string{"cell", "status"} {
		t.Head = append(t.Head, column{n, false})
	}
	for _, n := range []string{"round", "seconds", "operations", "operations/s", "p50", "p99", "p99.9", "max", "write amp", "space amp", "CPU s", "RSS", "other cores"} {
		t.Head = append(t.Head, column{n, true})
	}
	t.Head = append(t.Head, column{"warnings and errors", false})
	for _, c := range r.Cells {
		words := append([]string{}, c.Warnings...)
		if c.Error != "" {
			words = append([]string{c.Error}, words...)
		}
		l := latencyOf(c)
		row := []cell{headCell(c.ID), textCell(c.Status), intCell(int64(c.Round))}
		if c.OK() {
			row = append(row,
				numberCell(c.Seconds, unitSecs), intCell(c.Ops), numberCell(c.OpsPerSec, unitCount),
				numberCell(float64(l.P50), unitNanos), numberCell(float64(l.P99), unitNanos), numberCell(float64(l.P999), unitNanos), numberCell(float64(l.Max), unitNanos),
				numberCell(c.WriteAmp, unitTimes), numberCell(c.SpaceAmp, unitTimes), numberCell(c.CPUSeconds, unitSecs),
				numberCell(float64(c.RSSPeakBytes), unitBytes), numberCell(c.OtherCores, unitCount))
		} else {
			for range 12 {
				row = append(row, cell{Text: "–"})
			}
		}
		t.Rows = append(t.Rows, append(row, textCell(strings.Join(words, "; "))))
	}
	return t
}
