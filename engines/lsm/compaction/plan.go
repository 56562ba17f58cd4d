// Package compaction decides which tables are merged next, and runs background
// jobs. Deciding is pure ([Planner.Plan] maps a version to a plan and touches
// no file), so that it is tested and simulated without a disk; the core acts.
//
// The layout is leveled as in LevelDB: L0 takes flushed tables, which may
// overlap; every deeper level is one sorted run, SizeRatio times the size of
// the one above.
package compaction

import (
	"bytes"
	"slices"

	"lsmlab/engines/lsm/manifest"
)

// Plan is one compaction: the inputs are merged into OutputLevel.
type Plan struct {
	Inputs      []manifest.LevelTable
	OutputLevel int
	// Move says that the single input may change its level as it is, without
	// being read.
	Move bool
	// Score is how urgent the plan is; 1 and above is over the limit.
	Score float64
}

// Bytes returns the size of the inputs.
func (p *Plan) Bytes() int64 {
	var n int64
	for _, in := range p.Inputs {
		n += in.Table.Size
	}
	return n
}

// Range returns the smallest and largest user key of the inputs.
func (p *Plan) Range() (lo, hi []byte) {
	tables := make([]*manifest.Table, len(p.Inputs))
	for i, in := range p.Inputs {
		tables[i] = in.Table
	}
	return keyRange(tables)
}

// Planner holds the limits of the tree's shape. All must be positive.
type Planner struct {
	L0Trigger int     // tables in L0 that ask for a compaction
	BaseBytes int64   // size of L1
	SizeRatio float64 // size of a level over the one above
}

// LevelLimit returns the bytes that a level should hold; level is at least 1.
func (p Planner) LevelLimit(level int) int64 {
	limit := float64(p.BaseBytes)
	for range level - 1 {
		limit *= p.SizeRatio
	}
	return int64(limit)
}

// Plan returns the most urgent compaction of v that touches no busy table, or
// ok false if the shape is within its limits. cursor rotates the choice inside a
// level: the first table that begins at or after cursor[level] is taken.
func (p Planner) Plan(v *manifest.Version, busy func(id uint64) bool, cursor *[manifest.NumLevels][]byte) (plan Plan, ok bool) {
	for level, score := range p.scores(v, busy) {
		if score < 1 || score <= plan.Score {
			continue
		}
		candidate, found := p.planLevel(v, level, busy, cursor[level])
		if found {
			candidate.Score = score
			plan, ok = candidate, true
		}
	}
	return plan, ok
}

// Debt estimates the bytes that compactions must read to bring v within its
// limits: what is over a level's limit has to be merged with its share of the
// level below.
func (p Planner) Debt(v *manifest.Version) int64 {
	var debt, carried int64
	if len(v.Levels[0]) >= p.L0Trigger {
		carried = v.LevelBytes(0)
		debt = carried + v.LevelBytes(1)
	}
	for level := 1; level < manifest.NumLevels-1; level++ {
		carried = v.LevelBytes(level) + carried - p.LevelLimit(level)
		if carried <= 0 {
			carried = 0
			continue
		}
		below := v.LevelBytes(level + 1)
		share := min(below, int64(float64(carried)*p.SizeRatio))
		debt += carried + share
	}
	return debt
}

// Pressure returns the tables of L0, and for what the deeper levels hold over
// their limits how many of table bytes that would be: all that writers put into
// the tree faster than it was compacted. Without the latter a tree under lasting
// writes grows a tall L1, full of old versions.
func (p Planner) Pressure(v *manifest.Version, table int64) int {
	var over int64
	for level := 1; level < manifest.NumLevels-1; level++ {
		over += max(0, v.LevelBytes(level)-p.LevelLimit(level))
	}
	return len(v.Levels[0]) + int(over/table)
}

