package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/montanaflynn/stats"

	"lsmlab/harness/result"
)

const outlierPrefix = "outlier: "

// Outliers flags cells whose throughput is far from that of their other rounds. It
// removes flags that no longer apply, and returns the indices of the cells that it
// changed. It drops nothing.
//
// With five rounds or more, a cell is an outlier if its modified z-score is over 3.5
// (Iglewicz, Hoaglin, "How to Detect and Handle Outliers", 1993) and it is more than
// 10% from the median. With three or four rounds, the spread itself is not known, and a
// cell is an outlier if it is more than 25% from the median.
func Outliers(cells []result.Cell) (changed []int) {
	groups := map[Group]stats.Float64Data{}
	for _, c := range cells {
		if c.OK() {
			groups[GroupOf(c)] = append(groups[GroupOf(c)], c.OpsPerSec)
		}
	}
	for i := range cells {
		c := &cells[i]
		if !c.OK() {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(c.Warnings), func(w string) bool { return strings.HasPrefix(w, outlierPrefix) })
		if w := outlier(c.OpsPerSec, groups[GroupOf(*c)]); w != "" {
			kept = append(kept, w)
		}
		if !slices.Equal(kept, c.Warnings) {
			c.Warnings = kept
			changed = append(changed, i)
		}
	}
	return changed
}

// outlier returns the warning for value v, which is one of all, or "".
func outlier(v float64, all stats.Float64Data) string {
	median, err := all.Median()
	if err != nil || len(all) < 3 || median == 0 {
		return ""
	}
	off := v/median - 1
	if len(all) < 5 {
		if math.Abs(off) <= 0.25 {
			return ""
		}
	} else {
		spread, err := stats.MedianAbsoluteDeviation(all)
		if err != nil || math.Abs(off) <= 0.10 || 0.6745*math.Abs(v-median) <= 3.5*spread {
			return ""
		}
	}
	return fmt.Sprintf("%s%+.0f%% from the median of its %d rounds", outlierPrefix, 100*off, len(all))
}
