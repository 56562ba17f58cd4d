package compare

import (
	"math"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// Figure is one measured quantity of a cell.
type Figure struct {
	Name   string
	Higher bool // higher is better
	Of     func(result.Cell) float64
}

// The figures of a comparison. In a closed loop, throughput decides. In an open loop,
// throughput is given, and the latency from the intended start decides.
var (
	throughput = Figure{"ops_per_sec", true, func(c result.Cell) float64 { return c.OpsPerSec }}
	p99        = Figure{"p99_ns", false, func(c result.Cell) float64 {
		if c.Intended != nil {
			return float64(c.Intended.P99)
		}
		return float64(c.Latency.P99)
	}}
)

// Summary is the part of `lsmlab compare --json` about the rounds of one figure; see
// [stat.Summary]. JSON has no NaN, so a value that the rounds do not give is 0.
type Summary struct {
	N      int     `json:"n"`
	Median float64 `json:"median"`
	// Lo and Hi are the confidence interval of the median. Fewer than six rounds give
	// no interval at 95%: then both are 0.
	Lo     float64 `json:"lo"`
	Hi     float64 `json:"hi"`
	Mean   float64 `json:"mean"`
	StdDev float64 `json:"stddev"` // of the sample
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func summaryOf(s stat.Summary) Summary {
	out := Summary{N: s.N(), Median: orZero(s.Median), Mean: orZero(s.Mean), StdDev: orZero(s.StdDev), Min: orZero(s.Min), Max: orZero(s.Max)}
	if s.Confidence >= 1-stat.Alpha {
		out.Lo, out.Hi = s.Lo, s.Hi
	}
	return out
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// Verdicts of a ratio.
const (
	Better     = "better"
	Worse      = "worse"
	NoVerdict  = "~"           // not resolved: no difference was shown
	TooFew     = "too few"     // there are too few rounds for a verdict
	NotCounted = "no baseline" // there is nothing to compare with
)

// Ratio compares B with A in one figure; see [stat.Ratio]. A value that the rounds do
// not give is 0.
type Ratio struct {
	Figure string  `json:"figure"`
	A      Summary `json:"a"`
	B      Summary `json:"b"`
	Ratio  float64 `json:"ratio"` // of the geometric means, B over A
	Lo     float64 `json:"lo"`    // 95% confidence interval of the ratio
	Hi     float64 `json:"hi"`
	P      float64 `json:"p"` // t test of the same estimate
	// PAdjusted is P by Holm's correction for all comparisons of the figure.
	PAdjusted float64 `json:"p_adjusted"`
	// Resolution is the smallest ratio that these rounds could have told from 1, with a
	// probability of 80%.
	Resolution float64 `json:"resolution"`
	Paired     bool    `json:"paired"` // compared within rounds
	// Verdict is Better or Worse if PAdjusted < 0.05 and the ratio is at least the
	// resolution.
	Verdict string `json:"verdict"`

	higher bool
	stat   stat.Ratio
}

// ratioOf compares the rounds of B with those of A; [judge] gives the verdict.
func ratioOf(f Figure, a, b stat.Summary) *Ratio {
	q := stat.Compare(a, b)
	return &Ratio{
		Figure: f.Name, A: summaryOf(a), B: summaryOf(b), Ratio: orZero(q.Value), Lo: orZero(q.Lo), Hi: orZero(q.Hi),
		P: q.P, Resolution: orZero(q.Resolution), Paired: q.Paired, higher: f.Higher, stat: q,
	}
}

// judge sets the verdicts of a family: the ratios of one figure in all rows.
func judge(family []*Ratio) {
	ratios := make([]*stat.Ratio, len(family))
	for i, r := range family {
		ratios[i] = &r.stat
	}
	stat.Holm(ratios)
	for _, r := range family {
		r.PAdjusted = r.stat.Adjusted
		switch {
		case !r.stat.OK():
			r.Verdict = NotCounted
		case r.stat.TooFew():
			r.Verdict = TooFew
		case !r.stat.Resolved():
			r.Verdict = NoVerdict
		case (r.Ratio > 1) == r.higher:
			r.Verdict = Better
		default:
			r.Verdict = Worse
		}
	}
}
