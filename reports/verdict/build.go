package verdict

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"lsmlab/harness/human"
	"lsmlab/harness/stat"
	"lsmlab/harness/verdict"
	"lsmlab/reports/chart"
)

// usualBaseline is the baseline if the runs have it: it is public, well known and fast.
const usualBaseline = "pebble"

// table makes the table.
func (b *builder) table() *Table {
	t := &Table{Schema: Schema, Command: b.plan.Command}
	if len(b.questions) > 0 && len(b.plan.Engines) > 0 {
		t.Baseline = b.plan.Engines[0]
		if slices.Contains(b.plan.Engines, usualBaseline) {
			t.Baseline = usualBaseline
		}
	}
	for _, e := range b.plan.Engines {
		t.Rows = append(t.Rows, Row{Engine: e})
	}
	b.distinguish()
	b.figures(t)
	b.words(t, verdict.Crash, "power cut", func(engine string) (Cell, bool) {
		c := b.crashed[engine]
		if c == nil {
			return Cell{}, false
		}
		return c.cell(), true
	})
	b.words(t, verdict.Isolation, "isolation", func(engine string) (Cell, bool) {
		c, ok := b.isolated[engine]
		return c, ok
	})
	return t
}

// distinguish adds to titles that several runs share the directories of the runs.
func (b *builder) distinguish() {
	count := map[string]int{}
	for _, q := range b.questions {
		count[q.Title]++
	}
	for _, q := range b.questions {
		if count[q.Title] > 1 {
			q.Title += fmt.Sprintf(" (%s)", path.Dir(q.ID))
		}
	}
}

// figures adds the columns of figures.
func (b *builder) figures(t *Table) {
	ratios := b.compare(t.Baseline)
	for _, q := range b.questions {
		for i := range t.Rows {
			row := &t.Rows[i]
			row.Cells = append(row.Cells, q.cell(row.Engine, t.Baseline, ratios))
		}
		q.Best = q.best(b.plan.Engines, ratios)
		t.Columns = append(t.Columns, q.Column)
	}
}

// pair is a comparison of two engines in one column.
type pair struct {
	q        *question
	of, over string
}

// compare makes every comparison of the page: of each engine with the baseline and of the best
// with the next, a family for each kind of figure.
func (b *builder) compare(baseline string) map[pair]*stat.Ratio {
	ratios := map[pair]*stat.Ratio{}
	families := map[string][]*stat.Ratio{}
	add := func(p pair) {
		if ratios[p] != nil || p.of == p.over {
			return
		}
		r := stat.Compare(p.q.summary(p.over), p.q.summary(p.of))
		ratios[p] = &r
		families[p.q.family] = append(families[p.q.family], &r)
	}
	for _, q := range b.questions {
		for _, e := range b.plan.Engines {
			add(pair{q, e, baseline})
		}
		if best := q.ranked(b.plan.Engines); len(best) > 1 && best[0] != baseline && best[1] != baseline {
			add(pair{q, best[0], best[1]})
		}
	}
	for _, f := range families {
		stat.Holm(f)
	}
	return ratios
}

// cell is the answer of an engine.
func (q *question) cell(engine, baseline string, ratios map[pair]*stat.Ratio) Cell {
	sum := q.summary(engine)
	if sum.N() == 0 {
		why := q.why[engine]
		if why == "" {
			why = "the run did not have this engine"
		}
		return notMeasured(why, q.evidence)
	}
	c := Cell{Text: q.figure.unit.Format(sum.Median), Value: sum.Median, Rounds: sum.N(), Evidence: q.evidence, Verdict: Baseline}
	if engine != baseline {
		c.Verdict = ""
		c.compared(*ratios[pair{q, engine, baseline}], q.higher)
	}
	return c
}

// best says which engine is best, and whether its lead over the next is resolved.
func (q *question) best(engines []string, ratios map[pair]*stat.Ratio) string {
	ranked := q.ranked(engines)
	if len(ranked) == 0 {
		return ""
	}
	text := fmt.Sprintf("%s has the best figure, %s", ranked[0], q.figure.unit.Format(q.summary(ranked[0]).Median))
	if len(ranked) == 1 {
		return text + "; it is the only engine with one."
	}
	r := ratios[pair{q, ranked[0], ranked[1]}]
	if r == nil {
		inverse := ratios[pair{q, ranked[1], ranked[0]}].Inverse()
		r = &inverse
	}
	text += ". The next is " + ranked[1]
	switch {
	case !r.OK():
		return text + "."
	case r.TooFew():
		return text + fmt.Sprintf("; too few rounds to prove a difference (it takes %d).", stat.MinRounds)
	case !r.Resolved():
		return text + fmt.Sprintf("; the difference is not resolved, as these rounds tell %s apart.", chart.UnitTimes.Format(r.Resolution))
	}
	return text + fmt.Sprintf("; the ratio of the two is %s (95%% CI %s to %s).", chart.UnitTimes.Format(r.Value), chart.UnitTimes.Format(r.Lo), chart.UnitTimes.Format(r.Hi))
}

// words adds a column of words, if the plan has parts of the kind.
func (b *builder) words(t *Table, kind verdict.Kind, title string, answer func(engine string) (Cell, bool)) {
	if !slices.ContainsFunc(b.plan.Parts, func(p verdict.Part) bool { return p.Kind == kind }) {
		return
	}
	counts := map[string]int{}
	for i := range t.Rows {
		row := &t.Rows[i]
		c, ok := answer(row.Engine)
		if !ok {
			why := b.why[kind][row.Engine]
			if why == "" {
				why = b.why[kind][""]
			}
			if why == "" {
				why = "no run had this engine"
			}
			c = notMeasured(why, "")
		}
		counts[c.Verdict]++
		row.Cells = append(row.Cells, c)
	}
	var parts []string
	for _, v := range []struct{ verdict, word string }{{Sound, "nothing was found in"}, {Finding, "there is a finding in"}, {"", "there is no answer for"}} {
		if n := counts[v.verdict]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d of %s", v.word, n, human.Count(len(t.Rows), "engine")))
		}
	}
	t.Columns = append(t.Columns, Column{ID: string(kind), Family: string(kind), Title: title, Best: human.UpperFirst(strings.Join(parts, "; ")) + "."})
}
