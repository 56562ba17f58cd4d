package race

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lsmlab/harness/result"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// ofTransactions turns a figure of transactions, which may really be zero, into the
// function of a metric.
func ofTransactions(f func(*result.Transactions) float64) func(result.Cell) (float64, bool) {
	return func(c result.Cell) (float64, bool) {
		if c.Transactions == nil {
			return 0, false
		}
		return f(c.Transactions), true
	}
}

var (
	commitRate = metric{
		"commits", "commits", "commits/s", chart.UnitCount, true,
		ofTransactions(func(t *result.Transactions) float64 { return t.CommitsPerSec }),
	}
	abortRate = metric{
		"abort-rate", "abort rate", "attempts that end with a conflict, of 100", chart.UnitPlain, false,
		ofTransactions(func(t *result.Transactions) float64 { return 100 * t.AbortRate }),
	}
	retries = metric{
		"retries", "retries", "repeated attempts for one commit", chart.UnitPlain, false,
		ofTransactions((*result.Transactions).RetriesPerCommit),
	}
	commitP999 = metric{
		"commit-p999", "p99.9 of commit", "time of a commit alone", chart.UnitNanos, false,
		ofTransactions(func(t *result.Transactions) float64 { return float64(t.CommitLatency.P999) }),
	}
)

// transactionGroups draw the workloads of transactions of a section: each alone, and by
// contention.
func (r *run) transactionGroups(s *section) []page.Group {
	ours := *s
	ours.workloads = slices.DeleteFunc(slices.Clone(s.workloads), func(w string) bool { return s.transactions(w) == nil })
	return []page.Group{
		r.dotGroup(&ours, "transactions", "Conflicts and commits of transactions",
			"Rounds in which the invariants of the workload did not hold have failed and have no point here.", abortRate, retries, commitP999),
		r.contentionGroup(&ours),
	}
}

// transactions returns the figures of one cell of a workload, nil if it has no
// transactions.
func (s *section) transactions(workload string) *result.Transactions {
	for _, e := range s.enginesOf(workload) {
		for _, c := range s.at(e, workload).cells {
			if c.Transactions != nil {
				return c.Transactions
			}
		}
	}
	return nil
}

// contentionGroup draws commits and aborts over the skew of the keys, for workloads of a
// section that differ only in this skew.
func (r *run) contentionGroup(s *section) page.Group {
	g := page.Group{
		ID: "contention", Title: "Commits and aborts by contention",
		Note: "The more skewed the keys are, the more transactions want the same ones. Keys are uniform at 0.",
	}
	var bases []string
	skews := map[string][]point{}
	for _, w := range s.workloads {
		t := s.transactions(w)
		base := r.baseWorkload(w) + ", " + t.Isolation
		if skews[base] == nil {
			bases = append(bases, base)
		}
		label := fmt.Sprintf("%g", t.Theta)
		skews[base] = append(skews[base], point{s, w, t.Theta, label, "skew " + label})
	}
	for _, base := range bases {
		points := skews[base]
		slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.at, b.at) })
		if points[0].at == points[len(points)-1].at {
			continue
		}
		for _, m := range []metric{commitRate, abortRate} {
			sw := sweep{metric: m, axis: "skew of the zipfian distribution (theta)", points: points}
			g.Figures = append(g.Figures, r.sweepFigures(sw, func() chart.Figure {
				f := r.frame(s, "contention-"+m.key, strings.ReplaceAll(base, ", ", "-"), m.name+" by contention")
				f.Subtitle = fmt.Sprintf("%s; %s", s.setting, r.rounds(s, points[0].workload))
				return f
			})...)
		}
	}
	return g
}
