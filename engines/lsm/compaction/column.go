package compaction

import (
	"bytes"
	"math"
	"slices"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
)

// column is a set of tables of L0 and of the base level whose ranges overlap one
// another, directly or through others. It includes every table of the base level, and
// every older table of L0, that meets the range of the column. So a column can be
// merged down alone. Flushes end their tables where tables of the base level begin
// ([leveled.Cuts]). So most columns have one table of the base level and the tables
// above it.
//
// Source: L0 sublevels and flush splits of Pebble.
type column struct {
	above, below []*manifest.Table // of L0; of the base level
	lo, hi       []byte            // smallest and largest key
	runs         int               // of L0
}

// mostBelow is how many tables of the base level a column may have. A table of L0 is
// wide if it would join more and can be cut; this happens after the base level has
// changed. A wide table waits until it is cut, and so do all newer tables that it
// meets.
const mostBelow = 4

// setColumns finds the columns, in key order, and the wide tables.
func (l *leveled) setColumns() {
	tables := l.version.Levels[l.base]
	for i, t := range tables {
		l.columns = append(l.columns, column{below: tables[i : i+1], lo: t.Smallest, hi: t.Largest})
	}
	var waiting []*manifest.Table
	for i, run := range l.runs {
		for _, t := range run {
			if slices.ContainsFunc(waiting, func(w *manifest.Table) bool { return w.Overlaps(t.Smallest, t.Largest) }) {
				waiting = append(waiting, t)
			} else if !l.join(t, i+1) {
				waiting = append(waiting, t)
				l.wide = append(l.wide, t)
			}
		}
	}
	l.columns = slices.DeleteFunc(l.columns, func(c column) bool { return c.runs == 0 })
}

// join adds table t of run number run of L0 to the columns that t meets. These columns
// become one. All tables of earlier runs must have been joined. It returns false if t
// is wide.
func (l *leveled) join(t *manifest.Table, run int) bool {
	from, _ := slices.BinarySearchFunc(l.columns, t.Smallest, func(c column, key []byte) int { return bytes.Compare(c.hi, key) })
	to := from
	joined := column{lo: t.Smallest, hi: t.Largest, runs: run} // a table lies in a run above every table that it meets
	for ; to < len(l.columns) && bytes.Compare(l.columns[to].lo, t.Largest) <= 0; to++ {
		c := &l.columns[to]
		joined.above = append(joined.above, c.above...)
		joined.below = append(joined.below, c.below...)
		joined.lo, joined.hi = minKey(joined.lo, c.lo), maxKey(joined.hi, c.hi)
	}
	cut := func(b *manifest.Table) bool { // as Cuts would cut it
		return b != l.version.Levels[l.base][0] && bytes.Compare(t.Smallest, b.Smallest) < 0 && bytes.Compare(b.Smallest, t.Largest) <= 0
	}
	if len(joined.below) > mostBelow && slices.ContainsFunc(joined.below, cut) {
		return false
	}
	joined.above = append(joined.above, t)
	l.columns = slices.Replace(l.columns, from, to, joined)
	return true
}

const (
	// dueShare is the share of a column's lower level that its tables of L0 may have
	// before the column is merged. A merge writes the lower level again. So the share
	// bounds both the bytes written, 1 + 1/dueShare for each byte that comes, and the
	// bytes held: columns that take turns have half of the share on average.
	dueShare = 0.12
	// mostRuns is how many runs a column may have; reads search every run. A column
	// with more runs, but with less than half of its share, is merged within L0.
	mostRuns = 12
	// tablesARun is how many tables of L0 in a column count as a run although they do
	// not overlap: small flushes leave many such tables.
	tablesARun = 4
)

// urgency returns how urgent it is to merge a column, which is its runs over the number
// at which it is due. deep says whether the lower level should take part. If runs
// hardly overlap, as in a store that is overwritten in key order, the column becomes
// due by its bytes instead. Tombstones make it due by the room that they can free.
// Writers need not slow down for the last two.
func (l *leveled) urgency(c *column) (score float64, deep bool) {
	var deletes, entries uint64
	for _, t := range c.above {
		deletes += t.Deletes
	}
	for _, t := range c.below {
		entries += t.Entries
	}
	above, below := float64(bytesOf(c.above)), float64(bytesOf(c.below))
	runs := float64(max(c.runs, len(c.above)/tablesARun))
	share := above / (dueShare * max(1, below))
	score = min(runs/float64(l.planner.L0Trigger), max(share, runs/mostRuns))
	if above >= 2*max(below, float64(l.planner.TableSize)) || manyTombstones(deletes, entries) {
		return max(score, 1), true
	}
	return score, share >= 0.5
}

