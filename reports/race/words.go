package race

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// standing is an engine with its summary.
type standing struct {
	engine string
	sum    stat.Summary
}

// ranked returns the engines of a workload without controls, the best first.
func (s *section) ranked(workload string, m metric) (out []standing) {
	for _, e := range s.enginesOf(workload) {
		if sum := s.at(e, workload).summary(m); sum.N() > 0 && !result.IsAgain(e) {
			out = append(out, standing{e, sum})
		}
	}
	slices.SortStableFunc(out, func(a, b standing) int {
		if m.higher {
			return cmp.Compare(b.sum.Median, a.sum.Median)
		}
		return cmp.Compare(a.sum.Median, b.sum.Median)
	})
	return out
}

// extremes says which engine is best and which is last.
func (s *section) extremes(workload string, m metric) string {
	all := s.ranked(workload, m)
	switch len(all) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%s: %s %s.", human.UpperFirst(m.name), all[0].engine, m.unit.Format(all[0].sum.Median))
	}
	best, worst := all[0], all[len(all)-1]
	first, last := "lowest", "highest"
	if m.higher {
		first, last = last, first
	}
	if m.unit.Format(best.sum.Median) == m.unit.Format(worst.sum.Median) {
		return fmt.Sprintf("%s: %s everywhere.", human.UpperFirst(m.name), m.unit.Format(best.sum.Median))
	}
	return fmt.Sprintf("%s: %s with %s (%s), %s with %s (%s).", human.UpperFirst(m.name),
		first, best.engine, m.unit.Format(best.sum.Median), last, worst.engine, m.unit.Format(worst.sum.Median))
}

// ratioText writes a ratio with its interval.
func ratioText(q stat.Ratio) string {
	if !q.OK() {
		return "no ratio"
	}
	text := chart.UnitTimes.Format(q.Value)
	if !math.IsNaN(q.Lo) {
		text += fmt.Sprintf(" (95%% CI %s to %s)", chart.UnitTimes.Format(q.Lo), chart.UnitTimes.Format(q.Hi))
	}
	return text
}

