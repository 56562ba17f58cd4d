package steady

import (
	"math"
	"slices"
)

// Drift is how far the level of a series moved from its first point to its last, in the
// unit of the series: an estimate, and an interval that holds the truth with a probability
// of 97.5%. Without an interval, Lo is -Inf and Hi is +Inf.
type Drift struct {
	Change, Lo, Hi float64
	Level          float64 // the median of the series
}

// The points of a series are merged into windows, because the points of a store depend on
// each other: a compaction lasts for several. Fewer than minWindows say nothing.
const (
	minWindows = 8
	maxWindows = 20
)

// z is the quantile of the normal distribution for intervals of 97.5%: two of them are looked
// at, and 95% hold for both (Bonferroni).
const z = 2.2414

// driftOf estimates the drift of a series by the slope of Theil and Sen, the median of the
// slopes between all pairs of windows, which a third of outliers cannot move: a stall is no
// drift. The interval is that of Sen ("Estimates of the Regression Coefficient Based on
// Kendall's Tau", 1968). Its variance is corrected for windows that depend on each other as
// Hamed and Rao do ("A Modified Mann-Kendall Trend Test for Autocorrelated Data", 1998).
func driftOf(series []float64) Drift {
	v := windows(series)
	n := len(v)
	d := Drift{Lo: math.Inf(-1), Hi: math.Inf(1), Level: median(slices.Clone(v))}
	if n < minWindows {
		return d
	}
	slopes := pairSlopes(v)
	length := float64(n - 1)
	slope := median(slopes) // sorts them
	d.Change = slope * length
	rest := make([]float64, n)
	for i := range v {
		rest[i] = v[i] - slope*float64(i)
	}
	variance := float64(n*(n-1)*(2*n+5)) / 18 * inflation(ranks(rest))
	half := z * math.Sqrt(variance)
	lo, hi := int(math.Floor((float64(len(slopes))-half)/2)), int(math.Ceil((float64(len(slopes))+half)/2))
	if lo >= 0 && hi < len(slopes) {
		d.Lo, d.Hi = slopes[lo]*length, slopes[hi]*length
	}
	return d
}

// shiftOf estimates how far the last third of a series is from its first: the median of the
// differences between their windows, with the interval of Mann and Whitney's test (Hodges
// and Lehmann, 1963). It sees a level that ends at once, such as a burst, of which most
// slopes between pairs know nothing.
func shiftOf(series []float64) Drift {
	v := windows(series)
	third := len(v) / 3
	d := Drift{Lo: math.Inf(-1), Hi: math.Inf(1), Level: median(slices.Clone(v))}
	if len(v) < minWindows {
		return d
	}
	var differences []float64
	for _, after := range v[len(v)-third:] {
		for _, before := range v[:third] {
			differences = append(differences, after-before)
		}
	}
	d.Change = median(differences) // sorts them
	m, n := float64(third), len(differences)
	if k := int(math.Floor(float64(n)/2 - z*math.Sqrt(m*m*(2*m+1)/12))); k >= 0 {
		d.Lo, d.Hi = differences[k], differences[n-1-k]
	}
	return d
}

// moved returns the drift of a series, or its shift if that alone exceeds a tolerance, which
// is a share of the level; it says whether one of them does.
func moved(series []float64, tolerance float64) (Drift, bool) {
	drift, shift := driftOf(series), shiftOf(series)
	if !drift.exceeds(tolerance*drift.Level) && shift.exceeds(tolerance*shift.Level) {
		return shift, true
	}
	return drift, drift.exceeds(tolerance * drift.Level)
}

// exceeds says whether the level surely moved by more than a tolerance, up or down. To ask
// for more than "not zero" keeps a change that nobody would mind from becoming a finding in
// a long run (a test of relevance, or of minimum effect: Murphy and Myors, 1999).
func (d Drift) exceeds(tolerance float64) bool { return d.Lo > tolerance || d.Hi < -tolerance }

// windows merges neighbouring points of a series by their mean.
func windows(series []float64) (out []float64) {
	size := (len(series) + maxWindows - 1) / maxWindows
	for ; len(series) > 0 && len(series) >= size; series = series[size:] {
		out = append(out, mean(series[:size]))
	}
	return out
}

// pairSlopes returns the slopes between all pairs of points.
func pairSlopes(v []float64) (slopes []float64) {
	for i := range v {
		for j := i + 1; j < len(v); j++ {
			slopes = append(slopes, (v[j]-v[i])/float64(j-i))
		}
	}
	return slopes
}

// inflation is the factor by which dependence between neighbours widens the variance of
// Kendall's statistic; it is 1 at least. As Hamed and Rao advise, only correlations that
// differ from 0 count, here at the 90% level.
func inflation(ranks []float64) float64 {
	n := float64(len(ranks))
	sum := 0.0
	for lag := 1; lag < len(ranks)-2; lag++ {
		if r := correlation(ranks, lag); math.Abs(r) > 1.645/math.Sqrt(n) {
			k := float64(lag)
			sum += (n - k) * (n - k - 1) * (n - k - 2) * r
		}
	}
	return max(1, 1+2*sum/(n*(n-1)*(n-2)))
}

// correlation returns the autocorrelation of a series at a lag; 0 if the series is constant.
func correlation(v []float64, lag int) float64 {
	m := mean(v)
	var top, bottom float64
	for i := range v {
		bottom += (v[i] - m) * (v[i] - m)
		if i+lag < len(v) {
			top += (v[i] - m) * (v[i+lag] - m)
		}
	}
	if bottom == 0 {
		return 0
	}
	return top / bottom
}

// ranks replaces each value by how many values it is above, where an equal one counts half.
func ranks(v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		for j := range v {
			switch {
			case v[i] > v[j]:
				out[i]++
			case v[i] == v[j]:
				out[i] += 0.5
			}
		}
	}
	return out
}

// median sorts v and returns its median; 0 of nothing.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func mean(v []float64) (sum float64) {
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
