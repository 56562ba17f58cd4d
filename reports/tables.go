package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lsmlab/harness/result"
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
	return cell{Text: u.format(v), Sort: strconv.FormatFloat(v, 'g', -1, 64)}
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
		{"workload", false}, {"engine", false}, {"rounds", true}, {m.column(), true}, {"low", true}, {"high", true}, {"confidence", true},
		{"÷ " + r.baseline, true}, {"CI low", true}, {"CI high", true}, {"p (U test)", true},
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
			q := compare(base, sum)
			p := q.p
			if e == r.baseline || !q.ok() {
				q.lo, q.hi, p = math.NaN(), math.NaN(), math.NaN()
			}
			confidence := cell{Text: "–"}
			if sum.n() > 1 {
				confidence = cell{Text: fmt.Sprintf("%.1f%%", 100*sum.confidence), Sort: fmt.Sprint(sum.confidence)}
			}
			row := []cell{
				textCell(w), headCell(e), intCell(int64(sum.n())), numberCell(sum.median, m.unit), numberCell(sum.lo, m.unit), numberCell(sum.hi, m.unit),
				confidence, numberCell(q.value, unitTimes), numberCell(q.lo, unitTimes), numberCell(q.hi, unitTimes), numberCell(p, unit{steps: []unitStep{{1, ""}}}),
			}
			for _, c := range columns {
				row = append(row, numberCell(g.summary(c).median, c.unit))
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
			if g.summary(m).n() > 0 {
				out = append(out, m)
				break
			}
		}
	}
	return out
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

// fact is one line of the environment.
type fact struct{ Name, Value string }

func (r *run) environment() []fact {
	e := r.Env
	yes := func(b bool, a, other string) string {
		if b {
			return a
		}
		return other
	}
	facts := []fact{
		{"Command", e.Command},
		{"Commit", strings.TrimSpace(e.Commit + yes(e.Dirty, " with changes that were not committed", ""))},
		{"Module version", e.Module},
		{"Go", e.GoVersion},
		{"Started", e.Started.UTC().Format(time.RFC3339)},
		{"CPU", e.CPU},
		{"Cores", fmt.Sprintf("%d, GOMAXPROCS %d", e.Cores, e.GOMAXPROCS)},
		{"CPU governor", e.Governor},
		{"Virtual machine", yes(e.Hypervisor, "yes", "no")},
		{"Memory", unitBytes.format(float64(e.MemoryBytes))},
		{"Swap", unitBytes.format(float64(e.SwapBytes))},
		{"Load at the start", fmt.Sprintf("%.2f", e.Load1)},
		{"System", strings.TrimSpace(fmt.Sprintf("%s %s %s", e.OS, e.Arch, e.Kernel))},
		{"File system", strings.TrimSpace(fmt.Sprintf("%s on %s, %s", e.FileSystem, orUnknown(e.Device, "device"), e.MountOptions))},
		{"Harness", fmt.Sprintf("%.0f ns an operation on an engine that does nothing, %.0f ns of them to measure, %.0f ns a clock reading",
			e.HarnessNSPerOp, e.MeasureNSPerOp, e.ClockNS)},
		{"Work", r.work()},
	}
	for _, k := range sortedKeys(e.Methods) {
		facts = append(facts, fact{"How " + k + " is counted", e.Methods[k]})
	}
	return slices.DeleteFunc(facts, func(f fact) bool { return f.Value == "" })
}

func (r *run) work() string {
	p := r.Plan
	parts := []string{thousands(fmt.Sprint(p.Keys)) + " keys", fmt.Sprintf("seed %d", p.Seed), counted(p.Rounds, "round")}
	size := func(what string, v int) {
		switch {
		case v > 0:
			parts = append(parts, fmt.Sprintf("%s of %d B", what, v))
		case v < 0:
			parts = append(parts, "empty "+what)
		}
	}
	size("keys", p.KeySize)
	size("values", p.ValueSize)
	if p.Ops > 0 {
		parts = append(parts, thousands(fmt.Sprint(p.Ops))+" operations a cell")
	}
	if p.Duration > 0 {
		parts = append(parts, fmt.Sprintf("at most %s a cell", time.Duration(p.Duration)))
	}
	if p.CacheSize > 0 {
		parts = append(parts, "cache "+unitBytes.format(float64(p.CacheSize)))
	}
	if p.MemTableSize > 0 {
		parts = append(parts, "MemTable "+unitBytes.format(float64(p.MemTableSize)))
	}
	return strings.Join(parts, ", ")
}

// enginesTable says what ran, with the effective options of every rung.
func (r *run) enginesTable() table {
	t := table{ID: "engines", Caption: "Engines, versions and effective options", Head: []column{
		{"engine", false}, {"version", false}, {"durability", false}, {"options that give it", false}, {"at every rung", false}, {"about", false},
	}}
	for _, e := range r.Env.Engines {
		var settings []string
		for _, k := range sortedKeys(e.Settings) {
			settings = append(settings, k+"="+e.Settings[k])
		}
		rungs := slices.Clone(r.Plan.Durabilities)
		for _, d := range rungs {
			options, ok := e.Options[d]
			if !ok {
				options = "refused: the engine does not give it"
			}
			t.Rows = append(t.Rows, []cell{
				headCell(e.Name), textCell(cmp.Or(e.Version, "of this build")), textCell(d), textCell(options), textCell(strings.Join(settings, ", ")), textCell(e.Summary),
			})
		}
	}
	return t
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// warningKind is warnings of cells that begin alike.
type warningKind struct {
	Kind    string
	Cells   int
	Example string
	List    []string
}

// cellWarnings groups the warnings of all cells by what stands before the colon.
func (r *run) cellWarnings() []warningKind {
	var kinds []warningKind
	for _, c := range r.Cells {
		texts := slices.Clone(c.Warnings)
		if c.Status == result.StatusFailed {
			texts = append(texts, "failed: "+c.Error)
		}
		for _, text := range texts {
			kind, _, _ := strings.Cut(text, ":")
			i := slices.IndexFunc(kinds, func(k warningKind) bool { return k.Kind == kind })
			if i < 0 {
				i = len(kinds)
				kinds = append(kinds, warningKind{Kind: kind, Example: text})
			}
			kinds[i].Cells++
			kinds[i].List = append(kinds[i].List, c.ID+": "+text)
		}
	}
	slices.SortStableFunc(kinds, func(a, b warningKind) int { return cmp.Compare(b.Cells, a.Cells) })
	return kinds
}
