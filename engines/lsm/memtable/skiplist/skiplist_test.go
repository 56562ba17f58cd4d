package skiplist

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/memtabletest"
)

func TestMemTable(t *testing.T)      { memtabletest.Run(t, New) }
func FuzzMemTable(f *testing.F)      { memtabletest.Fuzz(f, New) }
func BenchmarkMemTable(b *testing.B) { memtabletest.Bench(b, New) }

// unlucky are tables with choices made badly on purpose. Lessons come early, so
// that small tables go through all epochs, and the index is mostly tiny.
var unlucky = map[string]tuning{
	"a plain list": {height: func(uint64) int { return 1 }, countBits: 64},
	"all at the top": {
		height:    func(uint64) int { return maxHeight },
		countBits: 64,
	},
	"two levels": {
		height:    func(r uint64) int { return 1 + int(r&1) },
		countBits: 0, lessons: []lesson{{3, 3}, {30, 3}},
	},
	"hasty lessons": {
		height:    halving,
		countBits: 0, lessons: []lesson{{2, 3}, {4, 4}, {8, 18}, {20, 3}, {100, 5}, {200, 4}},
	},
	"fickle": {
		height:    halving,
		countBits: 0, lessons: []lesson{{3, 3}, {20, 3}, {70, 4}}, fickle: true,
	},
	"a lesson at each entry": {height: halving, countBits: 0, lessons: everyEntry(300)},
}

func everyEntry(n int64) (ls []lesson) {
	for i := range n {
		ls = append(ls, lesson{i + 1, 3 + int(i%4)})
	}
	return ls
}

func factory(tune tuning) memtable.Factory {
	return func(memtable.Options) memtable.MemTable { return newTable(tune) }
}

// TestUnlucky runs the whole suite on each of them.
func TestUnlucky(t *testing.T) {
	for name, tune := range unlucky {
		t.Run(name, func(t *testing.T) { memtabletest.Run(t, factory(tune)) })
	}
}

func FuzzUnlucky(f *testing.F) { memtabletest.Fuzz(f, factory(unlucky["fickle"])) }

// halving and quartering give each level that share of the level below.
func halving(random uint64) int    { return 1 + bits.TrailingZeros64(random|1<<(maxHeight-1)) }
func quartering(random uint64) int { return 1 + bits.TrailingZeros64(random|1<<(2*12-1))/2 }

// TestHeights checks the share of each level.
func TestHeights(t *testing.T) {
	const n = 1 << 20
	rng := rand.New(rand.NewPCG(1, 2))
	var atLeast [maxHeight + 2]float64
	for range n {
		for h := threeEighths(rng.Uint64()); h > 0; h-- {
			atLeast[h]++
		}
	}
	for h := 2; h <= 6; h++ {
		if share := atLeast[h] / atLeast[h-1]; share < 0.36 || share > 0.39 {
			t.Errorf("level %d has %.3f of the nodes below, want 3/8", h, share)
		}
	}
	if threeEighths(0) != maxHeight || threeEighths(3) != 1 {
		t.Error("heights at the limits are wrong")
	}
}

// TestNoAllocation adds and gets through all lessons: what the Go heap gets is
// that of the lessons, not of the entries.
func TestNoAllocation(t *testing.T) {
	mt := New(memtable.Options{})
	defer mt.Release()
	key, value := make([]byte, 16), make([]byte, 10)
	seq := ikey.Seq(0)
	run := func() {
		seq++
		binary.LittleEndian.PutUint64(key, uint64(seq)*0x9e3779b97f4a7c15)
		mt.Add(ikey.New(key, seq, ikey.Set), value)
		if _, _, ok := mt.Get(key, seq); !ok {
			t.Fatalf("entry %d is lost", seq)
		}
	}
	if n := testing.AllocsPerRun(50_000, run); n != 0 {
		t.Errorf("%v allocations per Add and Get", n)
	}
}