// planL0 returns the most urgent plan for tables of L0.
func (l *leveled) planL0(r *Running) (plan Plan) {
	for _, t := range l.wide {
		if p := l.cut(t); r.allows(&p) {
			return p
		}
	}
	for i := range l.columns {
		c := &l.columns[i]
		score, deep := l.urgency(c)
		var p Plan
		switch {
		case len(c.above)+len(c.below) == 1:
			// A table that meets no other moves down at once: this costs no byte, a sequential
			// load consists of such tables, and later flushes are cut at them.
			p = Plan{Inputs: at(0, c.above), OutputLevel: l.base, Move: true, Score: max(score, 1)}
		case score < 1 || score <= plan.Score:
			continue
		case deep:
			p = Plan{Inputs: append(at(0, c.above), at(l.base, c.below)...), OutputLevel: l.base, Score: score}
		case len(l.wide) > 0:
			continue // the order of LSNs among waiting tables could be lost
		default:
			p = Plan{Inputs: at(0, l.newest(c)), Cuts: l.Cuts(), Score: score}
		}
		if p.Score > plan.Score && r.allows(&p) {
			plan = p
		}
	}
	return plan
}

// cut returns the plan that cuts a wide table. It precedes all other plans, because
// other tables wait for it, and it writes no more bytes than the table has.
func (l *leveled) cut(t *manifest.Table) Plan {
	return Plan{Inputs: at(0, []*manifest.Table{t}), Cuts: l.Cuts(), Score: math.Inf(1)}
}

// newest returns the tables of a column's newest runs, at least two if the column has
// two, to be merged within L0. A run that is larger than all newer ones together is
// left for later, so that small flushes do not write earlier ones again and again (as
// in tiered compaction). The result includes those tables of the column whose LSNs lie
// between.
func (l *leveled) newest(c *column) (tables []*manifest.Table) {
	of := setOf(c.above)
	runs := 0
	for _, run := range slices.Backward(l.runs) {
		part := slices.DeleteFunc(slices.Clone(run), func(t *manifest.Table) bool { return !of[t] })
		if runs >= 2 && bytesOf(part) > bytesOf(tables) {
			break
		}
		if len(part) > 0 {
			tables, runs = append(tables, part...), runs+1
		}
	}
	for {
		taken := setOf(tables)
		lo, hi := keyRange(tables)
		oldest, newest := seqRange(tables)
		n := len(tables)
		for _, t := range c.above {
			if !taken[t] && t.Overlaps(lo, hi) && t.MinSeq <= newest && t.MaxSeq >= oldest {
				tables = append(tables, t)
			}
		}
		if len(tables) == n {
			return tables
		}
	}
}

// Cuts implements [Layout]. Tables of L0 are cut where tables of the base level begin.
// Keys before the first of these belong to the first.
func (l *leveled) Cuts() [][]byte {
	var cuts [][]byte
	for i, t := range l.version.Levels[l.base] {
		if i > 0 {
			cuts = append(cuts, t.Smallest)
		}
	}
	return cuts
}

// at returns tables as tables of one level.
func at(level int, tables []*manifest.Table) (all []manifest.LevelTable) {
	for _, t := range tables {
		all = append(all, manifest.LevelTable{Level: level, Table: t})
	}
	return all
}

func setOf(tables []*manifest.Table) map[*manifest.Table]bool {
	set := make(map[*manifest.Table]bool, len(tables))
	for _, t := range tables {
		set[t] = true
	}
	return set
}

// seqRange returns the smallest and the largest LSN of tables.
func seqRange(tables []*manifest.Table) (oldest, newest ikey.Seq) {
	oldest = ikey.MaxSeq
	for _, t := range tables {
		oldest, newest = min(oldest, t.MinSeq), max(newest, t.MaxSeq)
	}
	return oldest, newest
}

// keyRange returns the smallest and the largest key of tables.
func keyRange(tables []*manifest.Table) (lo, hi []byte) {
	lo, hi = tables[0].Smallest, tables[0].Largest
	for _, t := range tables[1:] {
		lo, hi = minKey(lo, t.Smallest), maxKey(hi, t.Largest)
	}
	return lo, hi
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
