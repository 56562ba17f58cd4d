package race

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// pair is a comparison of two engines under one workload of one section.
type pair struct {
	s        *section
	workload string
	of, over string
}

// compareAll makes the comparisons of the page's deciding figures. Two families stand
// apart: engines against each other, and controls against what they repeat.
func (r *run) compareAll() {
	r.ratios = map[pair]*stat.Ratio{}
	var engines, controls []*stat.Ratio
	add := func(p pair, family *[]*stat.Ratio) {
		if _, there := r.ratios[p]; !there && p.of != p.over {
			q := r.compare(p)
			r.ratios[p] = &q
			*family = append(*family, &q)
		}
	}
	for _, s := range r.sections {
		for _, w := range s.workloads {
			for _, e := range s.enginesOf(w) {
				if result.IsAgain(e) {
					add(controlPair(s, w, e), &controls)
				} else {
					add(pair{s, w, e, r.baseline}, &engines)
				}
			}
			if best := s.ranked(w, s.deciding()); len(best) > 1 && best[0].engine != r.baseline && best[1].engine != r.baseline {
				add(pair{s, w, best[0].engine, best[1].engine}, &engines)
			}
		}
	}
	stat.Holm(engines)
	stat.Holm(controls)
}

// controlPair is a control over what it repeats.
func controlPair(s *section, workload, control string) pair {
	return pair{s, workload, control, strings.TrimSuffix(control, result.Again)}
}

func (r *run) compare(p pair) stat.Ratio {
	m := p.s.deciding()
	return stat.Compare(p.s.at(p.over, p.workload).summary(m), p.s.at(p.of, p.workload).summary(m))
}

// ratio returns a comparison, judged within its family if it is part of one.
func (r *run) ratio(p pair) stat.Ratio {
	if q, ok := r.ratios[p]; ok {
		return *q
	}
	if q, ok := r.ratios[pair{p.s, p.workload, p.over, p.of}]; ok {
		return q.Inverse()
	}
	return r.compare(p)
}

// comparisons counts the comparisons of engines with each other that have a verdict.
func (r *run) comparisons() (n int) {
	for p, q := range r.ratios {
		if !result.IsAgain(p.of) && q.OK() && !q.TooFew() {
			n++
		}
	}
	return n
}

// ratioRow is the row of a comparison in a chart.
func ratioRow(l chart.Look, q stat.Ratio) chart.DotRow {
	row := chart.DotRow{Look: l, Mid: q.Value, Lo: q.Lo, Hi: q.Hi, Band: q.Resolution}
	switch {
	case q.TooFew():
		row.Note = "too few rounds"
	case !q.Resolved():
		row.Note = "not resolved"
	}
	return row
}

// controlRows are the rows of the controls under a workload.
func (r *run) controlRows(s *section, workload string) (rows []chart.DotRow) {
	for _, e := range s.enginesOf(workload) {
		if !result.IsAgain(e) {
			continue
		}
		p := controlPair(s, workload, e)
		if q := r.ratio(p); q.OK() {
			l := r.looks[e]
			l.Name = "A/A: " + p.over
			rows = append(rows, ratioRow(l, q))
		}
	}
	return rows
}

// controlText says what the controls of a section show; it is empty without controls.
func (r *run) controlText(s *section) string {
	var parts, different []string
	worst := 0.0
	for _, w := range s.workloads {
		for _, e := range s.enginesOf(w) {
			if !result.IsAgain(e) {
				continue
			}
			p := controlPair(s, w, e)
			q := r.ratio(p)
			if !q.OK() {
				continue
			}
			text := fmt.Sprintf("%s %s", w, chart.UnitTimes.Format(q.Value))
			if !math.IsNaN(q.Resolution) {
				text += fmt.Sprintf(" (resolution %s)", chart.UnitTimes.Format(q.Resolution))
				worst = math.Max(worst, q.Resolution)
			}
			parts = append(parts, text)
			if q.Resolved() {
				different = append(different, w)
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	text := "one engine raced against itself: " + strings.Join(slices.Compact(parts), ", ")
	if len(different) > 0 {
		return text + "; a difference is shown where there is none, in " + strings.Join(different, ", ") + ": distrust the figures of this setting."
	}
	if worst > 0 {
		text += fmt.Sprintf("; no difference is shown, as there is none. The coarsest resolution is %s", chart.UnitTimes.Format(worst))
	}
	return text + "."
}
