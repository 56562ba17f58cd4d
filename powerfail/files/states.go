package files

import (
	"iter"
	"math/rand/v2"
	"slices"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/model"
)

// crash is a crash state of a log.
type crash struct {
	position int
	state    model.State
	lost     []loss
}

// loss is one way in which a state lacks something; a state has each once.
type loss struct {
	by   Kind   // operation that made what is lost
	file string // path in the model
	how  string
}

// make makes a state of the replay's position by choose, and records its losses.
func (r *replay) make(s model.State, choose model.Chooser) crash {
	met := map[loss]bool{}
	c := crash{position: r.at, state: s}
	c.state.Make(r.mem, func(site vfs.CrashSite, n int) int {
		got := choose(site, n)
		if got == n-1 {
			return got
		}
		l := loss{Write, site.File, "lost"}
		if i := r.entryOf(site.Made); i >= 0 {
			l.by = r.log.Entries[i].Kind
		}
		switch {
		case site.Kind == vfs.SiteGarbage:
			l.how = "garbage"
		case got > 0 && site.Kind == vfs.SiteBlock:
			l.how = "older"
		case got > 0:
			l.how = "short"
		}
		if !met[l] {
			met[l] = true
			c.lost = append(c.lost, l)
		}
		return got
	})
	return c
}

// generator makes the crash states of a log under one profile.
type generator struct {
	log     *Log
	kind    model.Kind
	kills   bool // also states after the end of the process alone
	losses  bool // also states after a power cut
	rng     *rand.Rand
	states  int64 // how many are wanted
	weights []int // by position; 0: another position has the same files and more to answer for
}

// Bounds of a generator.
const (
	sweepVisits = 256 // positions that one pass over the log draws states of
	fruitless   = 500 // states in a row that were all met before
)

func (x *Exploration) newGenerator() *generator {
	kind := model.KindOf(x.Profile)
	return &generator{
		log: x.Log, kind: kind, kills: x.Kills, losses: !x.KillsAlone,
		rng: rand.New(rand.NewPCG(x.Seed, 0)), states: x.States, weights: weigh(x.Log),
	}
}

// weigh returns a weight for each position, by which states are drawn. Three kinds of position
// weigh more, because mistakes show there: before a sync, as most can be lost there; around
// a rename, a removal or a truncation, as order matters there; and after a sync or an
// acknowledgement, as a promise must hold from there on.
func weigh(l *Log) []int {
	weights := make([]int, l.end+1)
	for p := l.start; p <= l.end; p++ {
		next, last := l.Entries[p].Kind, l.Entries[p-1].Kind
		if next == Mark && p < l.end {
			continue // the position behind it has the same files
		}
		w := 1
		switch next {
		case Sync, SyncData, SyncDir, SyncAll:
			w += 3
		case Rename, Exchange, Remove, Link, Truncate:
			w += 2
		}
		switch last {
		case Mark, Rename, Exchange, Remove, Link, Truncate:
			w += 3
		case Sync, SyncData, SyncDir, SyncAll:
			w += 2
		}
		weights[p] = w
	}
	return weights
}

// all yields states until the caller has enough. The first pass over the log makes
// the two ends at each position, all lost and nothing lost; those after it draw
// states between. novel says whether the last one had not been met before. An error
// ends it, and is left in err.
func (g *generator) all(novel func() bool, err *error) iter.Seq[crash] {
	return func(yield func(crash) bool) {
		tries := 0
		counted := func(c crash) bool {
			if !yield(c) {
				return false
			}
			if tries++; novel() {
				tries = 0
			}
			return true
		}
		visits := g.everywhere()
		for more := true; more && *err == nil; visits = g.drawVisits() {
			more = g.sweep(visits, counted, err) && g.kind.Keeps != nil && g.losses && tries < fruitless
		}
	}
}

// visit says how many states of a position a pass makes.
type visit struct{ ends, drawn int }

// everywhere visits the ends of all positions, or of as many as a half of the wanted
// states allows.
func (g *generator) everywhere() map[int]visit {
	visits := map[int]visit{}
	for p, w := range g.weights {
		if w > 0 {
			visits[p] = visit{ends: 1}
		}
	}
	limit := int(max(1, g.states/2))
	if g.kind.Keeps == nil || !g.losses {
		limit = int(max(1, g.states)) // there are no others
	}
	if len(visits) <= limit {
		return visits
	}
	few := map[int]visit{}
	for len(few) < limit {
		few[g.drawPosition()] = visit{ends: 1}
	}
	return few
}

func (g *generator) drawVisits() map[int]visit {
	visits := map[int]visit{}
	for range sweepVisits {
		p := g.drawPosition()
		v := visits[p]
		v.drawn++
		visits[p] = v
	}
	return visits
}

// drawPosition draws a position by weight.
func (g *generator) drawPosition() int { return pick(g.weights, g.rng) }

// sweep passes over the log once, and says whether the caller wants more.
func (g *generator) sweep(visits map[int]visit, yield func(crash) bool, err *error) bool {
	r := newReplay(g.log, g.kind.Lies)
	for p := 0; p <= g.log.end; p++ {
		if *err = r.to(p); *err != nil {
			return false
		}
		v, ok := visits[p]
		if !ok {
			continue
		}
		if v.ends > 0 && !g.ends(r, yield) {
			return false
		}
		for range v.drawn {
			if !yield(g.draw(r)) {
				return false
			}
		}
	}
	return true
}

// ends makes the state that lost everything, and the state that lost nothing.
func (g *generator) ends(r *replay, yield func(crash) bool) bool {
	if g.losses && !yield(r.make(g.kind.Durable(), explore.Durable[vfs.CrashSite])) {
		return false
	}
	if g.kills {
		s := model.Kill()
		s.Make(r.mem, nil)
		return yield(crash{position: r.at, state: s})
	}
	return true
}

// draw makes a random state. In every other state only one or two things are lost, or only one or
// two are kept. Such states show what depends on a single loss.
func (g *generator) draw(r *replay) crash {
	s, by := g.kind.Draw(g.rng)
	if g.rng.IntN(2) == 0 {
		by = g.few(r.mem, s)
	}
	return r.make(s, by)
}

// few returns a chooser that keeps all but one or two things, or loses all but one or two.
func (g *generator) few(m *vfs.Mem, s model.State) model.Chooser {
	var weights []int
	ends := map[string]int{} // the last block of each file
	s.Make(m, func(site vfs.CrashSite, n int) int {
		w := 6 // sizes and entries are few, and decide about blocks
		if site.Kind == vfs.SiteBlock {
			w, ends[site.File] = 1, len(weights)
		}
		weights = append(weights, w)
		return n - 1
	})
	for _, i := range ends {
		weights[i] = 4
	}
	odd := map[int]bool{}
	for range 1 + g.rng.IntN(2) {
		odd[pick(weights, g.rng)] = true
	}
	keep, at := g.rng.IntN(3) > 0, -1
	return func(_ vfs.CrashSite, n int) int {
		at++
		switch {
		case keep && odd[at]:
			return g.rng.IntN(n - 1)
		case keep:
			return n - 1
		case odd[at]:
			return 1 + g.rng.IntN(n-1)
		}
		return 0
	}
}

// pick draws an index by weight, -1 if there is none.
func pick(weights []int, rng *rand.Rand) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	if total == 0 {
		return -1
	}
	at := rng.IntN(total)
	return slices.IndexFunc(weights, func(w int) bool { at -= w; return at < 0 })
}
