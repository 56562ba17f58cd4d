package compaction

import (
	"math"

	"lsmlab/engines/lsm/manifest"
)

// Leveled is the default planner. All its limits must be positive. Sizes are bytes.
type Leveled struct {
	L0Trigger int     // runs of L0 that make a compaction due where the level below is small
	BaseBytes int64   // smallest limit of a level between L0 and L6
	SizeRatio float64 // limit of a level over that of the level above
	TableSize int64   // of the tables that compactions write; in a large store they are larger
}

// leveled is a version as Leveled sees it.
type leveled struct {
	runs    []manifest.Run // L0, oldest first
	planner Leveled
	version *manifest.Version
	base    int // the level into which L0 is merged
	needed  int // the shallowest level, except L0, that a store of this size needs
	limits  [manifest.NumLevels]int64
	columns []column
	wide    []*manifest.Table // tables of L0 that are in no column until they are cut
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

// mostTables is how many tables the base level should have at most: each of them makes
// a flush write one table more.
const mostTables = 32

// setTableSize sets the size at which the output of a plan is cut into tables of about
// the same size. The upper tables hold new keys or replace lower ones. So the result
// probably has at least as many bytes as the larger part. Because of this, the cuts of
// a column stay as they are until the column has grown by half.
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
		const slack = 1.1 // without this, a small rest would become a table
		plan.TableSize = int64(slack * float64(likely) / parts)
	}
}
