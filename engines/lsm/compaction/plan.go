// Package compaction decides which tables are merged next, and runs background
// jobs. Deciding is pure ([Planner.Plan] maps a version to a plan and touches
// no file), so that it is tested and simulated without a disk; the core acts.
//
// The layout is leveled: L0 takes flushed tables, which may overlap; every deeper
// level is one sorted run. L0 is merged column by column (see column) right into
// the shallowest level that a store of that size needs (see shape).
package compaction

import (
	"bytes"
	"math"
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
	// TableSize is the bytes at which a table of the output ends.
	TableSize int64
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

// Planner holds the limits of the tree's shape. All must be positive.
type Planner struct {
	L0Trigger int     // runs of L0 that ask for a compaction where the level below is small
	BaseBytes int64   // least size of a level between L0 and L6
	SizeRatio float64 // size of a level over the one above
	TableSize int64   // of the tables that compactions write
}

// Plan returns the most urgent compaction of v that touches no busy table, or
// ok false if the shape is within its limits. cursor rotates the choice inside a
// level: the first table that begins at or after cursor[level] is taken.
func (p Planner) Plan(v *manifest.Version, busy func(id uint64) bool, cursor *[manifest.NumLevels][]byte) (plan Plan, ok bool) {
	s := p.shape(v)
	plan = p.planL0(v, s.base, busy)
	for level := 1; level < last; level++ {
		score := s.score(v, level, busy)
		if score <= 1 || score <= plan.Score {
			continue
		}
		if candidate, found := planLevel(v, level, busy, cursor[level]); found {
			candidate.Score = score
			plan = candidate
		}
	}
	plan.TableSize = p.tableSize(v, &plan)
	return plan, len(plan.Inputs) > 0
}

// mostTables is how many tables the output level should have at most: each is a
// file of its own in every flush.
const mostTables = 32

// tableSize returns the size at which the outputs of a plan are cut into tables of
// about the same size. What comes from above is either new or takes the place of
// what is below: the result is not smaller than the greater part, likely.
// The cuts of a column stay as they are until it has grown to twice its size.
func (p Planner) tableSize(v *manifest.Version, plan *Plan) int64 {
	var above, below int64
	for _, in := range plan.Inputs {
		if in.Level == plan.OutputLevel {
			below += in.Table.Size
		} else {
			above += in.Table.Size
		}
	}
	size := float64(max(p.TableSize, v.LevelBytes(plan.OutputLevel)/mostTables))
	likely := float64(max(above, below))
	parts := math.Round(likely / size)
	if parts <= 1 {
		return int64(2 * size)
	}
	const slack = 1.1 // so that no small rest is left
	return int64(slack * likely / parts)
}

func planLevel(v *manifest.Version, level int, busy func(uint64) bool, cursor []byte) (Plan, bool) {
	tables := v.Levels[level]
	start, _ := slices.BinarySearchFunc(tables, cursor, func(t *manifest.Table, key []byte) int {
		return bytes.Compare(t.Smallest, key)
	})
	for i := range tables {
		t := tables[(start+i)%len(tables)]
		if busy(t.ID) {
			continue
		}
		if plan, ok := withOverlap(v, level, t, busy); ok {
			return plan, true
		}
	}
	return Plan{}, false
}

// withOverlap adds the tables of the next level that the input meets.
func withOverlap(v *manifest.Version, level int, input *manifest.Table, busy func(uint64) bool) (Plan, bool) {
	plan := Plan{Inputs: []manifest.LevelTable{{Level: level, Table: input}}, OutputLevel: level + 1}
	for _, t := range v.Levels[level+1] {
		if !t.Overlaps(input.Smallest, input.Largest) {
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

// PlanAll returns the plan that merges every table into L6, or ok false if that
// would change nothing: all tables are there already, without tombstones, and
// shadowed does not say that one may hold versions which were kept for a snapshot.
func (p Planner) PlanAll(v *manifest.Version, shadowed bool) (plan Plan, ok bool) {
	plan.Inputs, plan.OutputLevel = v.Tables(), last
	plan.TableSize = p.tableSize(v, &plan)
	return plan, len(plan.Inputs) > 0 && shadowed || slices.ContainsFunc(plan.Inputs, func(in manifest.LevelTable) bool {
		return in.Level != plan.OutputLevel || in.Table.Deletes > 0
	})
}
