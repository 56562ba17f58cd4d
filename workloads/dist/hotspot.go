package dist

import "math"

// YCSB's defaults for its hotspot distribution: properties hotspotdatafraction
// and hotspotopnfraction of CoreWorkload.
const (
	ycsbHotSet = 0.2
	ycsbHotOps = 0.8
)

// hotspot sends a fraction of the draws to a hot set, uniformly, and the rest
// to the other indices, uniformly. The hot set is the lowest indices, as in
// YCSB's HotspotIntegerGenerator.
type hotspot struct {
	src       Source
	n, hot    uint64
	setFrac   float64
	hotDraws  uint64 // a draw below this, of 2^53, is hot
	alwaysHot bool   // no cold index exists
}

// newHotspot returns a generator over [0, n) that sends the fraction opFrac of
// the draws to the first n*setFrac indices, at least one. Fractions are clamped
// to [0, 1].
func newHotspot(n uint64, setFrac, opFrac float64, src Source) *hotspot {
	g := &hotspot{src: src, setFrac: clamp01(setFrac), hotDraws: uint64(clamp01(opFrac) * 0x1p53)}
	g.Resize(n)
	return g
}

// Next implements [Generator].
func (g *hotspot) Next() uint64 {
	if g.src.Uint64()>>11 < g.hotDraws || g.alwaysHot {
		return g.src.Below(g.hot)
	}
	return g.hot + g.src.Below(g.n-g.hot)
}

// Resize implements [Generator].
func (g *hotspot) Resize(n uint64) {
	g.n = n
	g.hot = min(n, max(1, uint64(float64(n)*g.setFrac)))
	g.alwaysHot = g.hot == n
}

func clamp01(x float64) float64 { return math.Max(0, math.Min(1, x)) }
