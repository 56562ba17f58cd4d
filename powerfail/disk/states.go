package disk

import (
	"iter"
	"math/rand/v2"
	"slices"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/explore"
)

// state is one crash state of a recording.
type state struct {
	position int64
	model    blocklog.Model
	choices  explore.Choices
	image    *blocklog.Image
	lost     []lostSite // what was chosen to be less than all
}

// lostSite is a site at which the state has less than a disk that keeps everything.
type lostSite struct {
	site   blocklog.Site
	got, n int
}

// adversary is the meaning of a profile for a disk.
type adversary struct {
	models []blocklog.Model
	keeps  []float64 // shares of pending operations that random states keep
}

// adversaryOf returns the disk of a profile. Below a real file system the
// profiles differ by what a sector is: under ext4-ordered the disk does each
// operation as a whole, under posix-strict it may tear it.
func adversaryOf(p explore.Profile) adversary {
	switch p {
	case explore.Ext4Ordered:
		return adversary{[]blocklog.Model{{}}, []float64{0.1, 0.5, 0.9}}
	case explore.PosixStrict:
		return adversary{[]blocklog.Model{{Sector: 512}, {Sector: 4096}}, []float64{0.1, 0.5, 0.9}}
	case explore.LyingDisk:
		return adversary{[]blocklog.Model{{Lies: true}}, []float64{0, 0.5}}
	}
	return adversary{models: []blocklog.Model{{}}} // drop-all
}

// generator makes the crash states of a recording.
type generator struct {
	disk       *blocklog.Disk
	start, end int64
	adversary  adversary
	journal    *journal
	rng        *rand.Rand
	states     int64 // how many are wanted
}

// Bounds of a generator.
const (
	fewStates = 8   // of one position, all of which are visited then
	fruitless = 200 // random states in a row that were all met before
)

// make makes the state that choose decides.
func (g *generator) make(position int64, m blocklog.Model, choose blocklog.Chooser) state {
	s := state{position: position, model: m}
	noted := func(site blocklog.Site, n int) int {
		got := choose(site, n)
		if got < n-1 {
			s.lost = append(s.lost, lostSite{site, got, n})
		}
		return got
	}
	s.image = g.disk.Crash(position, m, explore.Record(noted, &s.choices))
	return s
}

// all yields states until the caller has enough. First come positions spread over the
// recording: the durable state of each, and all its states if they are few. Random states
// of random positions follow. novel says whether the last state had not been met before.
func (g *generator) all(novel func() bool) iter.Seq[state] {
	return func(yield func(state) bool) {
		positions, wanted := g.journal.cuts(g.start, g.end), g.states/2 // half for the random ones
		if g.adversary.keeps == nil {
			positions, wanted = g.journal.durable(g.start, g.end), g.states // there are no others
		}
		for position := range g.spread(positions, wanted) {
			if !g.few(position, yield) {
				return
			}
		}
		if g.adversary.keeps == nil {
			return
		}
		for tries := 0; tries < fruitless; tries++ {
			if !yield(g.random(g.position(positions))) {
				return
			}
			if novel() {
				tries = -1
			}
		}
	}
}

// spread yields about n positions at equal distances. Each seed yields others.
func (g *generator) spread(positions []int64, n int64) iter.Seq[int64] {
	step := max(1, float64(len(positions))/float64(max(1, n)))
	return func(yield func(int64) bool) {
		for at := g.rng.Float64() * (step - 1); int(at) < len(positions); at += step {
			if !yield(positions[int(at)]) {
				return
			}
		}
	}
}

// position draws the position at which the power is cut. It prefers operations of the store,
// because most operations of a recording are the file system's own.
func (g *generator) position(cuts []int64) int64 {
	if g.rng.IntN(4) > 0 {
		return cuts[g.rng.IntN(len(cuts))]
	}
	return g.start + g.rng.Int64N(g.end-g.start+1)
}

// few yields the durable state of a position, and all its states if they are few.
func (g *generator) few(position int64, yield func(state) bool) bool {
	m := g.adversary.models[0]
	s := g.make(position, m, explore.Durable[blocklog.Site])
	if !yield(s) {
		return false
	}
	if g.adversary.keeps == nil || g.make(position, m, explore.Newest[blocklog.Site]).choices.States(fewStates) > fewStates {
		return true
	}
	for choices := slices.Clone(s.choices); choices.Next(); choices = slices.Clone(s.choices) { // what was yielded keeps its own
		if s = g.make(position, m, explore.Odometer[blocklog.Site](choices)); !yield(s) {
			return false
		}
	}
	return true
}
