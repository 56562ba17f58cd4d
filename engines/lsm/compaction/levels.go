package compaction

import (
	"bytes"
	"slices"

	"lsmlab/engines/lsm/manifest"
)

// last is the level into which all data sinks in the end.
const last = manifest.NumLevels - 1

// setLevels sets the limits of the levels. They follow from the bottom up, as in
// RocksDB's dynamic level sizes. L6 has no limit. Each level above may hold a
// SizeRatio-th of the one below it, and where that is less than BaseBytes, there should
// be no level at all. So nearly all data is at the bottom, where each key occurs once.
// Nothing is written again for a level that a store of this size does not need.
func (l *leveled) setLevels() {
	for level := range l.limits {
		l.limits[level] = l.planner.BaseBytes // for a level that exists although it is not needed
	}
	l.needed = last
	size := float64(l.version.LevelBytes(last))
	for l.needed > 1 && size > float64(l.planner.BaseBytes)*l.planner.SizeRatio {
		l.needed--
		size /= l.planner.SizeRatio
		l.limits[l.needed] = int64(size)
	}
	// Nothing may sink past the tables of a level that is not needed.
	l.base = l.needed
	for level := l.needed - 1; level > 0; level-- {
		if len(l.version.Levels[level]) > 0 {
			l.base = level
		}
	}
}

// Sunk returns v with the levels below L0 moved down together, so that the deepest one
// with tables is L6, where the layouts of this package end. v is not changed.
func Sunk(v *manifest.Version) *manifest.Version {
	sunk := *v
	for range last - 1 {
		if len(sunk.Levels[last]) > 0 {
			break
		}
		copy(sunk.Levels[2:], sunk.Levels[1:last])
		sunk.Levels[1] = nil
	}
	return &sunk
}

// score returns how urgent it is to make a level smaller: its size over its limit.
// Inputs of running compactions do not count. A level that is not needed has to be
// emptied, but without haste. Tombstones raise the score, because they free room in the
// level below.
func (l *leveled) score(level int, r *Running) float64 {
	var size int64
	var deletes, entries uint64
	for _, t := range l.version.Levels[level] {
		if !r.has(t) {
			size += t.Size
			deletes += t.Deletes
		}
	}
	for _, t := range l.version.Levels[level+1] {
		entries += t.Entries
	}
	score := float64(size) / float64(l.limits[level])
	if level < l.needed && size > 0 {
		score++
	}
	if manyTombstones(deletes, entries) {
		return max(score, 1)
	}
	return score
}

// manyTombstones says whether deletes may hide half of the lower entries or more.
func manyTombstones(deletes, entries uint64) bool { return entries > 0 && 2*deletes >= entries }

// over returns by how many bytes a level would exceed its limit if come bytes were
// added to it.
func (l *leveled) over(level int, come int64) int64 {
	return max(0, l.version.LevelBytes(level)+come-l.limits[level])
}

// planLevel returns the merge of one table of level with the tables of the next level
// that it meets.
func (l *leveled) planLevel(level int, r *Running) (Plan, bool) {
	tables := l.version.Levels[level]
	start, _ := slices.BinarySearchFunc(tables, r.cursor[level], func(t *manifest.Table, key []byte) int {
		return bytes.Compare(t.Smallest, key)
	})
	for i := range tables {
		t := tables[(start+i)%len(tables)]
		if plan := l.withOverlap(level, t); r.allows(&plan) {
			return plan, true
		}
	}
	return Plan{}, false
}

// withOverlap returns the merge of input with the tables of the next level that it
// meets.
func (l *leveled) withOverlap(level int, input *manifest.Table) Plan {
	plan := Plan{Inputs: []manifest.LevelTable{{Level: level, Table: input}}, OutputLevel: level + 1}
	for _, t := range l.version.Levels[level+1] {
		if t.Overlaps(input.Smallest, input.Largest) {
			plan.Inputs = append(plan.Inputs, manifest.LevelTable{Level: level + 1, Table: t})
		}
	}
	plan.Move = len(plan.Inputs) == 1
	return plan
}

// Debt implements [Layout]. It is the sum of the columns of L0 that are due, and of the
// bytes by which each level exceeds its limit, with the share of the level below that
// meets them.
func (l *leveled) Debt() int64 {
	var debt, come int64
	for i := range l.columns {
		c := &l.columns[i]
		if score, deep := l.urgency(c); score >= 1 && deep {
			debt += bytesOf(c.above) + bytesOf(c.below)
			come += bytesOf(c.above)
		}
	}
	for level := l.base; level < last; level++ {
		come = l.over(level, come)
		debt += come + min(l.version.LevelBytes(level+1), int64(float64(come)*l.planner.SizeRatio))
	}
	return debt
}

// Pressure implements [Layout]. For L0 it is the greatest score of a column, or of a
// waiting table, times L0Trigger. Deep levels count too: without them, a tree under
// lasting writes grows deep levels that are full of old versions.
func (l *leveled) Pressure(size int64) (p Pressure) {
	var score float64
	if len(l.wide) > 0 {
		score = float64(len(l.runs)) / mostRuns
	}
	for i := range l.columns {
		s, _ := l.urgency(&l.columns[i])
		score = max(score, s)
	}
	p.L0 = score * float64(l.planner.L0Trigger)
	for level := 1; level < last; level++ {
		p.Deep += float64(l.over(level, 0)) / float64(size)
	}
	return p
}
