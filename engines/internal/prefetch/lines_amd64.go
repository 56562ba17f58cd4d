package prefetch

// lines asks for the n lines from that of p on.
//
//go:noescape
func lines(p *byte, n int)
