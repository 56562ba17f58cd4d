package bloom

import (
	"math"
	"math/rand/v2"
	"testing"
)

func hashes(tb testing.TB, rng *rand.Rand, n int) *Hashes {
	h := new(Hashes)
	tb.Cleanup(h.Release)
	h.Add(0)
	h.Release()
	for range n {
		h.Add(rng.Uint64())
	}
	return h
}

// theory is the false positive rate of a filter whose keys fall into lines at
// random: that of one line of 512 bits, weighted by the Poisson distribution of
// keys in a line.
func theory(keys, bitsPerKey int) float64 {
	lines := math.Ceil(float64(keys*bitsPerKey) / 512)
	mean := float64(keys) / lines
	probes := float64(probesFor(bitsPerKey))
	rate, p := 0.0, math.Exp(-mean)
	for j := 1; j < 1000; j++ {
		p *= mean / float64(j)
		rate += p * math.Pow(1-math.Pow(1-1.0/512, probes*float64(j)), probes)
	}
	return rate
}

func TestFalsePositivesAgreeWithTheory(t *testing.T) {
	const keys, asked = 100_000, 1_000_000
	for _, bits := range []int{4, 10, 16} {
		rng := rand.New(rand.NewPCG(7, uint64(bits)))
		in := hashes(t, rng, keys)
		f, ok := Open(Append(nil, in, bits))
		if !ok {
			t.Fatal("own filter refused")
		}
		for h := range in.all {
			if !f.MayContain(h) {
				t.Fatalf("%d bits: lost hash %x", bits, h)
			}
		}
		positive := 0
		for range asked {
			if f.MayContain(rng.Uint64()) {
				positive++
			}
		}
		got, want := float64(positive)/asked, theory(keys, bits)
		t.Logf("%d bits a key: %.4f%% false positives, theory %.4f%%", bits, got*100, want*100)
		// Above theory by up to a third: bits of a line come from 32 hash bits.
		if got < want*0.8 || got > want*1.35 {
			t.Errorf("%d bits a key: rate %.5f, theory %.5f", bits, got, want)
		}
	}
}

func TestSmallAndEmpty(t *testing.T) {
	if !(Filter{}).MayContain(1) {
		t.Error("the zero filter must say maybe")
	}
	f, ok := Open(Append(nil, new(Hashes), 10))
	if !ok || f.MayContain(12345) {
		t.Error("a filter of nothing must say no", ok)
	}
}

func TestOpenRefusesDamage(t *testing.T) {
	good := Append(nil, hashes(t, rand.New(rand.NewPCG(1, 1)), 3), 10)
	for n := range good {
		if _, ok := Open(good[:n]); ok {
			t.Errorf("accepted %d of %d bytes", n, len(good))
		}
	}
	for _, at := range []int{0, 1, 4, 5, 7} {
		bad := append([]byte(nil), good...)
		bad[at] ^= 0xff
		if _, ok := Open(bad); ok {
			t.Errorf("accepted a flipped byte %d", at)
		}
	}
}

func BenchmarkMayContain(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	f, _ := Open(Append(nil, hashes(b, rng, 1<<20), 10))
	for b.Loop() {
		f.MayContain(rng.Uint64())
	}
}
