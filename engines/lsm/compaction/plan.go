// Package compaction decides which tables are merged next, and runs background jobs.
// The decision is pure: [Layout.Plan] maps a version to a plan and touches no file. So
// it is tested and simulated without a disk. The core carries plans out.
//
// There are three planners. In all of them, flushes put tables into L0, where tables
// may overlap, and every deeper level is one sorted run. A store may be opened with any
// of them, whichever planned it before.
//
//   - [Leveled] merges L0 column by column (column.go) into the shallowest level that a
//     store of that size needs (levels.go): few runs, little space, the most bytes
//     written.
//   - [Tiered] keeps runs of all sizes in L0 and merges those of about the same size:
//     fewer bytes written, more runs, and more space.
//   - [FIFO] merges nothing. It keeps all tables, or drops the oldest.
package compaction

import (
	"bytes"
	"math"
	"slices"

	"lsmlab/engines/lsm/manifest"
)

// Plan is one compaction: its inputs are merged into OutputLevel.
type Plan struct {
	Inputs      []manifest.LevelTable
	OutputLevel int
	// Drop says that the inputs are removed with all they hold, and nothing is written.
	Drop bool
	// Rewrite says that the single input is written again where it is, to be rid of versions.
	Rewrite bool
	// Move says that the single input may change its level as it is: nothing is read or
	// written.
	Move bool
	// TableSize is the size, in bytes, at which a table of the output ends. Cuts are
	// rising keys at which a table ends too.
	TableSize int64
	Cuts      [][]byte
	// Score is how urgent the plan is. A plan below 1 need not be carried out.
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

// bytes returns the size of the inputs of those levels for which of is true.
func (p *Plan) bytes(of func(level int) bool) (n int64) {
	for _, in := range p.Inputs {
		if of(in.Level) {
			n += in.Table.Size
		}
	}
	return n
}

// Partition divides the key range of a plan into at most parts ranges of about the same
// size. Ranges begin where tables of the output level begin. None is smaller than least
// bytes, except the last. It returns the bounds of the ranges; the first and the last
// are nil, which means unbounded. A merge within L0 is one range.
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

// Planner is a way to arrange the tables of a store.
type Planner interface {
	// Layout returns v as the planner sees it. v is not changed.
	Layout(v *manifest.Version) Layout
}

// Layout is a version as a planner sees it. It never changes, and is safe for
// concurrent use.
type Layout interface {
	// Runs returns L0 as sorted runs, oldest first.
	Runs() []manifest.Run
	// Plan returns the most urgent compaction that may run concurrently with those of
	// r. ok is false if there is none.
	Plan(r *Running) (plan Plan, ok bool)
	// Rewrite returns the plan that writes the table t of the version again where it is,
	// to be rid of versions that nobody needs any more. ok is false if this may not be
	// done concurrently with those of r, or not at all.
	Rewrite(t *manifest.Table, r *Running) (plan Plan, ok bool)
	// PlanAll returns the plan that merges every table into L6. ok is false if this
	// would change nothing: all tables are in L6 already, they hold no tombstones, and
	// shadowed is false. shadowed says that a table may hold versions that were kept
	// for a snapshot.
	PlanAll(shadowed bool) (plan Plan, ok bool)
	// Cuts returns rising keys at which a flush to L0 ends a table.
	Cuts() [][]byte
	// Debt estimates the bytes that compactions must read until no plan is due.
	Debt() int64
	// Pressure returns how far compactions are behind. size is the bytes of a run of
	// L0.
	Pressure(size int64) Pressure
}

// Pressure is how far compactions are behind the writes, counted in runs of L0. The
// core compares it with the options that say when writes are slowed down and when they
// wait.
type Pressure struct {
	L0   float64
	Deep float64 // the excess of deeper levels over their limits, as runs; writes do not wait for it
}

// rewrite is [Layout.Rewrite]. The table stays one table, and it keeps its place among
// the others, because the newest version of each key stays.
func rewrite(v *manifest.Version, t *manifest.Table, r *Running) (Plan, bool) {
	for level, tables := range v.Levels {
		if slices.Contains(tables, t) {
			plan := Plan{Inputs: []manifest.LevelTable{{Level: level, Table: t}}, OutputLevel: level, TableSize: math.MaxInt64, Rewrite: true}
			return plan, r.allows(&plan)
		}
	}
	return Plan{}, false
}

// planAll is [Layout.PlanAll] without the size of tables.
func planAll(v *manifest.Version, shadowed bool) (plan Plan, ok bool) {
	plan.Inputs, plan.OutputLevel = v.Tables(), last
	return plan, len(plan.Inputs) > 0 && shadowed || slices.ContainsFunc(plan.Inputs, func(in manifest.LevelTable) bool {
		return in.Level != plan.OutputLevel || in.Table.Deletes > 0
	})
}

func bytesOf(tables []*manifest.Table) (n int64) {
	for _, t := range tables {
		n += t.Size
	}
	return n
}
