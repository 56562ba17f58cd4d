package compaction

import (
	"bytes"
	"math/bits"
	"slices"

	"lsmlab/engines/lsm/manifest"
)

// column is tables of L0 and of the base level whose ranges overlap one another,
// directly or by others between them, with every table of the base level and every
// older one of L0 that meets what they span: it can be merged alone. Flushes end
// tables where those of the base level begin ([Layout.Cuts]), so that a column
// mostly is one table of the base level and what lies above it.
//
// The idea is that of Pebble's L0 sublevels and flush splits.
type column struct {
	above, below []*manifest.Table // of L0; of the base level
	lo, hi       []byte            // smallest and largest key
	runs         int               // of L0
}

// mostBelow is how many tables of the base level a column may have. A table of L0
// that would join more stays out, and all newer ones that it meets: they are wide.
const mostBelow = 4

// setColumns finds the columns, in key order, and what is wide.
func (l *Layout) setColumns() {
	tables := l.version.Levels[l.base]
	for i, t := range tables {
		l.columns = append(l.columns, column{below: tables[i : i+1], lo: t.Smallest, hi: t.Largest})
	}
	l.wide.below = tables
	for i, run := range l.Runs {
		before := len(l.wide.above)
		for _, t := range run {
			if !l.join(t, i+1) {
				l.wide.above = append(l.wide.above, t)
			}
		}
		if len(l.wide.above) > before {
			l.wide.runs++
		}
	}
	l.columns = slices.DeleteFunc(l.columns, func(c column) bool { return c.runs == 0 })
}

// join adds a table of the run-th run of L0, after those of the runs before, to the
// columns that it meets, which become one, and says whether it could.
func (l *Layout) join(t *manifest.Table, run int) bool {
	if slices.ContainsFunc(l.wide.above, func(w *manifest.Table) bool { return w.Overlaps(t.Smallest, t.Largest) }) {
		return false
	}
	from, _ := slices.BinarySearchFunc(l.columns, t.Smallest, func(c column, key []byte) int { return bytes.Compare(c.hi, key) })
	to := from
	joined := column{lo: t.Smallest, hi: t.Largest, runs: run} // a run is over one that it meets
	for ; to < len(l.columns) && bytes.Compare(l.columns[to].lo, t.Largest) <= 0; to++ {
		c := &l.columns[to]
		joined.above = append(joined.above, c.above...)
		joined.below = append(joined.below, c.below...)
		joined.lo, joined.hi = minKey(joined.lo, c.lo), maxKey(joined.hi, c.hi)
	}
	if len(joined.below) > mostBelow {
		return false
	}
	joined.above = append(joined.above, t)
	l.columns = slices.Replace(l.columns, from, to, joined)
	return true
}

func minKey(a, b []byte) []byte {
	if bytes.Compare(b, a) < 0 {
		return b
	}
	return a
}

func maxKey(a, b []byte) []byte {
	if bytes.Compare(b, a) > 0 {
		return b
	}
	return a
}

const (
	// dueShare is the part of a column's lower level that its L0 may hold before it
	// is merged. A merge writes the lower level again, so this bounds what is
	// written, 1 + 1/dueShare bytes for each that comes, as well as what is held:
	// columns that take turns have half of it in the mean.
	dueShare = 0.12
	// mostRuns is how many runs a column may have, for the sake of reads, which search
	// every run. With less than half of its share it is merged within L0 then.
	mostRuns = 12
)

// urgency returns how urgent it is to merge a column: its runs over those at which
// it is due; and whether the lower level should take part. Runs that do not overlap
// each other much, as of a store that is overwritten in key order, make it due by
// their bytes, and tombstones by the room that they can free; writers need not slow
// down for these.
func (l *Layout) urgency(c *column) (score float64, deep bool) {
	var deletes, entries uint64
	for _, t := range c.above {
		deletes += t.Deletes
	}
	for _, t := range c.below {
		entries += t.Entries
	}
	above, below, runs := float64(bytesOf(c.above)), float64(bytesOf(c.below)), float64(c.runs)
	share := above / (dueShare * max(1, below))
	score = min(runs/float64(l.planner.L0Trigger), max(share, runs/mostRuns))
	if above >= 2*max(below, float64(l.planner.TableSize)) || manyTombstones(deletes, entries) {
		return max(score, 1), true
	}
	return score, share >= 0.5
}

