package steady

import (
	"fmt"
	"math"
	"slices"
)

// Point is what one interval of a warm-up showed. Counters go on from whatever they were
// at the start.
type Point struct {
	OpsPerSec     float64
	UserBytes     int64 // counter of what the engine applied; 0 if the engine does not tell
	MemTableBytes int64 // gauge; likewise
	RunsL0        int64 // gauge; likewise
	DebtBytes     int64 // gauge; likewise
	Flushes       int64 // counter; likewise
}

// A Watch says when a store under load has settled. One goroutine may use it.
type Watch struct {
	// FlushBytes is the size at which the engine flushes a MemTable, and Within how many
	// points warm-up and measured part have at most. If what is written does not fill
	// minFlushes MemTables in that time, no flush is waited for. FlushBytes 0 is unknown: one
	// flush must come.
	FlushBytes int64
	Within     int

	points []Point
}

const (
	// minPoints is the least number of points by which a store can settle.
	minPoints = minWindows
	// minFlushes is the least number of flushes before a store has settled that is
	// written to: the first ones fill an empty L0.
	minFlushes = 3
	// tolerance is the change that counts as none, as a share of the level.
	tolerance = 0.1
)

// Add takes the next interval.
func (w *Watch) Add(p Point) { w.points = append(w.points, p) }

// Unsettled says what has not settled yet; it is empty if all has. It looks at the last half
// of the points:
//
//   - what is written was flushed several times, since before that it only fills memory;
//   - runs of L0 and debt have no new heights in the later half of these points;
//   - throughput has no slope.
//
// Luo and Carey ("On Performance Stability in LSM-based Storage Systems", VLDB 2019) show why
// throughput alone does not tell: it is high while debt piles up.
func (w *Watch) Unsettled() string {
	if len(w.points) < minPoints {
		return "too short"
	}
	recent := w.points[len(w.points)-max(minPoints, len(w.points)/2):]
	if f := w.flushes(); f < minFlushes && w.willFlush() {
		return fmt.Sprintf("%d flushes, of %d", f, minFlushes)
	}
	if w.rises(recent, func(p Point) int64 { return p.RunsL0 }, 1) {
		return "the runs of L0 rise"
	}
	if w.rises(recent, func(p Point) int64 { return p.DebtBytes }, w.largestMemTable()) {
		return "compaction debt rises"
	}
	ops := make([]float64, len(recent))
	for i, p := range recent {
		ops[i] = p.OpsPerSec
	}
	if d := driftOf(ops); math.Abs(d.Change) > tolerance*d.Level {
		return fmt.Sprintf("throughput moves by %+.0f%%", 100*d.Change/max(d.Level, 1))
	}
	return ""
}

// rises says whether a gauge is higher in the later half of the points than it ever was in
// the earlier half, by more than the tolerance and a slack. Gauges of a tree that is written
// to go up and down like a saw, so their heights are compared and not their means.
func (w *Watch) rises(points []Point, gauge func(Point) int64, slack int64) bool {
	highest := func(part []Point) (top int64) {
		for _, p := range part {
			top = max(top, gauge(p))
		}
		return top
	}
	half := len(points) / 2
	before, after := highest(points[:half]), highest(points[half:])
	return float64(after-slack) > (1+tolerance)*float64(before)
}

func (w *Watch) flushes() int64 {
	return w.points[len(w.points)-1].Flushes - w.points[0].Flushes
}

// willFlush says whether what is written fills MemTables in the time that there is.
func (w *Watch) willFlush() bool {
	first, last := w.points[0], w.points[len(w.points)-1]
	if last.MemTableBytes == 0 && last.Flushes == 0 { // the engine has no MemTable, or does not tell
		return false
	}
	written := max(last.UserBytes-first.UserBytes, w.largestMemTable()-first.MemTableBytes+w.flushes()*w.FlushBytes)
	if w.FlushBytes == 0 {
		return written > 0
	}
	return written/int64(len(w.points))*int64(w.Within) >= minFlushes*w.FlushBytes
}

// largestMemTable is the most that one flush adds to the debt.
func (w *Watch) largestMemTable() int64 {
	return slices.MaxFunc(w.points, func(a, b Point) int { return int(a.MemTableBytes - b.MemTableBytes) }).MemTableBytes
}
