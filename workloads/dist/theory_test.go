package dist

import (
	"fmt"
	"math"
	"testing"
)

// chiSquare compares counts of draws with the probabilities of their bins and
// fails at significance level 0.001. Seeds are fixed, so a failure is a change of
// the generator and not bad luck. Neighbouring bins are merged until each
// expects ten draws.
func chiSquare(t *testing.T, counts []int, probability []float64) {
	t.Helper()
	draws := 0
	for _, c := range counts {
		draws += c
	}
	var statistic, expected, found float64
	bins := 0
	flush := func() {
		if expected > 0 {
			statistic += (found - expected) * (found - expected) / expected
			bins++
		}
		expected, found = 0, 0
	}
	for i, p := range probability {
		expected += p * float64(draws)
		found += float64(counts[i])
		if expected >= 10 {
			flush()
		}
	}
	flush()
	if limit := chiSquareLimit(bins - 1); statistic > limit {
		t.Errorf("chi-square %.1f over %d bins of %d draws, at most %.1f at level 0.001", statistic, bins, draws, limit)
	}
}

// chiSquareLimit is the 99.9% quantile by Wilson and Hilferty (1931).
func chiSquareLimit(degrees int) float64 {
	const z = 3.0902
	k := float64(max(degrees, 1))
	return k * math.Pow(1-2/(9*k)+z*math.Sqrt(2/(9*k)), 3)
}

// count draws from g and counts the indices, all of which must be below n.
func count(t *testing.T, g Generator, n, draws int) []int {
	t.Helper()
	counts := make([]int, n)
	for range draws {
		i := g.Next()
		if i >= uint64(n) {
			t.Fatalf("drew %d of [0, %d)", i, n)
		}
		counts[i]++
	}
	return counts
}

func normalise(p []float64) []float64 {
	var sum float64
	for _, x := range p {
		sum += x
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func zipfMass(n int, theta float64) []float64 {
	p := make([]float64, n)
	for i := range p {
		p[i] = math.Pow(float64(i+1), -theta)
	}
	return normalise(p)
}

func reversed(p []float64) []float64 {
	r := make([]float64, len(p))
	for i, x := range p {
		r[len(p)-1-i] = x
	}
	return r
}

func hotspotMass(n, hot int) []float64 {
	p := make([]float64, n)
	for i := range p {
		if p[i] = ycsbHotOps / float64(hot); i >= hot {
			p[i] = (1 - ycsbHotOps) / float64(n-hot)
		}
	}
	return normalise(p)
}

func exponentialMass(n int) []float64 {
	mean := -ycsbExpFraction * float64(n) / math.Log(1-ycsbExpPercentile/100.0)
	p := make([]float64, n)
	for i := range p {
		p[n-1-i] = math.Exp(-float64(i)/mean) - math.Exp(-float64(i+1)/mean)
	}
	return normalise(p)
}

func uniformMass(n int) []float64 { return zipfMass(n, 0) }

// mass is the theory of every random distribution of New over n keys.
func mass(name string, n int) []float64 {
	switch name {
	case NameUniform:
		return uniformMass(n)
	case NameZipfian:
		return scrambledMass(n)
	case NameZipfianOrdered:
		return zipfMass(n, YCSBTheta)
	case NameLatest:
		return reversed(zipfMass(n, YCSBTheta))
	case NameHotspot:
		return hotspotMass(n, max(1, n/5))
	case NameExponential:
		return exponentialMass(n)
	}
	return nil
}

// scrambledMass adds up the items that hash to each key: the first 200,000 one by
// one, the rest, which no hash could favour, evenly.
func scrambledMass(n int) []float64 {
	const head = 200_000
	p := make([]float64, n)
	rest := zeta(scrambledItems, YCSBTheta)
	for i := range uint64(head) {
		w := math.Pow(float64(i+1), -YCSBTheta)
		p[Hash(i)%uint64(n)] += w
		rest -= w
	}
	for i := range p {
		p[i] += rest / float64(n)
	}
	return normalise(p)
}

// zeta is the sum of k^-theta for k = 1..n, by Euler and Maclaurin beyond 1000.
func zeta(n, theta float64) float64 {
	const head = 1000
	var sum float64
	for k := 1.0; k < head; k++ {
		sum += math.Pow(k, -theta)
	}
	f := func(x float64) float64 { return math.Pow(x, -theta) }
	integral := (math.Pow(n, 1-theta) - math.Pow(head, 1-theta)) / (1 - theta)
	return sum + integral + (f(head)+f(n))/2 + theta*(f(head)/head-f(n)/n)/12
}

// TestZeta pins the theory itself: YCSB's ScrambledZipfianGenerator has this sum
// as its constant ZETAN.
func TestZeta(t *testing.T) {
	const zetan = 26.46902820178302
	if z := zeta(scrambledItems, YCSBTheta); math.Abs(z-zetan) > 1e-6 {
		t.Errorf("zeta(10^10, 0.99) = %v, want %v", z, zetan)
	}
}

// TestShapes draws from every distribution and compares with theory by chi-square,
// also after the set of keys has grown from 1 and has shrunk.
func TestShapes(t *testing.T) {
	for _, name := range Names {
		if name == NameSequential {
			continue
		}
		for _, n := range []int{1, 2, 7, 100, 5000} {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				want := mass(name, n)
				g := mustNew(t, name, uint64(n), 11)
				chiSquare(t, count(t, g, n, 100_000), want)

				g = mustNew(t, name, 1, 12)
				for m := 1; m <= n; m++ {
					g.Resize(uint64(m))
					if i := g.Next(); i >= uint64(m) {
						t.Fatalf("drew %d of [0, %d)", i, m)
					}
				}
				chiSquare(t, count(t, g, n, 100_000), want)

				g = mustNew(t, name, uint64(10*n), 13)
				g.Resize(uint64(n))
				chiSquare(t, count(t, g, n, 100_000), want)
			})
		}
	}
}

// TestZipfianThetas covers skews that YCSB's own method cannot give.
func TestZipfianThetas(t *testing.T) {
	for _, theta := range []float64{0, 0.5, 0.9, 1, 1.2, 3} {
		g := newZipfian(3000, theta, NewSource(21, 0))
		chiSquare(t, count(t, g, 3000, 300_000), zipfMass(3000, theta))
	}
}

// TestZipfianWide compares the mass of each doubling of the rank with theory over
// 10^10 items, where strips are hundreds of millions of indices wide.
func TestZipfianWide(t *testing.T) {
	g := newZipfian(scrambledItems, YCSBTheta, NewSource(31, 0))
	const octaves = 34
	counts, want := make([]int, octaves), make([]float64, octaves)
	for range 1_000_000 {
		counts[int(math.Log2(float64(g.Next()+1)))]++
	}
	for i := range want {
		lo, hi := math.Exp2(float64(i))-1, min(math.Exp2(float64(i+1))-1, scrambledItems)
		want[i] = rangeMass(lo, hi)
	}
	chiSquare(t, counts, normalise(want))
}

// rangeMass is the sum of k^-theta for k = lo+1..hi.
func rangeMass(lo, hi float64) float64 {
	if lo > 1000 {
		return zeta(hi, YCSBTheta) - zeta(lo, YCSBTheta)
	}
	var sum float64
	for k := lo + 1; k <= hi; k++ {
		sum += math.Pow(k, -YCSBTheta)
	}
	return sum
}
