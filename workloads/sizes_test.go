package workloads

import (
	"errors"
	"math"
	"slices"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
	"lsmlab/workloads/dist"
)

// farFrom is the Kolmogorov-Smirnov distance of integer draws from a distribution
// function, of which cdf(x) is the probability of at most x.
func farFrom(draws []int, cdf func(x int) float64) (d float64) {
	slices.Sort(draws)
	n := float64(len(draws))
	for i := 0; i < len(draws); {
		v, first := draws[i], i
		for i < len(draws) && draws[i] == v {
			i++
		}
		d = max(d, math.Abs(float64(i)/n-cdf(v)), math.Abs(float64(first)/n-cdf(v-1)))
	}
	return d
}

// tooFar is the distance that n draws of the right distribution exceed with probability
// 1e-9 (Massart 1990).
func tooFar(n int) float64 { return math.Sqrt(math.Log(2/1e-9) / (2 * float64(n))) }

// TestSizes: sizes are those of the closed forms. The Pareto cases are db_bench's of
// values, with its limit where a draw is taken modulo, and an exponential one.
func TestSizes(t *testing.T) {
	seed := testseed.New(t)
	pareto := func(z Sizes) func(int) float64 { // of draws rounded down and folded at Max
		below := func(x float64) float64 {
			if x <= z.Theta {
				return 0
			}
			if z.K == 0 {
				return 1 - math.Exp(-(x-z.Theta)/z.Sigma)
			}
			return 1 - math.Pow(1+z.K*(x-z.Theta)/z.Sigma, -1/z.K)
		}
		return func(x int) float64 {
			if x < z.Min {
				return 0
			}
			if x >= z.Max {
				return 1
			}
			sum := below(float64(x + 1))
			for m := 1; m < 1000; m++ {
				at := float64(m * z.Max)
				sum += below(at+float64(x+1)) - below(at)
			}
			return sum
		}
	}
	uniform := func(z Sizes) func(int) float64 {
		return func(x int) float64 {
			return min(1, max(0, float64(x-z.Min+1)/float64(z.Max-z.Min+1)))
		}
	}
	for i, c := range []struct {
		sizes Sizes
		cdf   func(Sizes) func(int) float64
	}{
		{Sizes{Distribution: SizesPareto, K: 0.2615, Sigma: 25.45, Max: 1024}, pareto},
		{Sizes{Distribution: SizesPareto, K: 0.2615, Sigma: 25.45, Max: 100}, pareto},
		{Sizes{Distribution: SizesPareto, Sigma: 300, Theta: 16, Min: 20, Max: 5000}, pareto},
		{Sizes{Distribution: SizesUniform, Min: 7, Max: 300}, uniform},
	} {
		const n = 200_000
		src := dist.NewSource(seed, uint64(i))
		draws, sum := make([]int, n), 0
		for j := range draws {
			draws[j] = c.sizes.draw(&src)
			sum += draws[j]
		}
		if d := farFrom(draws, c.cdf(c.sizes)); d > tooFar(n) {
			t.Errorf("%+v: %v from the closed form, at most %v", c.sizes, d, tooFar(n))
		}
		if got, want := float64(c.sizes.mean()), float64(sum)/n; math.Abs(got-want) > 1+0.05*want {
			t.Errorf("%+v: says mean %v, draws have %v", c.sizes, got, want)
		}
		wrong := c.sizes
		wrong.Max = c.sizes.Max * 9 / 10
		wrong.Sigma *= 1.1
		if d := farFrom(draws, c.cdf(wrong)); d <= tooFar(n) {
			t.Errorf("%+v: draws of it pass for %+v", c.sizes, wrong)
		}
	}
}

// TestSizeOutOfRange: a value that no draw can have is wrong.
func TestSizeOutOfRange(t *testing.T) {
	w := mustNew(t, Spec{Workload: "mix", Mix: map[string]float64{"get": 1}, Keys: 1, ValueSizes: &Sizes{Distribution: SizesUniform, Min: 20, Max: 30}})
	for _, size := range []int{19, 31} {
		m := newModel()
		var b kv.Batch
		b.Set(w.Keys().Append(nil, 0), AppendValue(nil, 0, 0, size, 0))
		if err := m.Apply(&b, kv.Volatile); err != nil {
			t.Fatal(err)
		}
		s, op := w.Stream(0), Op{}
		s.Next(&op)
		if err := NewExecutor(w, m, kv.Volatile).Do(&op); !errors.Is(err, ErrWrongValue) {
			t.Errorf("a value of %d bytes: error %v", size, err)
		}
	}
}

// TestPreloadSizes: sizes of preloaded values do not depend on how the preload is divided.
func TestPreloadSizes(t *testing.T) {
	w := mustNew(t, Spec{Workload: "mixgraph-all-dist", Keys: 500, Seed: testseed.New(t)})
	stored := func(parts int) map[string]string {
		m := newModel()
		for i := range parts {
			if err := drain(w.PreloadStream(i, parts), NewExecutor(w, m, kv.Volatile), nil); err != nil {
				t.Fatal(err)
			}
		}
		return m.data
	}
	one, three := stored(1), stored(3)
	for key, value := range one {
		if three[key] != value {
			t.Fatalf("key %q differs", key)
		}
	}
	if len(one) != 500 || len(three) != 500 {
		t.Errorf("%d and %d keys, want 500", len(one), len(three))
	}
}
