package goycsb

import (
	"math"
	"math/rand"
	"testing"

	"github.com/pingcap/go-ycsb/pkg/generator"
	"github.com/pingcap/go-ycsb/pkg/util"

	"lsmlab/engines/testseed"
	"lsmlab/workloads/dist"
)

// items is the number of keys. It is a prime, so that an index depends on all bits of a
// hash: the low bits of FNV-1a alone are not even.
const items = 65_521

// pair is one of our distributions and the same one of go-ycsb.
type pair struct {
	name   string // of dist
	theirs func(*rand.Rand) func() uint64
	hashed bool    // compare ranks of popularity, see ranks
	bias   float64 // known distance of their distribution from the one that both mean
}

func pairs() []pair {
	return []pair{
		{name: dist.NameUniform, theirs: func(r *rand.Rand) func() uint64 {
			g := generator.NewUniform(0, items-1)
			return func() uint64 { return uint64(g.Next(r)) }
		}},
		{name: dist.NameZipfianOrdered, bias: grayBias(items), theirs: func(r *rand.Rand) func() uint64 {
			g := generator.NewZipfianWithItems(items, dist.YCSBTheta)
			return func() uint64 { return uint64(g.Next(r)) }
		}},
		{name: dist.NameZipfian, hashed: true, bias: grayBias(scrambledItems), theirs: func(r *rand.Rand) func() uint64 {
			g := generator.NewScrambledZipfian(0, items-1, dist.YCSBTheta)
			return func() uint64 { return uint64(g.Next(r)) }
		}},
		{name: dist.NameLatest, bias: grayBias(items), theirs: theirLatest},
		{name: dist.NameHotspot, theirs: func(r *rand.Rand) func() uint64 {
			g := generator.NewHotspot(0, items-1, 0.2, 0.8)
			return func() uint64 { return uint64(g.Next(r)) }
		}},
		{name: dist.NameExponential, theirs: theirExponential},
	}
}

// theirLatest counts the newest key as items; its indices are one above ours.
func theirLatest(r *rand.Rand) func() uint64 {
	basis := generator.NewCounter(0)
	for range items + 1 {
		basis.Next(r)
	}
	g := generator.NewSkewedLatest(basis)
	return func() uint64 { return uint64(g.Next(r)) - 1 }
}

// theirExponential is the draw of their core workload: from the newest key backwards,
// repeated while there is no such key.
func theirExponential(r *rand.Rand) func() uint64 {
	g := generator.NewExponential(95, items*0.8571428571)
	return func() uint64 {
		for {
			if back := g.Next(r); back < items {
				return uint64(items - 1 - back)
			}
		}
	}
}

// TestAgainstGoYCSB: our distributions are those of go-ycsb.
func TestAgainstGoYCSB(t *testing.T) {
	seed := testseed.New(t)
	for i, p := range pairs() {
		ours := p.ours(draw(t, p.name, items, 0, seed+uint64(i)))
		theirs := p.sampleTheirs(seed + uint64(i))
		d := distance(ours, theirs)
		t.Logf("%s: %.5f apart, at most %.5f, of which %.5f is the known bias of theirs", p.name, d, apart(p.bias), p.bias)
		if d > apart(p.bias) {
			t.Errorf("%s: %v apart from go-ycsb's, at most %v", p.name, d, apart(p.bias))
		}
	}
}

// TestBrokenIsCaught: what a wrong generator would draw is told apart from go-ycsb's
// draws: another skew, another number of keys, indices that are off by one or in the
// wrong direction.
func TestBrokenIsCaught(t *testing.T) {
	seed := testseed.New(t)
	for i, p := range pairs() {
		theirs := p.sampleTheirs(seed + uint64(i))
		for fault, broken := range broken(t, p, seed+uint64(i)) {
			if d := distance(p.ours(broken), theirs); d <= apart(p.bias) {
				t.Errorf("%s with %s: only %v apart from go-ycsb's, more than %v wanted", p.name, fault, d, apart(p.bias))
			}
		}
	}
}

