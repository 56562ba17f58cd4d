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

// ranked returns the engines of a workload, the best first.
func (s *section) ranked(workload string, m metric) (out []standing) {
	for _, e := range s.enginesOf(workload) {
		if sum := s.at(e, workload).summary(m); sum.N() > 0 {
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
func (s *section) ratioFinding(workload, baseline string) string {
	m := s.deciding()
	base := s.at(baseline, workload).summary(m)
	var better, worse, open, few []string
	for _, st := range s.ranked(workload, m) {
		if st.engine == baseline {
			continue
		}
		q := stat.Compare(base, st.sum)
		text := st.engine + " " + ratioText(q)
		switch {
		case !q.OK():
		case min(base.N(), st.sum.N()) < stat.MinRounds:
			few = append(few, text)
		case !q.Significant():
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
	}{{"Better than " + baseline, better}, {"worse", worse}, {"no difference proven", open}, {fmt.Sprintf("under %d rounds, too few for a verdict", stat.MinRounds), few}} {
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
// the baseline or the next engine, and whether this is significant.
func (s *section) verdict(workload, baseline string) string {
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
	against := standing{baseline, s.at(baseline, workload).summary(m)}
	if best.engine == baseline || against.sum.N() == 0 {
		against = all[1]
	}
	q := stat.Compare(against.sum, best.sum)
	if q.OK() {
		text += fmt.Sprintf(", %s %s", chart.UnitTimes.Format(q.Value), against.engine)
		if !math.IsNaN(q.Lo) {
			text += fmt.Sprintf(" (95%% CI %s to %s)", chart.UnitTimes.Format(q.Lo), chart.UnitTimes.Format(q.Hi))
		}
	}
	if !q.Significant() {
		if min(best.sum.N(), against.sum.N()) < stat.MinRounds {
			return text + fmt.Sprintf("; too few rounds to prove a difference (it takes %d a side).", stat.MinRounds)
		}
		return text + "; no difference is proven."
	}
	if all[1].engine != against.engine {
		if next := stat.Compare(all[1].sum, best.sum); !next.Significant() {
			text += fmt.Sprintf("; no difference to %s is proven", all[1].engine)
		}
	}
	return text + "."
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
	text := fmt.Sprintf("%d %s under %s, %s of %s keys each", len(p.Engines), what,
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

// proofWords says when a difference counts, and how many differences appear by chance.
func (r *run) proofWords() string {
	comparisons := 0
	for _, s := range r.sections {
		for _, w := range s.workloads {
			if s.at(r.baseline, w) != nil {
				comparisons += len(s.enginesOf(w)) - 1
			}
		}
	}
	text := "A difference counts as proven if the Mann-Whitney U test gives p < 0.05 and the 95% interval of the ratio leaves out 1, as in lsmlab compare"
	if n := stat.Alpha * float64(comparisons); n >= 0.5 {
		text += fmt.Sprintf("; of %d comparisons with %s about %.0f come out so by chance", comparisons, r.baseline, n)
	}
	return text + "."
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
	if p.CacheSize > 0 {
		parts = append(parts, "cache "+chart.UnitBytes.Format(float64(p.CacheSize)))
	}
	if p.MemTableSize > 0 {
		parts = append(parts, "MemTable "+chart.UnitBytes.Format(float64(p.MemTableSize)))
	}
	return strings.Join(parts, ", ")
}
