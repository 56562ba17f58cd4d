// Package compaction decides which tables are merged next, and runs background
// jobs. Deciding is pure ([Layout.Plan] maps a version to a plan and touches
// no file), so that it is tested and simulated without a disk; the core acts.
//
// The layout is leveled: L0 takes flushed tables, which may overlap; every deeper
// level is one sorted run. L0 is merged column by column (column.go) right into
// the shallowest level that a store of that size needs (levels.go).
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
	// TableSize is the bytes at which a table of the output ends; Cuts are keys, rising,
	// at which one ends too.
	TableSize int64
	Cuts      [][]byte
	// Score is how urgent the plan is; below 1 it need not be done.
	Score float64
}

// keyRange returns the smallest and largest key of the inputs.
func (p *Plan) keyRange() (lo, hi []byte) {
	var tables []*manifest.Table
	for _, in := range p.Inputs {
		tables = append(tables, in.Table)
	}
	return keyRange(tables)
}

// Bytes returns the size of the inputs.
func (p *Plan) Bytes() int64 { return p.bytes(func(int) bool { return true }) }

// bytes returns the size of the inputs of some levels.
func (p *Plan) bytes(of func(level int) bool) (n int64) {
	for _, in := range p.Inputs {
		if of(in.Level) {
			n += in.Table.Size
		}
	}
	return n
}

// Partition cuts the key range of a plan into at most parts ranges of about the
// same size, at the beginnings of tables of the output level, none smaller than
// least but the last. It returns the bounds of the ranges; the first and last are
// nil, unbounded. What is merged within L0 is one range.
func (p *Plan) Partition(parts int, least int64) [][]byte {
	bounds := [][]byte{nil}
	if p.OutputLevel > 0 {
		var below []*manifest.Table
		for _, in := range p.Inputs {
			if in.Level == p.OutputLevel {
				below = append(below, in.Table)
			}
		}
		slices.SortFunc(below, func(a, b *manifest.Table) int { return bytes.Compare(a.Smallest, b.Smallest) })
		share, size := max(bytesOf(below)/int64(parts), least), int64(0)
		for _, t := range below {
			if size >= share {
				bounds, size = append(bounds, t.Smallest), 0
			}
			size += t.Size
		}
	}
	return append(bounds, nil)
}

// Planner holds the limits of the tree's shape. All must be positive.
type Planner struct {
	L0Trigger int     // runs of L0 that ask for a compaction where the level below is small
	BaseBytes int64   // least size of a level between L0 and L6
	SizeRatio float64 // size of a level over the one above
	TableSize int64   // of the tables that compactions write, unless the store is large
}

// Layout is a version as a planner sees it. It never changes.
type Layout struct {
	Runs []manifest.Run // L0, oldest first

	planner Planner
	version *manifest.Version
	base    int // the level that L0 is merged into
	needed  int // the shallowest level that should be there, but for L0
	limits  [manifest.NumLevels]int64
	columns []column
	wide    []*manifest.Table // of L0, that are in no column until they are cut
}

// Layout returns the layout of v.
func (p Planner) Layout(v *manifest.Version) *Layout {
	l := &Layout{planner: p, version: v, Runs: v.L0Runs()}
	l.setLevels()
	l.setColumns()
	return l
}

// Plan returns the most urgent compaction that may run beside those of r, or ok
// false if there is none.
func (l *Layout) Plan(r *Running) (plan Plan, ok bool) {
	plan = l.planL0(r)
	for level := 1; level < last; level++ {
		score := l.score(level, r)
		if score < 1 || score <= plan.Score {
			continue
		}
		if candidate, found := l.planLevel(level, r); found {
			candidate.Score = score
			plan = candidate
		}
	}
	l.setTableSize(&plan)
	return plan, len(plan.Inputs) > 0
}

// PlanAll returns the plan that merges every table into L6, or ok false if that
// would change nothing: all tables are there already, without tombstones, and
// shadowed does not say that one may hold versions which were kept for a snapshot.
func (l *Layout) PlanAll(shadowed bool) (plan Plan, ok bool) {
	plan.Inputs, plan.OutputLevel = l.version.Tables(), last
	l.setTableSize(&plan)
	return plan, len(plan.Inputs) > 0 && shadowed || slices.ContainsFunc(plan.Inputs, func(in manifest.LevelTable) bool {
		return in.Level != plan.OutputLevel || in.Table.Deletes > 0
	})
}

// mostTables is how many tables the base level should have at most: each makes one
// more of every flush.
const mostTables = 32

// setTableSize sets the size at which the outputs of a plan are cut into tables of
// about the same size. What comes from above is either new or takes the place of
// what is below, so the result has at least the bytes of the greater part, likely.
// The cuts of a column thus stay as they are until it has grown half as large again.
func (l *Layout) setTableSize(plan *Plan) {
	if plan.OutputLevel == 0 {
		plan.TableSize = math.MaxInt64
		return
	}
	below := plan.bytes(func(level int) bool { return level == plan.OutputLevel })
	likely := max(below, plan.Bytes()-below)
	size := l.planner.TableSize
	if plan.OutputLevel == l.base {
		size = max(size, max(likely, l.version.LevelBytes(l.base))/mostTables)
	}
	plan.TableSize = 2 * size
	if parts := math.Round(float64(likely) / float64(size)); parts > 1 {
		const slack = 1.1 // or a small rest would be left
		plan.TableSize = int64(slack * float64(likely) / parts)
	}
}

func bytesOf(tables []*manifest.Table) (n int64) {
	for _, t := range tables {
		n += t.Size
	}
	return n
}