// broken returns generators that are p's, each with one fault.
func broken(t *testing.T, p pair, seed uint64) map[string]func() uint64 {
	right := draw(t, p.name, items, 0, seed)
	faults := map[string]func() uint64{"half the keys": draw(t, p.name, items/2, 0, seed)}
	if dist.Skewed(p.name) {
		faults["skew 0.9"] = draw(t, p.name, items, 0.9, seed)
	}
	if p.bias > 0 {
		faults["indices off by one"] = func() uint64 { return (right() + 1) % items }
	}
	if p.name != dist.NameUniform {
		faults["the order reversed"] = func() uint64 { return items - 1 - right() }
	}
	if p.hashed {
		faults["no hash"] = draw(t, dist.NameZipfianOrdered, items, 0, seed)
	}
	return faults
}

// draw returns the draws of one of our generators; theta 0 is YCSB's.
func draw(t *testing.T, name string, n uint64, theta float64, seed uint64) func() uint64 {
	g, err := dist.New(name, n, theta, dist.NewSource(seed, 0))
	if err != nil {
		t.Fatal(err)
	}
	return g.Next
}

// ours samples one of our generators.
func (p pair) ours(next func() uint64) []uint64 {
	if p.hashed {
		next = ranked(next, dist.Hash)
	}
	return sample(next)
}

// sampleTheirs samples the generator of go-ycsb.
func (p pair) sampleTheirs(seed uint64) []uint64 {
	next := p.theirs(rand.New(rand.NewSource(int64(seed))))
	if p.hashed {
		next = ranked(next, func(item uint64) uint64 { return uint64(util.Hash64(int64(item))) })
	}
	return sample(next)
}

// ranked replaces each index by the most popular item that hash sends there, of the
// first head items. go-ycsb hashes the bytes of an item in the other order than YCSB and
// we do, so equally popular keys have different indices, and only their popularity can
// be compared. Further down it depends on the hash which items share an index; all of
// those are one value.
func ranked(next func() uint64, hash func(item uint64) uint64) func() uint64 {
	const head = 1000
	rank := make([]uint64, items)
	for i := range rank {
		rank[i] = head
	}
	for item := uint64(head); item > 0; item-- {
		rank[hash(item-1)%items] = item - 1
	}
	return func() uint64 { return rank[next()%items] }
}

// scrambledItems is the number of items below the hash.
const scrambledItems = 10_000_000_000

// grayBias returns the largest difference between the zipfian distribution over n items
// and what the method of Gray et al. draws, which go-ycsb uses. The method is exact for
// the first two items only. Beyond the first 10,000 items, where sums are integrals to
// within 10^-4, the difference only shrinks.
func grayBias(n float64) (bias float64) {
	const theta = dist.YCSBTheta
	zeta := zetaOf(n, theta)
	two := 1 + math.Pow(2, -theta)
	eta := (1 - math.Pow(2/n, 1-theta)) / (1 - two/zeta)
	below := 0.0
	for k := 1.0; k <= 10_000; k++ {
		below += math.Pow(k, -theta) / zeta // of the first k items
		if k >= 2 {
			u := 1 + (math.Pow(k/n, 1-theta)-1)/eta // n (eta u - eta + 1)^(1/(1-theta)) = k
			bias = max(bias, math.Abs(math.Max(u, two/zeta)-below))
		}
	}
	return bias
}

// zetaOf sums k^-theta up to n: the first terms one by one, and the rest by the formula
// of Euler and Maclaurin.
func zetaOf(n, theta float64) (sum float64) {
	const first = 10_000
	for k := 1.0; k <= math.Min(n, first); k++ {
		sum += math.Pow(k, -theta)
	}
	if n > first {
		integral := (math.Pow(n, 1-theta) - math.Pow(first, 1-theta)) / (1 - theta)
		sum += integral + (math.Pow(n, -theta)-math.Pow(first, -theta))/2
	}
	return sum
}
