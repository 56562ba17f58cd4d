package skiplist

import (
	"math/bits"
	"testing"

	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/memtabletest"
)

func TestMemTable(t *testing.T) { memtabletest.Run(t, New) }
func FuzzMemTable(f *testing.F) { memtabletest.Fuzz(f, New) }

// unlucky are tables with choices made badly on purpose. Lessons come early, so
// that small tables go through all epochs, and the index is tiny.
var unlucky = map[string]tuning{
	"a plain list": {height: func(uint64) int { return 1 }, countBits: 64},
	"all at the top": {height: func(uint64) int { return maxHeight },
		countBits: 64},
	"two levels": {height: func(r uint64) int { return 1 + int(r&1) },
		countBits: 0, lessons: []lesson{{3, 3}, {30, 3}}},
	"hasty lessons": {height: halving,
		countBits: 0, lessons: []lesson{{2, 3}, {4, 4}, {8, 18}, {20, 3}, {100, 5}, {200, 4}}},
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

func FuzzUnlucky(f *testing.F) { memtabletest.Fuzz(f, factory(unlucky["hasty lessons"])) }

// quartering gives each level a quarter of the nodes of the level below.
func quartering(random uint64) int {
	return 1 + bits.TrailingZeros64(random|1<<(2*12-1))/2
}
