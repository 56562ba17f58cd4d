package stat

import (
	"cmp"
	"slices"
)

// Holm sets the adjusted P of every ratio of a family: comparisons among which a reader
// looks for differences. With it, the probability that the family shows any difference
// where there is none is at most Alpha, however its comparisons depend on each other
// (Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979). Ratios that
// have no interval do not count as members.
func Holm(family []*Ratio) {
	tested := slices.DeleteFunc(slices.Clone(family), func(r *Ratio) bool { return !r.OK() || r.TooFew() })
	slices.SortStableFunc(tested, func(a, b *Ratio) int { return cmp.Compare(a.P, b.P) })
	least := 0.0
	for i, r := range tested {
		least = max(least, min(1, r.P*float64(len(tested)-i)))
		r.Adjusted = least
	}
}
