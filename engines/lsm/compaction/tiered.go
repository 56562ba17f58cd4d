package compaction

import (
	"math"
	"slices"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
)

// Tiered is the size-tiered planner. L0 holds runs in the order of their age, and L6,
// the oldest, is one run of many tables. Runs of about the same size are merged into a
// larger one, and all of them into L6 once they have as many bytes as L6 does. So a
// byte is written again about once for each power of Runs between the sizes of a flush
// and of the store, where [Leveled] writes it some nine times; but a store may have
// twice the bytes of what lives in it, and a read has more runs to ask.
//
// Sizes are those of Cassandra's SizeTieredCompactionStrategy, made for a tree in which
// only neighbours in age may be merged; the merge into the oldest run by a bound on
// space is that of RocksDB's universal compaction.
//
// Invariant: what a plan merges within L0 is a sequence of runs in the order of their
// age, without a gap. So the LSNs of the result lie apart from those of every other run.
type Tiered struct {
	Runs      int   // of about the same size that are merged; at least 2
	TableSize int64 // of the tables of L6
}

// tiered is the layout that Tiered sees.
type tiered struct {
	planner Tiered
	version *manifest.Version
	runs    []manifest.Run // L0 for reads, oldest first
	ages    []age          // L0, newest first
}

// age is tables of L0 whose LSNs overlap, as flushes leave them that were cut, with the
// number of the power of Tiered.Runs that their bytes reach.
type age struct {
	tables []*manifest.Table
	power  int
}

// Layout implements [Planner].
func (p Tiered) Layout(v *manifest.Version) Layout {
	l := &tiered{planner: p, version: v, runs: v.L0Runs()}
	oldest := ikey.MaxSeq
	for _, t := range v.Levels[0] { // MaxSeq falls
		if len(l.ages) == 0 || t.MaxSeq < oldest {
			l.ages = append(l.ages, age{})
		}
		a := &l.ages[len(l.ages)-1]
		a.tables = append(a.tables, t)
		oldest = min(oldest, t.MinSeq)
	}
	for i := range l.ages {
		l.ages[i].power = int(math.Log(float64(max(1, bytesOf(l.ages[i].tables)))) / math.Log(float64(p.Runs)))
	}
	return l
}

// Runs implements [Layout].
func (l *tiered) Runs() []manifest.Run { return l.runs }

// Plan implements [Layout]. First goes what costs nothing; then the merge of all, which
// waits for those that run if there are, so that they do not put it off for ever; then
// the smallest runs.
func (l *tiered) Plan(r *Running) (Plan, bool) {
	if plan, ok := l.sink(r); ok {
		return plan, true
	}
	if !r.into(last) && l.due() {
		plan := l.planDeep()
		return plan, !r.Any()
	}
	return l.planRuns(r)
}

// sink moves a table of L0 to L6 that nothing older meets, as those of a sequential load.
func (l *tiered) sink(r *Running) (Plan, bool) {
	for _, t := range slices.Backward(l.version.Levels[0]) {
		plan := Plan{Inputs: at(0, []*manifest.Table{t}), OutputLevel: last, Move: true, TableSize: l.planner.TableSize, Score: 1}
		if !l.meetsOlder(t) && r.allows(&plan) {
			return plan, true
		}
	}
	return Plan{}, false
}

func (l *tiered) meetsOlder(t *manifest.Table) bool {
	for level, tables := range l.version.Levels {
		for _, other := range tables {
			if other.Overlaps(t.Smallest, t.Largest) && (level > 0 || other.MaxSeq < t.MinSeq) {
				return true
			}
		}
	}
	return false
}

// due says whether everything is to be merged into L6: what is above has as many bytes,
// or tombstones that may free half of it.
func (l *tiered) due() bool {
	var above, below int64
	var deletes, entries uint64
	for level, tables := range l.version.Levels {
		for _, t := range tables {
			if level < last {
				above += t.Size
				deletes += t.Deletes
			} else {
				below += t.Size
				entries += t.Entries
			}
		}
	}
	return above > 0 && (above >= below || manyTombstones(deletes, entries))
}

// planDeep merges all that is above L6 with what it meets there.
func (l *tiered) planDeep() Plan {
	plan := Plan{OutputLevel: last, TableSize: l.planner.TableSize, Score: 2}
	for _, in := range l.version.Tables() {
		if in.Level < last {
			plan.Inputs = append(plan.Inputs, in)
		}
	}
	lo, hi := plan.keyRange()
	for _, t := range l.version.Levels[last] {
		if t.Overlaps(lo, hi) {
			plan.Inputs = append(plan.Inputs, manifest.LevelTable{Level: last, Table: t})
		}
	}
	return plan
}

// planRuns merges runs of about the same size within L0, the smallest first.
func (l *tiered) planRuns(r *Running) (Plan, bool) {
	for power := range l.mostPower() + 1 {
		for _, ages := range l.stretches(power, r) {
			if len(ages) < l.planner.Runs {
				continue
			}
			plan := Plan{TableSize: math.MaxInt64, Score: 1}
			for _, a := range ages {
				plan.Inputs = append(plan.Inputs, at(0, a.tables)...)
			}
			return plan, true
		}
	}
	return Plan{}, false
}

func (l *tiered) mostPower() (most int) {
	for _, a := range l.ages {
		most = max(most, a.power)
	}
	return most
}

// stretches returns the longest sequences of runs of at most that power, without newer
// smaller ones, which wait until they are more, and without what r has.
func (l *tiered) stretches(power int, r *Running) (all [][]age) {
	var at []age
	for i := range l.ages {
		switch p := l.ages[i].power; {
		case p > power || slices.ContainsFunc(l.ages[i].tables, r.has):
			at = nil
		case at == nil && p == power:
			at = l.ages[i : i+1]
			all = append(all, at)
		case at != nil:
			at = at[:len(at)+1]
			all[len(all)-1] = at
		}
	}
	return all
}

// Rewrite implements [Layout].
func (l *tiered) Rewrite(t *manifest.Table, r *Running) (Plan, bool) { return rewrite(l.version, t, r) }

// PlanAll implements [Layout].
func (l *tiered) PlanAll(shadowed bool) (plan Plan, ok bool) {
	plan, ok = planAll(l.version, shadowed)
	plan.TableSize = l.planner.TableSize
	return plan, ok
}

// Cuts implements [Layout]: a flush is one table.
func (l *tiered) Cuts() [][]byte { return nil }

// Debt implements [Layout]: the next plan.
func (l *tiered) Debt() int64 {
	plan, ok := l.Plan(&Running{})
	if !ok || plan.Move {
		return 0
	}
	return plan.Bytes()
}

// Pressure implements [Layout]: the runs of the longest sequence of about one size, half
// of them, as those of a merge that runs count until it ends.
func (l *tiered) Pressure(int64) (p Pressure) {
	for power := range l.mostPower() + 1 {
		for _, ages := range l.stretches(power, &Running{}) {
			p.L0 = max(p.L0, float64(len(ages))/2)
		}
	}
	return p
}
