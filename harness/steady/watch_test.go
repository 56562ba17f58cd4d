package steady

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"lsmlab/engines/testseed"
)

// What has not settled is named.
func TestUnsettled(t *testing.T) {
	for want, c := range map[string]struct {
		points int
		of     func(i int) Point
	}{
		"too short":             {minPoints - 1, func(int) Point { return Point{OpsPerSec: 9} }},
		"":                      {minPoints, func(int) Point { return Point{OpsPerSec: 9} }},
		"throughput moves by -": {12, func(i int) Point { return Point{OpsPerSec: 100 - 3*float64(i)} }},
		"1 flushes, of 3":       {12, func(i int) Point { return Point{OpsPerSec: 9, MemTableBytes: 1 << 20, Flushes: int64(i / 8)} }},
		"the runs of L0 rise":   {12, func(i int) Point { return Point{OpsPerSec: 9, MemTableBytes: 1, Flushes: int64(i), RunsL0: int64(i)} }},
		"compaction debt rises": {12, func(i int) Point {
			return Point{OpsPerSec: 9, MemTableBytes: 1, Flushes: int64(i), DebtBytes: int64(i) << 20}
		}},
		"0 flushes, of 3":       {12, func(i int) Point { return Point{OpsPerSec: 9, MemTableBytes: int64(i+1) << 16} }},
		"throughput moves by +": {40, func(i int) Point { return Point{OpsPerSec: 100 + 3*float64(i)} }},
	} {
		w := Watch{FlushBytes: 1 << 20, Within: 60}
		for i := range c.points {
			w.Add(c.of(i))
		}
		if got := w.Unsettled(); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A store whose MemTable is not filled in the time that there is waits for no flush, and one
// whose debt goes up and down has settled.
func TestSettled(t *testing.T) {
	for name, of := range map[string]func(i int) Point{
		"few writes": func(i int) Point { return Point{OpsPerSec: 9, MemTableBytes: int64(i) << 10} },
		"a saw": func(i int) Point {
			return Point{OpsPerSec: 9, MemTableBytes: 1 << 20, Flushes: int64(i), DebtBytes: int64(i%4) << 24, RunsL0: int64(i % 4)}
		},
	} {
		w := Watch{FlushBytes: 1 << 20, Within: 60}
		for i := range 16 {
			w.Add(of(i))
		}
		if why := w.Unsettled(); why != "" {
			t.Errorf("%s: %s", name, why)
		}
	}
}

// The rule of a warm-up, judged on simulated ones that are asked at each point: throughput
// falls from three times the level that lasts, over 6 to 20 points, while runs and debt rise,
// as in a store that starts empty. A warm-up ends early if it ends in the first four fifths
// of the transient, and gives up after 60 points.
func TestWatchJudged(t *testing.T) {
	rng := testseed.Rand(t)
	const runs, most = 300, 60
	for _, tells := range []bool{true, false} {
		for _, noise := range noises {
			var early, gaveUp, after int
			for range runs {
				transient := 6 + rng.IntN(15)
				end := endOfWarmUp(rng, noise.make(rng, most), transient, tells)
				switch {
				case end < transient*4/5:
					early++
				case end == most:
					gaveUp++
				default:
					after += end - transient
				}
			}
			t.Logf("engine tells its debt: %-5v %-18s ended early %5.1f%%, gave up %5.1f%%, else %4.1f points after the transient",
				tells, noise.name, 100*float64(early)/runs, 100*float64(gaveUp)/runs, float64(after)/float64(max(1, runs-early-gaveUp)))
			if limit := map[bool]int{true: runs / 20, false: runs / 4}[tells]; early > limit {
				t.Errorf("engine tells its debt: %v, %s: %d of %d warm-ups ended in the transient", tells, noise.name, early, runs)
			}
		}
	}
}

// endOfWarmUp returns the point at which a store has settled, or the number of points.
func endOfWarmUp(rng *rand.Rand, noise []float64, transient int, tells bool) int {
	w := Watch{FlushBytes: 1 << 20, Within: 120}
	for i, e := range noise {
		progress := min(1, float64(i)/float64(transient))
		p := Point{OpsPerSec: 1000 * (3 - 2*progress) * math.Max(0, 1+e)}
		if tells {
			p.MemTableBytes, p.Flushes = 1<<19+rng.Int64N(1<<19), int64(i)
			p.RunsL0 = int64(8*progress) + rng.Int64N(3)
			p.DebtBytes = int64(20e6*progress) + rng.Int64N(4e6)
		}
		w.Add(p)
		if w.Unsettled() == "" {
			return i
		}
	}
	return len(noise)
}
