package dist

import (
	"math"
	"math/rand/v2"
)

// YCSB's defaults for its exponential distribution: properties
// exponential.percentile and exponential.frac of CoreWorkload.
const (
	ycsbExpPercentile = 95
	ycsbExpFraction   = 0.8571428571
)

// exponential favours the newest indices. It draws n-1-x, where x is exponential, and
// the given percentile of the draws lies within the newest fraction of [0, n). Draws
// beyond n are repeated, as in YCSB's CoreWorkload.
type exponential struct {
	src      *rand.Rand // draws by the ziggurat method, at half the cost of a logarithm
	n        uint64
	perIndex float64 // mean of x over n
	mean     float64 // of x before it is cut off at n
}

// newExponential returns a generator over [0, n); percentile is in (0, 100),
// fraction in (0, 1].
func newExponential(n uint64, percentile, fraction float64, src Source) *exponential {
	g := &exponential{src: rand.New(&src), perIndex: -fraction / math.Log1p(-percentile/100)}
	g.Resize(n)
	return g
}

// Next implements [Generator].
func (g *exponential) Next() uint64 {
	for {
		if i := uint64(g.src.ExpFloat64() * g.mean); i < g.n {
			return g.n - 1 - i
		}
	}
}

// Resize implements [Generator].
func (g *exponential) Resize(n uint64) { g.n, g.mean = n, float64(n)*g.perIndex }
