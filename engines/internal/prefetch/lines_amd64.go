package prefetch

// lines prefetches n cache lines, beginning with the line of p.
//
//go:noescape
func lines(p *byte, n int)