// scores returns how full each level is, as a share of its limit, without
// counting tables that a running compaction takes away.
func (p Planner) scores(v *manifest.Version, busy func(uint64) bool) [manifest.NumLevels - 1]float64 {
	var scores [manifest.NumLevels - 1]float64
	for level := range scores {
		var tables int
		var size int64
		for _, t := range v.Levels[level] {
			if !busy(t.ID) {
				tables++
				size += t.Size
			}
		}
		if level == 0 {
			scores[0] = float64(tables) / float64(p.L0Trigger)
		} else {
			scores[level] = float64(size) / float64(p.LevelLimit(level))
		}
	}
	return scores
}

func (p Planner) planLevel(v *manifest.Version, level int, busy func(uint64) bool, cursor []byte) (Plan, bool) {
	if level == 0 {
		return planL0(v, busy)
	}
	tables := v.Levels[level]
	start, _ := slices.BinarySearchFunc(tables, cursor, func(t *manifest.Table, key []byte) int {
		return bytes.Compare(t.Smallest, key)
	})
	for i := range tables {
		t := tables[(start+i)%len(tables)]
		if busy(t.ID) {
			continue
		}
		if plan, ok := withOverlap(v, level, []*manifest.Table{t}, busy); ok {
			return plan, true
		}
	}
	return Plan{}, false
}

// planL0 merges all of L0 at once: its tables overlap, so a part would have to
// leave its older neighbours behind. The oldest table alone is moved if it
// meets nothing in L1, which makes sequential loads free of merging.
func planL0(v *manifest.Version, busy func(uint64) bool) (Plan, bool) {
	tables := v.Levels[0]
	if len(tables) == 0 || slices.ContainsFunc(tables, func(t *manifest.Table) bool { return busy(t.ID) }) {
		return Plan{}, false // one merge out of L0 at a time keeps versions in order
	}
	oldest := tables[len(tables)-1:]
	if plan, ok := withOverlap(v, 0, oldest, busy); ok && plan.Move {
		return plan, true
	}
	return withOverlap(v, 0, tables, busy)
}

// withOverlap adds the tables of the next level that the inputs meet.
func withOverlap(v *manifest.Version, level int, inputs []*manifest.Table, busy func(uint64) bool) (Plan, bool) {
	plan := Plan{OutputLevel: level + 1}
	for _, t := range inputs {
		plan.Inputs = append(plan.Inputs, manifest.LevelTable{Level: level, Table: t})
	}
	lo, hi := keyRange(inputs)
	for _, t := range v.Levels[level+1] {
		if !t.Overlaps(lo, hi) {
			continue
		}
		if busy(t.ID) {
			return Plan{}, false
		}
		plan.Inputs = append(plan.Inputs, manifest.LevelTable{Level: level + 1, Table: t})
	}
	plan.Move = len(plan.Inputs) == 1
	return plan, true
}

// PlanAll returns the plan that merges every table into the deepest level in
// use (at least L1), or ok false if that would change nothing: all tables are
// there already, without tombstones, and shadowed does not say that one may
// hold versions which were kept for a snapshot.
func PlanAll(v *manifest.Version, shadowed bool) (plan Plan, ok bool) {
	plan.Inputs, plan.OutputLevel = v.Tables(), 1
	for level := range v.Levels {
		if level >= 1 && len(v.Levels[level]) > 0 {
			plan.OutputLevel = level
		}
	}
	return plan, len(plan.Inputs) > 0 && shadowed || slices.ContainsFunc(plan.Inputs, func(in manifest.LevelTable) bool {
		return in.Level != plan.OutputLevel || in.Table.Deletes > 0
	})
}

func keyRange(tables []*manifest.Table) (lo, hi []byte) {
	lo, hi = tables[0].Smallest, tables[0].Largest
	for _, t := range tables[1:] {
		if bytes.Compare(t.Smallest, lo) < 0 {
			lo = t.Smallest
		}
		if bytes.Compare(t.Largest, hi) > 0 {
			hi = t.Largest
		}
	}
	return lo, hi
}
