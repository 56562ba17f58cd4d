package verdict

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// figure is a number that a race measures.
type figure struct {
	family string // comparisons of one family are judged together
	title  string
	name   string     // of the unit, in verdict.json
	unit   chart.Unit // on the page
	higher bool       // higher is better
	of     func(*result.Cell) float64
}

var (
	throughput = figure{"speed", "operations/s", "operations/s", chart.UnitCount, true, func(c *result.Cell) float64 { return c.OpsPerSec }}
	intended   = figure{"latency", "p99 from the intended start", "ns", chart.UnitNanos, false, func(c *result.Cell) float64 {
		if c.Intended == nil {
			return 0
		}
		return float64(c.Intended.P99)
	}}
	sustained = figure{"sustained rate", "sustained operations/s", "operations/s", chart.UnitCount, true, func(c *result.Cell) float64 {
		if c.Sustained == nil {
			return 0
		}
		return c.Sustained.Rate
	}}
	restart = figure{"restart", "time to open", "ns", chart.UnitNanos, false, func(c *result.Cell) float64 { return c.OpenSeconds * 1e9 }}
	memory  = figure{"memory", "memory", "bytes", chart.UnitBytes, false, func(c *result.Cell) float64 { return float64(c.RSSPeakBytes) }}
	space   = figure{"space", "disk over live bytes", "1", chart.UnitTimes, false, func(c *result.Cell) float64 { return c.SpaceAmp }}
)

// figureOf returns what decides about a cell.
func figureOf(c *result.Cell) figure {
	switch {
	case strings.HasPrefix(c.Workload, "reopen"):
		return restart
	case c.Loop == result.LoopSustained || c.Sustained != nil:
		return sustained
	case c.Loop == result.LoopOpen:
		return intended
	}
	return throughput
}

// work is what cells of a race have in common that may be compared.
type work struct {
	workload, durability string
	threads              int
}

func workOf(c *result.Cell) work { return work{c.Workload, c.Durability, c.Threads} }

// question is a column of figures with the rounds behind it.
type question struct {
	Column
	figure
	evidence string
	rounds   map[string]map[int]float64 // by engine and round
	why      map[string]string          // an engine has no figure
}

// questions returns the columns of a race: one for each work, and of a race that measures
// throughput the memory and the space of all works.
func questions(run *result.Run, dir, evidence string) (out []*question) {
	byWork := map[work]*question{}
	var works []work
	for i := range run.Cells {
		c := &run.Cells[i]
		w := workOf(c)
		q := byWork[w]
		if q == nil {
			q = newQuestion(run, dir, evidence, w)
			byWork[w] = q
			works = append(works, w)
		}
		q.add(c)
	}
	slices.SortStableFunc(works, func(a, b work) int {
		return cmp.Compare(slices.Index(run.Plan.Workloads, a.workload), slices.Index(run.Plan.Workloads, b.workload))
	})
	speed := false
	for _, w := range works {
		out = append(out, byWork[w])
		speed = speed || byWork[w].family == throughput.family
	}
	if speed {
		out = append(out, overWorks(run, dir, evidence, memory), overWorks(run, dir, evidence, space))
	}
	return out
}

// newQuestion returns the empty column of a work. Cells of one work have one figure, which
// one of them that has it tells.
func newQuestion(run *result.Run, dir, evidence string, w work) *question {
	f := throughput
	for i := range run.Cells {
		if c := &run.Cells[i]; workOf(c) == w {
			if f = figureOf(c); c.OK() {
				break
			}
		}
	}
	title := w.workload + ", " + f.title
	if len(run.Plan.AllDurabilities()) > 1 || w.durability != "buffered" {
		title += ", " + w.durability
	}
	if len(run.Plan.GroupsOf(w.workload)) > len(run.Plan.AllDurabilities()) {
		title += fmt.Sprintf(", %d threads", w.threads)
	}
	return makeQuestion(f, title, path.Join(dir, fmt.Sprintf("%s-%s-t%d", w.workload, w.durability, w.threads)), evidence)
}

func makeQuestion(f figure, title, id, evidence string) *question {
	return &question{
		Column: Column{ID: id, Family: f.family, Title: title, Higher: f.higher, Figure: true, Unit: f.name}, figure: f, evidence: evidence,
		rounds: map[string]map[int]float64{}, why: map[string]string{},
	}
}

// add adds a cell.
func (q *question) add(c *result.Cell) {
	switch v := q.of(c); {
	case !c.OK():
		q.why[c.Engine] = c.Error
	case v > 0:
		if q.rounds[c.Engine] == nil {
			q.rounds[c.Engine] = map[int]float64{}
		}
		q.rounds[c.Engine][c.Round] = v
	default:
		q.why[c.Engine] = "the run has no such figure"
	}
}

// overWorks is the column of the most that a figure reaches in a round, over those works that
// every engine with figures did.
func overWorks(run *result.Run, dir, evidence string, f figure) *question {
	q := makeQuestion(f, f.title, path.Join(dir, f.family), evidence)
	did := map[string]map[work]map[int]float64{}
	for i := range run.Cells {
		c := &run.Cells[i]
		if result.IsAgain(c.Engine) {
			continue
		}
		if !c.OK() {
			q.why[c.Engine] = c.Error
			continue
		}
		if did[c.Engine] == nil {
			did[c.Engine] = map[work]map[int]float64{}
		}
		if did[c.Engine][workOf(c)] == nil {
			did[c.Engine][workOf(c)] = map[int]float64{}
		}
		did[c.Engine][workOf(c)][c.Round] = f.of(c)
	}
	common := commonWorks(did)
	for engine, works := range did {
		q.rounds[engine] = mostByRound(works, common)
		if len(common) == 0 {
			q.why[engine] = "no work was done by all engines"
		}
	}
	return q
}

// commonWorks are those that all engines have.
func commonWorks(did map[string]map[work]map[int]float64) (common []work) {
	for _, works := range did {
		for w := range works {
			all := !slices.Contains(common, w)
			for _, other := range did {
				all = all && len(other[w]) > 0
			}
			if all {
				common = append(common, w)
			}
		}
	}
	return common
}

// mostByRound is the most over the works, for every round that has all of them.
func mostByRound(works map[work]map[int]float64, common []work) map[int]float64 {
	count, most := map[int]int{}, map[int]float64{}
	for _, w := range common {
		for round, v := range works[w] {
			count[round]++
			most[round] = max(most[round], v)
		}
	}
	for round, n := range count {
		if n < len(common) || most[round] <= 0 {
			delete(most, round)
		}
	}
	return most
}

// summary describes the rounds of an engine.
func (q *question) summary(engine string) stat.Summary { return stat.SummarizeRounds(q.rounds[engine]) }

// ranked returns the engines with figures, the best first.
func (q *question) ranked(engines []string) (out []string) {
	for _, e := range engines {
		if q.summary(e).N() > 0 {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int {
		if q.higher {
			a, b = b, a
		}
		return cmp.Compare(q.summary(a).Median, q.summary(b).Median)
	})
	return out
}
