package compaction

import (
	"math"

	"lsmlab/engines/lsm/manifest"
)

// Leveled is the default planner. All of its limits must be positive.
type Leveled struct {
	L0Trigger int     // runs of L0 that ask for a compaction where the level below is small
	BaseBytes int64   // least size of a level between L0 and L6
	SizeRatio float64 // size of a level over the one above
	TableSize int64   // of the tables that compactions write, unless the store is large
}

// leveled is the layout that Leveled sees.
type leveled struct {
	runs    []manifest.Run // L0, oldest first
	planner Leveled
	version *manifest.Version
	base    int // the level that L0 is merged into
	needed  int // the shallowest level that should be there, but for L0
	limits  [manifest.NumLevels]int64
	columns []column
	wide    []*manifest.Table // of L0, that are in no column until they are cut
}

// Layout implements [Planner].
func (p Leveled) Layout(v *manifest.Version) Layout { return p.layout(v) }

func (p Leveled) layout(v *manifest.Version) *leveled {
	l := &leveled{planner: p, version: v, runs: v.L0Runs()}
	l.setLevels()
	l.setColumns()
	return l
}

// Runs implements [Layout].
func (l *leveled) Runs() []manifest.Run { return l.runs }

// Plan implements [Layout].
func (l *leveled) Plan(r *Running) (plan Plan, ok bool) {
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

// Rewrite implements [Layout].
func (l *leveled) Rewrite(t *manifest.Table, r *Running) (Plan, bool) {
	return rewrite(l.version, t, r)
}

// PlanAll implements [Layout].
func (l *leveled) PlanAll(shadowed bool) (plan Plan, ok bool) {
	plan, ok = planAll(l.version, shadowed)
	l.setTableSize(&plan)
	return plan, ok
}

// mostTables is how many tables the base level should have at most: each makes one
// more of every flush.
const mostTables = 32

// setTableSize sets the size at which the outputs of a plan are cut into tables of
// about the same size. What comes from above is either new or takes the place of
// what is below, so the result has at least the bytes of the greater part, likely.
// The cuts of a column thus stay as they are until it has grown half as large again.
func (l *leveled) setTableSize(plan *Plan) {
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
