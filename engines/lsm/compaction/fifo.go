package compaction

import (
	"cmp"
	"math"
	"slices"

	"lsmlab/engines/lsm/manifest"
)

// FIFO is the planner that merges nothing: tables lie in L0 as they were flushed. No byte
// is written twice, every version stays, and a read may have to ask every table that
// was ever flushed over its key. It suits keys that rise, as those of a log: their
// tables make one run.
//
// With MaxBytes the oldest tables go once all of them have more bytes, as with RocksDB's
// FIFO compaction: acknowledged writes vanish by design, also those that an open snapshot
// would read. What is left of a key is its newest version or nothing.
type FIFO struct {
	MaxBytes int64 // of all tables; 0 keeps them all
}

type fifo struct {
	planner FIFO
	version *manifest.Version
	runs    []manifest.Run
}

// Layout implements [Planner].
func (p FIFO) Layout(v *manifest.Version) Layout { return &fifo{p, v, v.L0Runs()} }

// Runs implements [Layout].
func (l *fifo) Runs() []manifest.Run { return l.runs }

// Plan implements [Layout]. The order of age is that of levels, deepest first, and within
// one that of the newest LSN: no table with an older version of a key outlives this one.
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

// byAge returns tables, the oldest first.
func byAge(tables []*manifest.Table) []*manifest.Table {
	return slices.SortedFunc(slices.Values(tables), func(a, b *manifest.Table) int { return cmp.Compare(a.MaxSeq, b.MaxSeq) })
}

// Rewrite implements [Layout]: nothing is written twice.
func (l *fifo) Rewrite(*manifest.Table, *Running) (plan Plan, ok bool) { return plan, false }

// PlanAll implements [Layout]: who asks for one run gets it.
func (l *fifo) PlanAll(shadowed bool) (plan Plan, ok bool) {
	plan, ok = planAll(l.version, shadowed)
	plan.TableSize = fifoTableSize
	return plan, ok
}

// fifoTableSize is the bytes of tables that are merged on request: small enough that
// dropping the oldest does not drop all.
const fifoTableSize = 64 << 20

// Cuts implements [Layout].
func (l *fifo) Cuts() [][]byte { return nil }

// Debt implements [Layout].
func (l *fifo) Debt() int64 { return 0 }

// Pressure implements [Layout].
func (l *fifo) Pressure(int64) Pressure { return Pressure{} }
