package steady

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"lsmlab/engines/testseed"
)

func line(n int, of func(i int) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = of(i)
	}
	return out
}

// A line has its own slope; a stall moves it little; a constant has none.
func TestDriftOf(t *testing.T) {
	if d := driftOf(line(15, func(i int) float64 { return 100 + 2*float64(i) })); d.Change != 28 || d.Lo != 28 || d.Hi != 28 || d.Level != 114 {
		t.Errorf("a line: %+v", d)
	}
	stalled := driftOf(line(15, func(i int) float64 {
		if i > 11 {
			return 0
		}
		return 100 + float64(i%2)
	}))
	if stalled.exceeds(10) {
		t.Errorf("a stall at the end counts as drift: %+v", stalled)
	}
	if d := driftOf(line(300, func(int) float64 { return 7e9 })); d.Change != 0 || d.Lo != 0 || d.Hi != 0 {
		t.Errorf("a constant: %+v", d)
	}
	if d := driftOf(line(minWindows-1, func(i int) float64 { return float64(i) })); !math.IsInf(d.Hi, 1) || d.exceeds(0) {
		t.Errorf("too few points have an interval: %+v", d)
	}
	if d := driftOf(nil); d.Level != 0 || d.exceeds(0) {
		t.Errorf("nothing: %+v", d)
	}
}

// Turned around in time, or upside down, a series drifts the other way; a level that is
// added changes nothing.
func TestDriftTurnsWithTheSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(-1000, 1000).Draw(t, "v")) }), 8, 20).Draw(t, "series")
		d := driftOf(v)
		minus := driftOf(line(len(v), func(i int) float64 { return -v[i] }))
		raised := driftOf(line(len(v), func(i int) float64 { return v[i] + 4096 }))
		if math.Abs(minus.Change+d.Change) > 1e-6 || math.Abs(raised.Change-d.Change) > 1e-6 || d.Lo > d.Change || d.Hi < d.Change {
			t.Errorf("%v: %+v, negative %+v, raised %+v", v, d, minus, raised)
		}
	})
}

// noise is what a simulated series adds to its level, as a share of it.
type noise struct {
	name string
	make func(rng *rand.Rand, n int) []float64
}

// noises are those of real cells: independent, dependent from one interval to the next,
// with the saw of compactions, and with stalls.
var noises = []noise{
	{"independent, 10%", func(rng *rand.Rand, n int) []float64 {
		return line(n, func(int) float64 { return 0.1 * rng.NormFloat64() })
	}},
	{"AR(1) 0.5, 10%", func(rng *rand.Rand, n int) []float64 { return autoregressive(rng, n, 0.5, 0.1) }},
	{"AR(1) 0.8, 10%", func(rng *rand.Rand, n int) []float64 { return autoregressive(rng, n, 0.8, 0.1) }},
	{"saw of 30%", func(rng *rand.Rand, n int) []float64 {
		period, phase := 2+rng.Float64()*4, rng.Float64()
		return line(n, func(i int) float64 {
			_, f := math.Modf(float64(i)/period + phase)
			return 0.3*(f-0.5) + 0.05*rng.NormFloat64()
		})
	}},
	{"stalls", func(rng *rand.Rand, n int) []float64 {
		return line(n, func(int) float64 {
			if rng.IntN(10) == 0 {
				return -0.9
			}
			return 0.05 * rng.NormFloat64()
		})
	}},
}

func autoregressive(rng *rand.Rand, n int, phi, sd float64) []float64 {
	last := sd * rng.NormFloat64()
	return line(n, func(int) float64 {
		last = phi*last + sd*math.Sqrt(1-phi*phi)*rng.NormFloat64()
		return last
	})
}

// shapes are what the level of a series does over x in [0, 1).
var shapes = []struct {
	name  string
	level func(x float64) float64
}{
	{"flat", func(float64) float64 { return 1 }},
	{"falls 60%, all along", func(x float64) float64 { return 1 - 0.6*x }},
	{"falls 60% at half", func(x float64) float64 { return 1 - 0.6*math.Round(x) }},
	{"rises 100%, all along", func(x float64) float64 { return 1 + x }},
	{"burst in the first third", func(x float64) float64 {
		if x < 0.33 {
			return 3
		}
		return 1
	}},
}

// The test of a measured part, judged on simulated series of the length of the default
// plan and of longer ones: how often it calls a flat one drifting, and how often it sees a
// change. The share printed for "flat" are false alarms, for the others what is found.
func TestDriftJudged(t *testing.T) {
	rng := testseed.Rand(t)
	const runs = 400
	for _, n := range []int{12, 30, 100} {
		for _, shape := range shapes {
			for _, noise := range noises {
				found := 0
				for range runs {
					e := noise.make(rng, n)
					if _, moved := moved(line(n, func(i int) float64 { return shape.level(float64(i)/float64(n)) * (1 + e[i]) }), partTolerance); moved {
						found++
					}
				}
				share := float64(found) / runs
				t.Logf("%3d points, %-24s %-18s drift found in %5.1f%%", n, shape.name, noise.name, 100*share)
				if shape.name == "flat" && share > 0.10 {
					t.Errorf("%d points, %s: %.1f%% false alarms", n, noise.name, 100*share)
				}
			}
		}
	}
}
