package dist

// Uniform draws every index equally often.
type Uniform struct {
	src Source
	n   uint64
}

// NewUniform returns a uniform generator over [0, n).
func NewUniform(n uint64, src Source) *Uniform { return &Uniform{src, n} }

// Next implements [Generator].
func (g *Uniform) Next() uint64 { return g.src.Below(g.n) }

// Resize implements [Generator].
func (g *Uniform) Resize(n uint64) { g.n = n }

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

// Latest favours the newest indices: n-1-z with z drawn from [Zipfian] over n
// (YCSB's SkewedLatestGenerator).
type Latest struct{ zipf Zipfian }

// NewLatest returns a generator over [0, n) that favours n-1.
func NewLatest(n uint64, theta float64, src Source) *Latest {
	return &Latest{*NewZipfian(n, theta, src)}
}

// Next implements [Generator].
func (g *Latest) Next() uint64 { return g.zipf.n - 1 - g.zipf.Next() }

// Resize implements [Generator].
func (g *Latest) Resize(n uint64) { g.zipf.Resize(n) }
