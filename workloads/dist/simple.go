package dist

// uniform draws every index equally often.
type uniform struct {
	src Source
	n   uint64
}

// newUniform returns a uniform generator over [0, n).
func newUniform(n uint64, src Source) *uniform { return &uniform{src, n} }

// Next implements [Generator].
func (g *uniform) Next() uint64 { return g.src.Below(g.n) }

// Resize implements [Generator].
func (g *uniform) Resize(n uint64) { g.n = n }

// Sequential counts up and starts again at 0 after n-1.
type Sequential struct{ next, n uint64 }

// NewSequential returns a generator of first, first+1, ..., n-1, 0, 1, ...
func NewSequential(n, first uint64) *Sequential { return &Sequential{first % n, n} }

// Next implements [Generator].
func (g *Sequential) Next() uint64 {
	i := g.next
	if g.next++; g.next >= g.n {
		g.next = 0
	}
	return i
}

// Resize implements [Generator].
func (g *Sequential) Resize(n uint64) {
	if g.n = n; g.next >= n {
		g.next = 0
	}
}

// latest favours the newest indices: n-1-z with z drawn from zipfian over n
// (YCSB's SkewedLatestGenerator).
type latest struct{ zipf zipfian }

// newLatest returns a generator over [0, n) that favours n-1.
func newLatest(n uint64, theta float64, src Source) *latest {
	return &latest{*newZipfian(n, theta, src)}
}

// Next implements [Generator].
func (g *latest) Next() uint64 { return g.zipf.n - 1 - g.zipf.Next() }

// Resize implements [Generator].
func (g *latest) Resize(n uint64) { g.zipf.Resize(n) }
