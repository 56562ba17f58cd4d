package dist

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func mustNew(tb testing.TB, name string, n, seed uint64) Generator {
	tb.Helper()
	g, err := New(name, n, 0, NewSource(seed, 0))
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// TestGolden pins the first 20 draws of every distribution: a changed stream makes
// old results incomparable and has to be meant.
func TestGolden(t *testing.T) {
	for _, name := range Names {
		g := mustNew(t, name, 1_000_000, 1)
		var got bytes.Buffer
		for range 20 {
			fmt.Fprintln(&got, g.Next())
		}
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: draws differ from %s; if meant, run go test -run Golden -update\ngot:\n%s", name, path, got.Bytes())
		}
	}
}

// TestStreams: one (seed, stream) pair gives one sequence; another seed or stream,
// also a neighbour, gives another. 100 equal draws of a million keys by chance
// have probability below 10^-99 for every distribution but sequential.
func TestStreams(t *testing.T) {
	draw := func(name string, seed, stream uint64) string {
		g, err := New(name, 1_000_000, 0, NewSource(seed, stream))
		if err != nil {
			t.Fatal(err)
		}
		var b []byte
		for range 100 {
			b = binary.LittleEndian.AppendUint64(b, g.Next())
		}
		return string(b)
	}
	for _, name := range Names {
		if name == NameSequential {
			continue
		}
		seen := map[string]string{}
		for seed := range uint64(4) {
			for stream := range uint64(16) {
				id := fmt.Sprintf("%s seed %d stream %d", name, seed, stream)
				d := draw(name, seed, stream)
				if d != draw(name, seed, stream) {
					t.Errorf("%s: two runs differ", id)
				}
				if other, ok := seen[d]; ok {
					t.Errorf("%s and %s are equal", id, other)
				}
				seen[d] = id
			}
		}
	}
}

// TestStreamsIndependent: pairs of first draws of neighbouring streams fill a
// 16 x 16 grid evenly (chi-square, level 0.001).
func TestStreamsIndependent(t *testing.T) {
	counts := make([]int, 256)
	for stream := range uint64(100_000) {
		a, b := NewSource(1, stream), NewSource(1, stream+1)
		counts[a.Below(16)*16+b.Below(16)]++
	}
	chiSquare(t, counts, uniformMass(256))
}

func TestSequential(t *testing.T) {
	g := NewSequential(3, 1)
	for i, want := range []uint64{1, 2, 0, 1} {
		if got := g.Next(); got != want {
			t.Errorf("draw %d is %d, want %d", i, got, want)
		}
	}
	g.Resize(2)
	if got := g.Next(); got != 0 {
		t.Errorf("after Resize(2): %d, want 0", got)
	}
}

func TestNewErrors(t *testing.T) {
	if _, err := New("zipf", 10, 0, Source{}); err == nil {
		t.Error("unknown name: no error")
	}
	if _, err := New(NameUniform, 0, 0, Source{}); err == nil {
		t.Error("no keys: no error")
	}
}

// TestNoAllocations: Next allocates nothing, and growth only now and then.
func TestNoAllocations(t *testing.T) {
	for _, name := range Names {
		g := mustNew(t, name, 1000, 1)
		if n := testing.AllocsPerRun(1000, func() { g.Next() }); n != 0 {
			t.Errorf("%s: %v allocations a draw", name, n)
		}
	}
}

// TestHash compares with the standard library's FNV-1a.
func TestHash(t *testing.T) {
	src := NewSource(5, 0)
	for i := range uint64(10_000) {
		v := src.Uint64() >> (i % 64)
		h := fnv.New64a()
		h.Write(binary.LittleEndian.AppendUint64(nil, v))
		if got, want := Hash(v), h.Sum64(); got != want || v>>40 == 0 && hash40(v) != want {
			t.Fatalf("Hash(%#x) = %#x, want %#x", v, got, want)
		}
	}
}

// TestScrambledModulo compares the division-free remainder with %.
func TestScrambledModulo(t *testing.T) {
	src := NewSource(6, 0)
	a, b := newScrambled(1000, YCSBTheta, NewSource(7, 0)), newZipfian(scrambledItems, YCSBTheta, NewSource(7, 0))
	for i := range uint64(10_000) {
		n := max(1, src.Uint64()>>(28+i%36))
		a.Resize(n)
		if got, want := a.Next(), Hash(b.Next())%n; got != want {
			t.Fatalf("n = %d: %d, want %d", n, got, want)
		}
	}
}

// TestPermutation: every index once, for all small sizes, and in another order for
// another seed.
func TestPermutation(t *testing.T) {
	for n := uint64(1); n <= 300; n++ {
		p := NewPermutation(n, NewSource(n, 0))
		seen := make([]bool, n)
		for i := range n {
			at := p.at(i)
			if at >= n || seen[at] {
				t.Fatalf("n = %d: position %d gives %d, out of range or twice", n, i, at)
			}
			seen[at] = true
		}
	}
	a, b := NewPermuted(NewPermutation(1<<20, NewSource(1, 0)), 0), NewPermuted(NewPermutation(1<<20, NewSource(2, 0)), 0)
	same, rising, last := 0, 0, uint64(0)
	for range 1000 {
		x := a.Next()
		if x == b.Next() {
			same++
		}
		if x > last {
			rising++
		}
		last = x
	}
	if same > 10 || rising < 400 || rising > 600 {
		t.Errorf("of 1000 positions %d are the same for two seeds and %d rise", same, rising)
	}
}
