package dist

import (
	"math"
	"testing"

	"lsmlab/engines/testseed"
)

// TestNearSorted: every order is a permutation; the fraction k of the indices is out of
// place, and none by more than l*n.
func TestNearSorted(t *testing.T) {
	seed := testseed.New(t)
	for i, c := range []struct {
		n    uint64
		k, l float64
	}{
		{1, 1, 1}, {2, 1, 1}, {1000, 0, 1}, {1000, 1, 0}, {4096, 1, 1}, {100_000, 0.1, 0.05}, {99_991, 0.5, 0.001}, {65_537, 0.9, 0.3},
	} {
		g := NewNearSorted(c.n, 0, c.k, c.l, NewSource(seed, uint64(i)))
		seen := make([]bool, c.n)
		var away, moved uint64
		for place := range c.n {
			index := g.Next()
			if index >= c.n || seen[index] {
				t.Fatalf("%+v: place %d has index %d, out of range or again", c, place, index)
			}
			seen[index] = true
			if far := max(index, place) - min(index, place); far > 0 {
				moved, away = moved+1, max(away, far)
			}
		}
		if float64(away) > c.l*float64(c.n) {
			t.Errorf("%+v: an index is %d places away", c, away)
		}
		want := c.k * float64(c.n)
		if c.n < 1000 || c.l*float64(c.n) < 1 {
			continue // too few for a statistic, or nothing can move
		}
		// Pairs are independent: six standard deviations of n/2 pairs, two indices each; in the
		// last window, which may be cut, some have no partner.
		slack := 6*math.Sqrt(2*want*(1-c.k)+1) + c.k*c.l*float64(c.n)
		if math.Abs(float64(moved)-want) > slack {
			t.Errorf("%+v: %d indices are out of place, want %.0f +- %.0f", c, moved, want, slack)
		}
	}
}

// TestMixgraph: the key ranges have the shares of the two-term exponential model, and the
// ranks of keys those of the power model.
func TestMixgraph(t *testing.T) {
	const n, draws = 3_000_000, 400_000
	seed := testseed.New(t)
	six := func(p float64) float64 { return 6*math.Sqrt(p*(1-p)/draws) + 1e-9 }

	var weight [mixgraphRanges]float64
	var sum float64
	for i := range weight {
		x := float64(i + 1)
		weight[i] = 14.18*math.Exp(-2.917*x) + 0.0164*math.Exp(-0.08082*x)
		sum += weight[i]
	}
	for _, skewed := range []bool{false, true} {
		g := NewMixgraph(n, true, skewed, NewSource(seed, 0)).(*mixgraph)
		counts := map[uint64]float64{}
		for range draws {
			counts[g.Next()/(n/mixgraphRanges)]++
		}
		for i := range weight {
			p := weight[i] / sum
			if got := counts[g.order.at(uint64(i))] / draws; math.Abs(got-p) > six(p) {
				t.Errorf("skewed %v: range %d has share %v, want %v", skewed, i, got, p)
			}
		}
	}

	// The most popular keys: rank 0 is every rank below 1.
	g := NewMixgraph(n, false, true, NewSource(seed, 1))
	counts := map[uint64]float64{}
	for range draws {
		counts[g.Next()]++
	}
	below := func(x float64) float64 { return 0.002312 * math.Pow(x, 0.3467) }
	for rank := range uint64(20) {
		p := below(float64(rank+1)) - below(float64(rank))
		// Ranks far down share the key: less than 1/n each of the draws, some of them together.
		if got := counts[mix(rank+golden)%n] / draws; math.Abs(got-p) > six(p)+1e-4 {
			t.Errorf("rank %d has share %v, want %v", rank, got, p)
		}
	}
	if top := counts[mix(golden)%n] / draws; top < 0.001 {
		t.Errorf("the most popular key has share %v", top)
	}
}
