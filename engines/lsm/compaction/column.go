package compaction

import (
	"bytes"
	"slices"

	"lsmlab/engines/lsm/manifest"
)

// column is a part of the key space in which tables of L0 and of the level that
// L0 is merged into overlap each other and no table beside: they can be merged
// without the rest of the two levels, and the result meets nothing there. Flushes
// end tables at [Planner.Cuts] so that columns stay narrow.
//
// The idea is that of Pebble's L0 sublevels and flush splits, with the tables
// below as the only cuts.
type column struct {
	tables       []manifest.LevelTable
	hi           []byte // largest key
	runs         int    // of L0
	above, below int64  // bytes in L0, and in the level below
}

// columns cuts L0 and the base level into columns, in key order. Those without a
// table of L0 are left out.
func columns(v *manifest.Version, base int) []column {
	type member struct {
		manifest.LevelTable
		run int // from 1 in L0
	}
	var members []member
	for i, run := range v.L0Runs() {
		for _, t := range run {
			members = append(members, member{manifest.LevelTable{Level: 0, Table: t}, i + 1})
		}
	}
	for _, t := range v.Levels[base] {
		members = append(members, member{manifest.LevelTable{Level: base, Table: t}, 0})
	}
	slices.SortFunc(members, func(a, b member) int { return bytes.Compare(a.Table.Smallest, b.Table.Smallest) })
	var all []column
	for _, m := range members {
		if len(all) == 0 || bytes.Compare(m.Table.Smallest, all[len(all)-1].hi) > 0 {
			all = append(all, column{hi: m.Table.Largest})
		}
		c := &all[len(all)-1]
		c.tables = append(c.tables, m.LevelTable)
		if bytes.Compare(m.Table.Largest, c.hi) > 0 {
			c.hi = m.Table.Largest
		}
		if c.runs = max(c.runs, m.run); m.Level == 0 {
			c.above += m.Table.Size
		} else {
			c.below += m.Table.Size
		}
	}
	return slices.DeleteFunc(all, func(c column) bool { return c.runs == 0 })
}

// Cuts returns the keys at which a flush should end a table and begin the next,
// rising: where the tables of the level that L0 is merged into begin. What is
// before the first belongs to it.
func (p Planner) Cuts(v *manifest.Version) [][]byte {
	var cuts [][]byte
	for i, t := range v.Levels[p.shape(v).base] {
		if i > 0 {
			cuts = append(cuts, t.Smallest)
		}
	}
	return cuts
}

const (
	// dueShare is the part of a column's lower level that its L0 may hold before it
	// is merged. A merge writes the lower level again, so the share is what bounds
	// both: a merge writes 1 + 1/dueShare bytes for each byte that comes, and
	// columns that take turns hold half of it in the mean.
	dueShare = 0.16
	// mostRuns bounds it for the sake of reads, which search every run.
	mostRuns = 12
)

// score says how urgent it is to merge a column: it has that many times the runs
// at which it is due.
func (p Planner) score(c *column) float64 {
	runs := float64(c.runs)
	due := runs * dueShare * float64(c.below) / float64(max(1, c.above))
	return runs / max(float64(p.L0Trigger), min(due, mostRuns))
}

// planL0 returns the merge of the most urgent column that nobody is at work on. A
// table that meets no other moves down at once: that costs no byte, sequential
// loads are nothing else, and the level below gives later flushes their cuts.
func (p Planner) planL0(v *manifest.Version, base int, busy func(uint64) bool) (plan Plan) {
	for _, c := range columns(v, base) {
		score, move := p.score(&c), len(c.tables) == 1
		if move {
			score = max(score, 1)
		}
		if score < 1 || score <= plan.Score || slices.ContainsFunc(c.tables, func(t manifest.LevelTable) bool { return busy(t.Table.ID) }) {
			continue
		}
		plan = Plan{Inputs: c.tables, OutputLevel: base, Move: move, Score: score}
	}
	return plan
}
