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
	NoVerdict  = "~"           // no difference was shown
	TooFew     = "too few"     // there are too few rounds for any difference to be significant
	NotCounted = "no baseline" // there is nothing to compare with
)

// Ratio compares B with A in one figure; see [stat.Ratio]. A value that the rounds do
// not give is 0.
type Ratio struct {
	Figure string  `json:"figure"`
	A      Summary `json:"a"`
	B      Summary `json:"b"`
	Ratio  float64 `json:"ratio"` // of the medians, B over A
	Lo     float64 `json:"lo"`    // 95% confidence interval of the ratio
	Hi     float64 `json:"hi"`
	P      float64 `json:"p"` // Mann-Whitney U test
	// Verdict is Better or Worse if P < 0.05 and the interval leaves out 1.
	Verdict string `json:"verdict"`
}

// ratioOf compares the rounds of B with those of A.
func ratioOf(f Figure, a, b []float64) Ratio {
	sa, sb := stat.Summarize(a), stat.Summarize(b)
	q := stat.Compare(sa, sb)
	r := Ratio{
		Figure: f.Name, A: summaryOf(sa), B: summaryOf(sb),
		Ratio: orZero(q.Value), Lo: orZero(q.Lo), Hi: orZero(q.Hi), P: q.P,
	}
	switch {
	case !q.OK():
		r.Verdict = NotCounted
	case r.P >= stat.Alpha && len(a) < stat.MinRounds && len(b) < stat.MinRounds:
		r.Verdict = TooFew
	case !q.Significant():
		r.Verdict = NoVerdict
	case (r.Ratio > 1) == f.Higher:
		r.Verdict = Better
	default:
		r.Verdict = Worse
	}
	return r
}
