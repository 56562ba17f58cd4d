// Package compaction decides which tables are merged next, and runs background
// jobs. Deciding is pure ([Layout.Plan] maps a version to a plan and touches
// no file), so that it is tested and simulated without a disk; the core acts.
//
// There are three planners. All of them take flushed tables in L0, where tables may
// overlap, and know that every deeper level is one sorted run; any store may be opened
// with any of them, whatever planned it before.
//
//   - [Leveled] merges L0 column by column (column.go) right into the shallowest level
//     that a store of that size needs (levels.go): few runs, little space, the most
//     bytes written.
//   - [Tiered] keeps runs of all sizes in L0 and merges those of about the same size:
//     fewer bytes written, more runs and more space.
//   - [FIFO] merges nothing and keeps all, or drops the oldest tables.
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
	// Drop says that the inputs go, with what they hold, and nothing is made of them.
	Drop bool
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

// Planner is a way to lay out a store.
type Planner interface {
	// Layout returns the layout of v, which is not changed.
	Layout(v *manifest.Version) Layout
}

// Layout is a version as a planner sees it. It never changes.
type Layout interface {
	// Runs are L0 as sorted runs, oldest first.
	Runs() []manifest.Run
	// Plan returns the most urgent compaction that may run beside those of r, or ok
	// false if there is none.
	Plan(r *Running) (plan Plan, ok bool)
	// Rewrite returns the plan that writes t, which is of the version, again where it is,
	// to be rid of versions that nobody needs any more; ok false if that may not be done
	// beside those of r, or not at all.
	Rewrite(t *manifest.Table, r *Running) (plan Plan, ok bool)
	// PlanAll returns the plan that merges every table into L6, or ok false if that
	// would change nothing: all tables are there already, without tombstones, and
	// shadowed does not say that one may hold versions which were kept for a snapshot.
	PlanAll(shadowed bool) (plan Plan, ok bool)
	// Cuts returns the keys, rising, at which what is flushed to L0 is cut.
	Cuts() [][]byte
	// Debt estimates the bytes that compactions must read until no plan is left.
	Debt() int64
	// Pressure is how far compactions are behind, if a run of L0 has size bytes.
	Pressure(size int64) Pressure
}

// Pressure is how far compactions are behind what is written, counted in runs of L0,
// for the options of the core that say at how many writes are slowed and wait.
type Pressure struct {
	L0   float64
	Deep float64 // what deeper levels hold over their limits, as runs; no write waits for it
}

// rewrite is [Layout.Rewrite]. The table stays one, and keeps its place among the others:
// the newest version of each key stays.
func rewrite(v *manifest.Version, t *manifest.Table, r *Running) (Plan, bool) {
	for level, tables := range v.Levels {
		if slices.Contains(tables, t) {
			plan := Plan{Inputs: []manifest.LevelTable{{Level: level, Table: t}}, OutputLevel: level, TableSize: math.MaxInt64}
			return plan, r.allows(&plan)
		}
	}
	return Plan{}, false
}

// planAll is [Layout.PlanAll] without a size of tables.
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
