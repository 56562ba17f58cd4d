package compaction

import (
	"math"
	"slices"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
)

// Tiered is the size-tiered planner. L0 holds runs in the order of their age, and L6,
// the oldest, is one run of many tables. Runs of about the same size are merged into a
// larger one. All of them are merged into L6 once they have as many bytes as L6. So a
// byte is written again about once for each power of Runs between the size of a flush
// and the size of the store; [Leveled] writes it some nine times. In exchange, a store
// may take twice the bytes of its live data, and a read has more runs to search.
//
// Sizes are chosen as in Cassandra's SizeTieredCompactionStrategy, adapted to a tree in
// which only neighbours in age may be merged. The merge into the oldest run by a bound
// on space is that of RocksDB's universal compaction.
//
// Invariant: the inputs of a merge within L0 are consecutive runs in the order of age.
// So the LSNs of the result do not overlap those of any other run.
type Tiered struct {
	Runs      int   // how many runs of about the same size are merged; at least 2
	TableSize int64 // bytes; of the tables of L6
}

// tiered is a version as Tiered sees it.
type tiered struct {
	planner Tiered
	version *manifest.Version
	runs    []manifest.Run // L0 as reads search it, oldest first
	ages    []age          // L0 by age, newest first
}

// age is a set of tables of L0 whose LSNs overlap, such as the tables of one flush that
// was cut. power is the greatest power of Tiered.Runs that their bytes reach.
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

// Plan implements [Layout]. First come moves, which cost nothing. Then comes the merge
// of everything, which waits until running merges end; no new ones begin, so they
// cannot delay it for ever. Last come merges of runs, the smallest first.
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

// sink moves a table of L0 that meets no older table to L6, such as the tables of a
// sequential load.
func (l *tiered) sink(r *Running) (Plan, bool) {
	for _, t := range slices.Backward(l.version.Levels[0]) {
		plan := Plan{Inputs: at(0, []*manifest.Table{t}), OutputLevel: last, Move: true, TableSize: l.planner.TableSize, Score: 1}
		if !l.meetsOlder(t) && r.allows(&plan) {
			return plan, true
		}
	}
	return Plan{}, false
}

// meetsOlder says whether the range of t meets that of a table with older LSNs. If so,
// t must not sink below that table.
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

// due says whether everything should be merged into L6: the levels above it have as
// many bytes as L6, or have tombstones that may free half of L6.
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

// planDeep merges everything above L6 with the tables of L6 that it meets.
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

// stretches returns the longest sequences of runs of at most that power. Newer runs of
// a smaller power, which wait until there are more of them, and inputs of r are left
// out.
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

// Cuts implements [Layout]. A flush is one table, so there are none.
func (l *tiered) Cuts() [][]byte { return nil }

// Debt implements [Layout]. It is the size of the next plan.
func (l *tiered) Debt() int64 {
	plan, ok := l.Plan(&Running{})
	if !ok || plan.Move {
		return 0
	}
	return plan.Bytes()
}

// Pressure implements [Layout]. It is half of the runs in the longest sequence of about
// one size. Only half of them count, because the inputs of a running merge count until
// it ends.
func (l *tiered) Pressure(int64) (p Pressure) {
	for power := range l.mostPower() + 1 {
		for _, ages := range l.stretches(power, &Running{}) {
			p.L0 = max(p.L0, float64(len(ages))/2)
		}
	}
	return p
}
