package disk

import (
	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
)

// The ways to draw a random state. All are equally likely. If a coin is tossed for each
// operation, the file system's last transaction is mostly incomplete, so that recovery
// goes back to an older state of everything. The three other ways therefore keep most
// operations.
const (
	drawEach   = iota // each operation on its own
	drawFiles         // the file system's own are all there, each of a file on its own
	drawBut           // all are there but one or two
	drawPrefix        // the first ones are there, as if the disk worked in order; the last of them may be torn
	drawWays
)

// random makes a random state of a position.
func (g *generator) random(position int64) state {
	m := g.adversary.models[g.rng.IntN(len(g.adversary.models))]
	keep := g.adversary.keeps[g.rng.IntN(len(g.adversary.keeps))]
	way := g.rng.IntN(drawWays)
	if m.Lies {
		way = drawEach
	}
	each := func(_ blocklog.Site, n int) int {
		if g.rng.Float64() < keep {
			return n - 1
		}
		return g.rng.IntN(n)
	}
	switch way {
	case drawFiles:
		return g.make(position, m, g.tearing(func(site blocklog.Site, n int) int {
			if !g.journal.isFile(site.Op) {
				return n - 1
			}
			return each(site, n)
		}))
	case drawBut:
		return g.but(position, m)
	case drawPrefix:
		return g.prefix(position, m)
	}
	return g.make(position, m, g.tearing(each))
}

// tearing returns choose, with tears mostly at the first or the last sector of an
// operation, where heads and ends of records are.
func (g *generator) tearing(choose blocklog.Chooser) blocklog.Chooser {
	return func(site blocklog.Site, n int) int {
		if site.Kind != blocklog.SiteTear {
			return choose(site, n)
		}
		switch g.rng.IntN(3) {
		case 0:
			return 0
		case 1:
			return n - 1
		}
		return g.rng.IntN(n)
	}
}

// pending returns how many operations may be lost at a position, and which of them write
// to files of the store.
func (g *generator) pending(position int64, m blocklog.Model) (n int, files []int) {
	g.make(position, m, func(site blocklog.Site, choices int) int {
		if site.Kind == blocklog.SiteWrite {
			if g.journal.isFile(site.Op) {
				files = append(files, n)
			}
			n++
		}
		return choices - 1
	})
	return n, files
}

// but makes a state in which one or two operations are missing or torn. These are
// operations of files of the store, if there are any, rather than of the file system.
func (g *generator) but(position int64, m blocklog.Model) state {
	n, files := g.pending(position, m)
	missing := map[int]bool{}
	for range 1 + g.rng.IntN(2) {
		switch {
		case len(files) > 0 && g.rng.IntN(4) > 0:
			missing[files[g.rng.IntN(len(files))]] = true
		case n > 0:
			missing[g.rng.IntN(n)] = true
		}
	}
	at := -1
	return g.make(position, m, g.tearing(func(site blocklog.Site, choices int) int {
		if site.Kind == blocklog.SiteWrite {
			if at++; missing[at] {
				return g.rng.IntN(choices - 1)
			}
		}
		return choices - 1
	}))
}

// prefix makes a state of a disk that works in order.
func (g *generator) prefix(position int64, m blocklog.Model) state {
	n, _ := g.pending(position, m)
	there, at := g.rng.IntN(n+1), -1
	return g.make(position, m, g.tearing(func(site blocklog.Site, choices int) int {
		if site.Kind == blocklog.SiteWrite {
			at++
		}
		switch {
		case at < there || site.Kind != blocklog.SiteWrite:
			return choices - 1
		case at == there:
			return g.rng.IntN(choices)
		}
		return 0
	}))
}

// near returns a chooser of the least state, or draws one, for a search at one place.
func (g *generator) near(position int64, least bool) state {
	if least || g.adversary.keeps == nil {
		return g.make(position, g.adversary.models[0], explore.Durable[blocklog.Site])
	}
	return g.random(position)
}
