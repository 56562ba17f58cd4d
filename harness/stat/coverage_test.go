package stat

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"lsmlab/engines/testseed"
)

// control is one engine raced against itself: the throughput of both sides, by round.
type control struct {
	Engine   string
	Workload string
	Threads  int
	A, B     []float64
}

// controls reads testdata/rounds.json: forty controls of ten rounds, four engines under
// five workloads with one and two threads, recorded on two cores of an AMD EPYC while
// other jobs ran, with cells of half a second: residuals as bad as they come. The spread
// of a side is a factor of 2.5 (one standard deviation), and the two sides of a round have
// a correlation of 0.7. The command was
//
//	lsmlab bench --engines lsm-skiplist,lsm-skiplist@again,lsm-bptree,lsm-bptree@again,\
//	  pebble,pebble@again,goleveldb,goleveldb@again --threads 1,2 --rounds 10 \
//	  --workloads fillrandom,readrandom,readwhilewriting,ycsb-a,ycsb-e \
//	  --keys 20000 --duration 500ms --seed 17
func controls(t *testing.T) (all []control) {
	t.Helper()
	b, err := os.ReadFile("testdata/rounds.json")
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// window returns n consecutive rounds from the given one on. Where swap says so, the two
// sides of a round are exchanged: they are the same engine, so their names mean nothing.
func (c control) window(from, n int, swap func() bool) (a, b map[int]float64) {
	a, b = map[int]float64{}, map[int]float64{}
	for i := from; i < from+n; i++ {
		a[i], b[i] = c.A[i], c.B[i]
		if swap() {
			a[i], b[i] = b[i], a[i]
		}
	}
	return a, b
}

// simulated returns a run of n recorded rounds in which B is truth times A. All share a
// drift, up to a factor of 4 over the run, and a state of the machine with an
// autocorrelation of 0.7 from round to round, beside what the rounds have of both.
func simulated(rng *rand.Rand, all []control, n int, truth float64) (a, b map[int]float64) {
	c := all[rng.IntN(len(all))]
	a, b = c.window(rng.IntN(len(c.A)-n+1), n, func() bool { return rng.IntN(2) == 0 })
	drift, state := rng.Float64()*2*math.Ln2, 0.0
	for i, round := range slices.Sorted(maps.Keys(a)) {
		state = 0.7*state + 0.2*rng.NormFloat64()
		shared := math.Exp(drift*float64(i)/float64(n) + state)
		a[round] *= shared
		b[round] *= shared * truth
	}
	return a, b
}

// The interval within rounds holds the true ratio in 93% to 97% of simulated runs,
// whatever the number of rounds. The limits allow for five standard deviations of the
// count.
func TestCoverageWithinRounds(t *testing.T) {
	const runs = 5000
	all := controls(t)
	rng := testseed.Rand(t)
	for _, n := range []int{3, 4, 5, 6, 7, 8, 10} {
		hits, unpaired := 0, 0
		for range runs {
			a, b := simulated(rng, all, n, 1.1)
			sa, sb := SummarizeRounds(a), SummarizeRounds(b)
			la, lb := logs(sa.Values), logs(sb.Values)
			lo, hi := pairedDifference(withinRounds(sa.Rounds, sb.Rounds, la, lb)).interval()
			if lo <= 1.1 && 1.1 <= hi {
				hits++
			}
			if l, h := welchDifference(la, lb).interval(); h/l < hi/lo {
				unpaired++
			}
		}
		share, noise := float64(hits)/runs, 5*math.Sqrt(0.05*0.95/runs)
		t.Logf("%2d rounds: %.2f%% of intervals hold the true ratio; Welch's interval is narrower in %.0f%%", n, 100*share, 100*float64(unpaired)/runs)
		if share < 0.93-noise || share > 0.97+noise {
			t.Errorf("%d rounds: %.2f%% of intervals hold the true ratio, want 93%% to 97%%", n, 100*share)
		}
		if unpaired > runs/2 {
			t.Errorf("%d rounds: the interval of all rounds is narrower than that within rounds in %d of %d runs", n, unpaired, runs)
		}
	}
}

// Welch's interval, of two runs at different times, holds the true ratio in 93% to 97% of
// simulated runs if no run drifts: rounds are drawn from all controls at random.
func TestCoverageOfTwoRuns(t *testing.T) {
	const runs = 5000
	var residuals []float64
	for _, c := range controls(t) {
		for _, side := range [][]float64{c.A, c.B} {
			mean, _ := moments(logs(side))
			for _, v := range side {
				residuals = append(residuals, math.Log(v)-mean)
			}
		}
	}
	rng := testseed.Rand(t)
	for _, n := range []int{3, 4, 5, 7, 10} {
		draw := func(median float64) []float64 {
			out := make([]float64, n)
			for i := range out {
				out[i] = math.Log(median) + residuals[rng.IntN(len(residuals))]
			}
			return out
		}
		hits := 0
		for range runs {
			if lo, hi := welchDifference(draw(100), draw(110)).interval(); lo <= 1.1 && 1.1 <= hi {
				hits++
			}
		}
		share, noise := float64(hits)/runs, 5*math.Sqrt(0.05*0.95/runs)
		t.Logf("%2d rounds: %.2f%%", n, 100*share)
		if share < 0.93-noise || share > 0.97+noise {
			t.Errorf("%d rounds: %.2f%% of intervals hold the true ratio, want 93%% to 97%%", n, 100*share)
		}
	}
}

// The interval of a median holds it as often as it says, whatever the distribution: here
// Cauchy's, whose median is 0.
func TestCoverageOfMedians(t *testing.T) {
	const runs = 10_000
	rng := testseed.Rand(t)
	for _, n := range []int{3, 5, 7, 10} {
		hits, stated := 0, 0.0
		for range runs {
			values := make([]float64, n)
			for i := range values {
				values[i] = math.Tan(math.Pi * (rng.Float64() - 0.5))
			}
			s := Summarize(values)
			stated = s.Confidence
			if s.Lo <= 0 && 0 <= s.Hi {
				hits++
			}
		}
		if share := float64(hits) / runs; math.Abs(share-stated) > 5*math.Sqrt(stated*(1-stated)/runs) {
			t.Errorf("%d rounds: %.2f%% of intervals hold the median, %.2f%% is stated", n, 100*share, 100*stated)
		}
	}
}

// Of 200 simulated runs of an engine against itself, and of the forty real ones, at most
// 5% are called different: without Holm's correction, so each for itself.
func TestControlsShowNothing(t *testing.T) {
	all := controls(t)
	rng := testseed.Rand(t)
	different := 0
	for range 200 {
		a, b := simulated(rng, all, 5, 1)
		if Compare(SummarizeRounds(a), SummarizeRounds(b)).Resolved() {
			different++
		}
	}
	if different > 10 {
		t.Errorf("%d of 200 simulated controls are called different", different)
	}
	for _, n := range []int{3, 5, 10} {
		different = 0
		for _, c := range all {
			a, b := c.window(0, n, func() bool { return false })
			if Compare(SummarizeRounds(a), SummarizeRounds(b)).Resolved() {
				different++
			}
		}
		t.Logf("%d rounds: %d of %d real controls are called different", n, different, len(all))
		if different > len(all)/20 {
			t.Errorf("%d rounds: %d of %d real controls are called different", n, different, len(all))
		}
	}
}