// ratioFinding says which engines are above and below the baseline.
func (r *run) ratioFinding(s *section, workload string) string {
	m := s.deciding()
	var better, worse, open, few []string
	for _, st := range s.ranked(workload, m) {
		if st.engine == r.baseline {
			continue
		}
		q := r.ratio(pair{s, workload, st.engine, r.baseline})
		text := st.engine + " " + ratioText(q)
		switch {
		case !q.OK():
		case q.TooFew():
			few = append(few, text)
		case !q.Resolved():
			open = append(open, text)
		case (q.Value > 1) == m.higher:
			better = append(better, text)
		default:
			worse = append(worse, text)
		}
	}
	var parts []string
	for _, p := range []struct {
		word string
		list []string
	}{{"Better than " + r.baseline, better}, {"worse", worse}, {"not resolved", open}, {fmt.Sprintf("under %d rounds, too few for a verdict", stat.MinRounds), few}} {
		if len(p.list) > 0 {
			parts = append(parts, p.word+": "+strings.Join(p.list, ", "))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return human.UpperFirst(strings.Join(parts, "; ")) + "."
}

// verdict is the sentence on a workload in the summary: the best engine, its lead over
// the baseline or the next engine, and whether this is resolved.
func (r *run) verdict(s *section, workload string) string {
	m := s.deciding()
	all := s.ranked(workload, m)
	if len(all) == 0 {
		return "no figures."
	}
	best := all[0]
	what := "%s is fastest with %s operations/s"
	if s.open() {
		what = "%s has the lowest p99 from the intended start, %s"
	}
	text := fmt.Sprintf(what, best.engine, m.unit.Format(best.sum.Median))
	if len(all) == 1 {
		return text + "; the only engine."
	}
	against := r.baseline
	if best.engine == r.baseline || s.at(r.baseline, workload).summary(m).N() == 0 {
		against = all[1].engine
	}
	q := r.ratio(pair{s, workload, best.engine, against})
	if q.OK() {
		text += fmt.Sprintf(", %s %s", chart.UnitTimes.Format(q.Value), against)
		if !math.IsNaN(q.Lo) {
			text += fmt.Sprintf(" (95%% CI %s to %s)", chart.UnitTimes.Format(q.Lo), chart.UnitTimes.Format(q.Hi))
		}
	}
	if q.TooFew() {
		return text + fmt.Sprintf("; too few rounds to prove a difference (it takes %d a side).", stat.MinRounds)
	}
	if !q.Resolved() {
		return text + unresolvedText(q) + "."
	}
	if next := all[1].engine; next != against {
		if q := r.ratio(pair{s, workload, best.engine, next}); !q.Resolved() {
			text += fmt.Sprintf("; its difference to %s is not resolved", next)
		}
	}
	return text + "."
}

// unresolvedText says that a difference is not shown, and what could have been.
func unresolvedText(q stat.Ratio) string {
	if math.IsNaN(q.Resolution) {
		return "; not resolved"
	}
	return fmt.Sprintf("; not resolved: these rounds tell %s apart", chart.UnitTimes.Format(q.Resolution))
}

// kindWords names contenders that are no engines.
func kindWords(kind string) string {
	if kind == result.KindMemTables {
		return "bare MemTables"
	}
	return "contenders of kind " + kind
}

// durabilityWords say what a durability level promises.
var durabilityWords = map[string]string{
	"volatile": "an acknowledged write may be lost with the process",
	"buffered": "an acknowledged write survives a crash of the process, not a power failure",
	"synced":   "an acknowledged write survives a power failure",
}

// lead is the summary's first paragraph.
func (r *run) lead() string {
	done := r.planned - len(r.missing)
	var failed, refused int
	for _, c := range r.Cells {
		switch c.Status {
		case result.StatusFailed:
			failed++
		case result.StatusUnsupported:
			refused++
		}
	}
	p := r.Plan
	what := "storage engines"
	if kind := p.KindName(); kind != "" {
		what = kindWords(kind)
	}
	text := fmt.Sprintf("%d %s under %s, %s of %s keys each", r.raced(), what,
		human.Count(len(p.Workloads), "workload"), human.Count(p.Rounds, "round"), human.Thousands(fmt.Sprint(p.Keys)))
	text += fmt.Sprintf(": %d of %d cells have been run", done, r.planned)
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	if refused > 0 {
		text += fmt.Sprintf(", %d refused by engines that do not give the durability", refused)
	}
	text += ". "
	var levels []string
	for _, d := range p.AllDurabilities() {
		if p.KindName() != "" {
			levels = append(levels, "what is no engine has none")
			break
		}
		levels = append(levels, fmt.Sprintf("%s: %s", d, durabilityWords[d]))
	}
	text += "Durability: " + strings.Join(levels, "; ") + ". "
	text += fmt.Sprintf("The baseline is %s. Every cell ran in a fresh process on a fresh store, rounds interleaved over engines in random order; no round is left out. ", r.baseline)
	return text + r.proofWords()
}

// raced counts the engines of the plan without controls.
func (r *run) raced() (n int) {
	for _, e := range r.Plan.Engines {
		if !result.IsAgain(e) {
			n++
		}
	}
	return n
}

// proofWords says when a difference counts.
func (r *run) proofWords() string {
	text := "A ratio is the geometric mean of the ratios within the rounds, with Student's t interval on their logarithms. Its resolution is the smallest ratio that these rounds could have shown with a probability of 80%. A difference counts if the t test gives p < 0.05"
	if n := r.comparisons(); n > 1 {
		text += fmt.Sprintf(" by Holm's correction for the %d comparisons of this page", n)
	}
	return text + " and the ratio is at least the resolution, as in lsmlab compare; any other is not resolved. That asks more than the test alone: of true differences of just the resolution, about half count."
}

func (r *run) work() string {
	p := r.Plan
	parts := []string{human.Thousands(fmt.Sprint(p.Keys)) + " keys", fmt.Sprintf("seed %d", p.Seed), human.Count(p.Rounds, "round")}
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
		parts = append(parts, human.Thousands(fmt.Sprint(p.Ops))+" operations a cell")
	}
	if p.Duration > 0 {
		parts = append(parts, fmt.Sprintf("at most %s a cell", time.Duration(p.Duration)))
	}
	if p.Memory > 0 {
		parts = append(parts, "memory of a cell limited to "+chart.UnitBytes.Format(float64(p.Memory)))
	}
	if p.CacheSize > 0 {
		parts = append(parts, "cache "+chart.UnitBytes.Format(float64(p.CacheSize)))
	}
	if p.MemTableSize > 0 {
		parts = append(parts, "MemTable "+chart.UnitBytes.Format(float64(p.MemTableSize)))
	}
	return strings.Join(parts, ", ")
}