// planL0 returns the merge of the most urgent column that nobody is at work on. A
// table that meets no other moves down at once: that costs no byte, sequential
// loads are nothing else, and the base level gives later flushes their cuts. What
// is wide is merged within L0, and cut, to be of columns then.
func (l *Layout) planL0(r *Running) (plan Plan) {
	consider := func(c *column, wide bool) {
		score, deep := l.urgency(c)
		move := !wide && len(c.above)+len(c.below) == 1
		if move {
			score = max(score, 1)
		}
		if score < 1 || score <= plan.Score {
			return
		}
		candidate := Plan{Score: score, Move: move}
		switch {
		case deep && !wide:
			candidate.Inputs, candidate.OutputLevel = append(at(0, c.above), at(l.base, c.below)...), l.base
		case r.inL0:
			return // its result might be in the way
		default:
			inputs := l.apart(l.newest(c))
			candidate.Inputs, candidate.Cuts = at(0, inputs), l.Cuts(bytesOf(inputs))
		}
		if !slices.ContainsFunc(candidate.Inputs, func(in manifest.LevelTable) bool { return r.has(in.Table) }) {
			plan = candidate
		}
	}
	for i := range l.columns {
		consider(&l.columns[i], false)
	}
	consider(&l.wide, true)
	return plan
}

// newest returns the tables of a column's newest runs, at least two if there are. A
// run that is larger than all newer ones together is left for later, so that small
// flushes do not write what came before again and again (as in tiered compaction).
func (l *Layout) newest(c *column) (tables []*manifest.Table) {
	runs := 0
	for _, run := range slices.Backward(l.Runs) {
		part := slices.DeleteFunc(slices.Clone(run), func(t *manifest.Table) bool { return !slices.Contains(c.above, t) })
		if len(part) == 0 {
			continue
		}
		if runs >= 2 && bytesOf(part) > bytesOf(tables) {
			break
		}
		tables, runs = append(tables, part...), runs+1
	}
	return tables
}

// apart returns tables of L0 with those others that keep them from being merged in
// place: which meet what they span, and are neither older nor newer than all of them.
func (l *Layout) apart(tables []*manifest.Table) []*manifest.Table {
	for {
		lo, hi := tables[0].Smallest, tables[0].Largest
		oldest, newest := tables[0].MinSeq, tables[0].MaxSeq
		for _, t := range tables[1:] {
			lo, hi = minKey(lo, t.Smallest), maxKey(hi, t.Largest)
			oldest, newest = min(oldest, t.MinSeq), max(newest, t.MaxSeq)
		}
		n := len(tables)
		for _, t := range l.version.Levels[0] {
			if t.Overlaps(lo, hi) && t.MinSeq <= newest && t.MaxSeq >= oldest && !slices.Contains(tables, t) {
				tables = append(tables, t)
			}
		}
		if len(tables) == n {
			return tables
		}
	}
}

func at(level int, tables []*manifest.Table) (all []manifest.LevelTable) {
	for _, t := range tables {
		all = append(all, manifest.LevelTable{Level: level, Table: t})
	}
	return all
}

// leastShare is the part of a table's size that the pieces of a flush should have.
const leastShare = 128

// Cuts returns the keys, rising, at which size bytes that go to L0 should be cut:
// where tables of the base level begin. What is before the first belongs to it.
// For few bytes it is not all of them, and the fewer are among the more.
func (l *Layout) Cuts(size int64) [][]byte {
	tables := l.version.Levels[l.base]
	stride := 1
	if least := l.planner.TableSize / leastShare; size < int64(len(tables))*least {
		stride = 1 << bits.Len64(uint64(int64(len(tables))*least/max(1, size)))
	}
	var cuts [][]byte
	for i := stride; i < len(tables); i += stride {
		cuts = append(cuts, tables[i].Smallest)
	}
	return cuts
}
