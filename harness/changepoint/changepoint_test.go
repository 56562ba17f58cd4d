package changepoint

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lsmlab/engines/testseed"
)

// noise returns n values without a change: logarithms of throughputs with a spread of 2%,
// and a tail as medians of rounds on a shared machine have it: one in ten is up to 10% low.
func noise(rng *rand.Rand, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = 0.02 * rng.NormFloat64()
		if rng.IntN(10) == 0 {
			values[i] -= 0.1 * rng.Float64()
		}
	}
	return values
}

// step multiplies the values from an index on.
func step(logs []float64, at int, factor float64) {
	for i := at; i < len(logs); i++ {
		logs[i] += math.Log(factor)
	}
}

// Series without a change show one at the level, 5%, whatever their length: of 600, a
// binomial count with a mean of 30 and a standard deviation of 5.3. The limits allow for
// six.
func TestFalseAlarms(t *testing.T) {
	rng := testseed.Rand(t)
	for _, length := range []int{8, 12, 25, 50} {
		const series = 600
		alarms := 0
		for range series {
			if len(Find(noise(rng, length), 0.05, 1)) > 0 {
				alarms++
			}
		}
		t.Logf("%d values: %d of %d series without a change show one", length, alarms, series)
		if alarms > 62 || alarms < 1 {
			t.Errorf("%d values: %d of %d series without a change show one", length, alarms, series)
		}
	}
}

// A step of 5% to 20% either way, in the middle three fifths of 30 values, is found at its
// place or one beside it. Of 2,000 series of each size, a step of 5% was found in 92% and
// placed in 80%, one of 10% in all but one and placed in 99%, one of 20% placed in all. The limits allow for six standard deviations.
func TestStepIsFound(t *testing.T) {
	const series, length = 50, 30
	rng := testseed.Rand(t)
	for _, c := range []struct {
		factor      float64
		found, near int
	}{{0.95, 34, 22}, {1.05, 34, 22}, {0.90, 47, 41}, {1.20, 48, 46}} {
		found, near := 0, 0
		for range series {
			values := noise(rng, length)
			at := length/5 + rng.IntN(3*length/5+1)
			step(values, at, c.factor)
			if changes := Find(values, 0.05, 1); len(changes) > 0 {
				found++
				if d := changes[0].At - at; -1 <= d && d <= 1 {
					near++
				}
			}
		}
		t.Logf("times %.2f: found in %d of %d, at the place or beside it in %d", c.factor, found, series, near)
		if found < c.found || near < c.near {
			t.Errorf("times %.2f: found in %d of %d, at the place or beside it in %d", c.factor, found, series, near)
		}
	}
}

// Several changes of one series are all found, also those that cancel each other, in the
// order of their size and with exact places where the noise is small. They are the same
// in every call, and the values are left as they are.
func TestSeveralChanges(t *testing.T) {
	rng := testseed.Rand(t)
	values := make([]float64, 40)
	for i := range values {
		values[i] = 0.002 * rng.NormFloat64()
	}
	step(values, 10, 1.10)
	step(values, 22, 0.80)
	step(values, 31, 1/(1.10*0.80))
	before := slices.Clone(values)
	changes := Find(values, 0.01, 1)
	var places []int
	for _, c := range Sorted(changes) {
		places = append(places, c.At)
	}
	if want := []int{10, 22, 31}; len(places) < 3 || !slices.Equal(places, want) && len(places) == 3 {
		t.Errorf("changes at %v, want %v", places, want)
	}
	if again := Find(values, 0.01, 1); !slices.Equal(again, changes) || !slices.Equal(values, before) {
		t.Errorf("%v, and again %v", changes, again)
	}
}

// A loss that is mended, by far the most usual pair of changes, is found as two, although
// the values before and after are the same.
func TestMended(t *testing.T) {
	rng := testseed.Rand(t)
	for _, length := range []int{4, 8, 12} {
		values := make([]float64, 24)
		for i := range values {
			values[i] = 0.002 * rng.NormFloat64()
		}
		step(values, 8, 0.9)
		step(values, 8+length, 1/0.9)
		found := map[int]bool{}
		for _, c := range Find(values, 0.05, 1) {
			found[c.At] = true
		}
		if !found[8] || !found[8+length] {
			t.Errorf("%d values are low: changes at %v", length, found)
		}
	}
}

// In a large family fewer changes are shown, all are told, and P is fine enough for the
// level: of 24 values, half of them apart, a change counts among 1,000 series.
func TestFamily(t *testing.T) {
	apart := slices.Concat(make([]float64, 12), slices.Repeat([]float64{1}, 12))
	if c := Find(apart, 0.05, 1000); len(c) != 1 || !c[0].Shown {
		t.Errorf("24 values in a family of 1,000: %v", c)
	}
	if c := Find(slices.Concat(apart[8:12], apart[12:16]), 0.05, 10); len(c) != 1 || c[0].Shown {
		t.Errorf("8 values in a family of 10: %v", c)
	}
}

// The fewest values of which a change can be told are [MinValues]; equal values, one
// outlier and no values show none.
func TestFewValues(t *testing.T) {
	apart := func(n, m int) []float64 { return slices.Concat(make([]float64, n), slices.Repeat([]float64{1}, m)) }
	for _, c := range []struct {
		values []float64
		want   int
	}{
		{nil, 0},
		{apart(1, 0), 0},
		{apart(2, 1), 0},
		{apart(50, 0), 0},
		{apart(30, 1), 0},
		{apart(MinValues/2-1, MinValues/2), 0},
		{apart(MinValues/2, MinValues/2), 1},
		{apart(18, 2), 1},
	} {
		changes := Find(c.values, 0.05, 1)
		if len(changes) != c.want || c.want == 1 && c.values[changes[0].At] == c.values[changes[0].At-1] {
			t.Errorf("%v: %v", c.values, changes)
		}
	}
}

// The divergence that is kept up while values move between the parts is that of the
// definition.
func TestDivergence(t *testing.T) {
	rng := testseed.Rand(t)
	mean := func(a, b []float64) float64 {
		sum, pairs := 0.0, 0.0
		for i, x := range a {
			for k, y := range b {
				if &a[0] != &b[0] || i < k {
					sum, pairs = sum+math.Abs(x-y), pairs+1
				}
			}
		}
		return sum / pairs
	}
	for range 200 {
		values := noise(rng, 2+rng.IntN(20))
		want, where := 0.0, 0
		for i := MinSegment; i <= len(values)-MinSegment; i++ {
			for k := i + MinSegment; k <= len(values); k++ {
				a, b := values[:i], values[i:k]
				n, m := float64(len(a)), float64(len(b))
				if d := n * m / (n + m) * (2*mean(a, b) - mean(a, a) - mean(b, b)); d > want {
					want, where = d, i
				}
			}
		}
		if got, at := new(test).divideOne(values); math.Abs(got-want) > 1e-9 || at != where {
			t.Errorf("%v: %v at %d, want %v at %d", values, got, at, want, where)
		}
	}
}
