package compaction

import (
	"cmp"
	"math"
	"slices"

	"lsmlab/engines/lsm/manifest"
)

// FIFO is the planner that merges nothing: tables stay in L0 as they were flushed. No
// byte is written twice, and every version stays. A read may have to search every table
// that was ever flushed over its key. FIFO suits keys that rise, as in a log: their
// tables form one run.
//
// With MaxBytes, the oldest tables are dropped once all tables together have more
// bytes, as in RocksDB's FIFO compaction. So acknowledged writes vanish by design, even
// those that an open snapshot would read. Of each key, either the newest version is
// left or none.
type FIFO struct {
	MaxBytes int64 // limit of all tables together; 0 means no limit
}

// fifo is a version as FIFO sees it.
type fifo struct {
	planner FIFO
	version *manifest.Version
	runs    []manifest.Run
}

// Layout implements [Planner].
func (p FIFO) Layout(v *manifest.Version) Layout { return &fifo{p, v, v.L0Runs()} }

// Runs implements [Layout].
func (l *fifo) Runs() []manifest.Run { return l.runs }

// Plan implements [Layout]. It drops tables in the order of their age: deeper levels
// first, and within a level by the newest LSN. So no table outlives one that holds
// newer versions of its keys.
func (l *fifo) Plan(r *Running) (plan Plan, ok bool) {
	var bytes int64
	for level := range l.version.Levels {
		bytes += l.version.LevelBytes(level)
	}
	if l.planner.MaxBytes == 0 || bytes <= l.planner.MaxBytes || r.Any() {
		return Plan{}, false
	}
	plan = Plan{Drop: true, TableSize: math.MaxInt64, Score: 1}
	for level := last; level >= 0; level-- {
		for _, t := range byAge(l.version.Levels[level]) {
			if bytes <= l.planner.MaxBytes {
				return plan, true
			}
			plan.Inputs = append(plan.Inputs, manifest.LevelTable{Level: level, Table: t})
			bytes -= t.Size
		}
	}
	return plan, true
}

// byAge returns the tables, the oldest first.
func byAge(tables []*manifest.Table) []*manifest.Table {
	return slices.SortedFunc(slices.Values(tables), func(a, b *manifest.Table) int { return cmp.Compare(a.MaxSeq, b.MaxSeq) })
}

// Rewrite implements [Layout]: nothing is written twice.
func (l *fifo) Rewrite(*manifest.Table, *Running) (plan Plan, ok bool) { return plan, false }

// PlanAll implements [Layout]. A caller that asks for one run gets one, although FIFO
// merges nothing by itself.
func (l *fifo) PlanAll(shadowed bool) (plan Plan, ok bool) {
	plan, ok = planAll(l.version, shadowed)
	plan.TableSize = fifoTableSize
	return plan, ok
}

// fifoTableSize is the size, in bytes, of tables that are merged on request. It is
// small, so that dropping the oldest table does not drop everything.
const fifoTableSize = 64 << 20

// Cuts implements [Layout].
func (l *fifo) Cuts() [][]byte { return nil }

// Debt implements [Layout].
func (l *fifo) Debt() int64 { return 0 }

// Pressure implements [Layout].
func (l *fifo) Pressure(int64) Pressure { return Pressure{} }
