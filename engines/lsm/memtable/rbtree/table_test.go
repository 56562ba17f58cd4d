package rbtree

import (
	"encoding/binary"
	"sync"
	"testing"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

// TestConcurrentFill has writers fill one table with keys that scatter, rise,
// fall and repeat, and then looks inside: every segment a red-black tree, fences
// rising, the directory complete and leading to the right segment.
func TestConcurrentFill(t *testing.T) {
	const writers, perWriter = 4, 6_000
	for _, lines := range []int{2, 16, 256} {
		tb := newTable(memtable.Options{}, tuning{lines: lines})
		var wg sync.WaitGroup
		for w := range uint64(writers) {
			wg.Go(func() {
				for i := range uint64(perWriter) {
					n := [...]uint64{i * 0x9e3779b97f4a7c15, i, 1<<40 - i, i % 3}[w]
					user := binary.BigEndian.AppendUint64([]byte("user"), n)
					tb.Add(ikey.New(user, ikey.Seq(1+i*writers+w), ikey.Set), user)
				}
			})
		}
		wg.Wait()
		if n := checkTable(t, tb); n != writers*perWriter {
			t.Errorf("lines %d: %d entries, want %d", lines, n, writers*perWriter)
		}
		tb.Release()
	}
}

// checkTable checks all that lies behind the interface, and counts entries.
func checkTable(t *testing.T, tb *table) int {
	d := tb.directory()
	n, i := 0, uint32(0)
	for s := tb.segment(tb.first); ; i++ {
		tb.check(s)
		n += len(s.inOrder(s.root.Load(), nil))
		next := s.next.Load()
		if next == 0 {
			break
		}
		if i == d.count.Load() || d.ref(i).Load() != next {
			t.Fatalf("the directory lacks segment %d", i+1)
		}
		s = tb.segment(arena.Ref(next))
		low := tb.entry(s.low).Key()
		if d.head(i).Load() != tb.head(&d.abbrev, low) {
			t.Fatalf("the directory has head %x for the fence %v", d.head(i).Load(), low)
		}
		if tb.find(low) != s {
			t.Fatalf("the fence %v leads to another segment", low)
		}
	}
	if i != d.count.Load() {
		t.Fatalf("%d fences in the directory, want %d", d.count.Load(), i)
	}
	return n
}

// TestReadersDoNotStarve makes a segment look as if a writer changed it without
// end: readers must give up reading beside it and take the lock.
func TestReadersDoNotStarve(t *testing.T) {
	tb := newTable(memtable.Options{}, defaultTuning)
	defer tb.Release()
	tb.Add(ikey.New([]byte("k"), 1, ikey.Set), []byte("v"))
	tb.segment(tb.first).version.Add(1)
	if v, _, ok := tb.Get([]byte("k"), 1); !ok || string(v) != "v" {
		t.Errorf("Get = %q, %v", v, ok)
	}
	if it := tb.NewIterator(); !it.First() || string(it.Key().User) != "k" || it.Next() {
		t.Error("the walk does not show the one entry")
	}
}

// TestOrderedKeysFillSegments pins the memory of keys that come in order: the
// segments that they leave behind are full, not half full. Where one of two
// writers lags, its keys split segments that were full: then half full must do.
func TestOrderedKeysFillSegments(t *testing.T) {
	const n, lag = 1 << 16, 5000
	middle := func(i uint64) uint64 { return 1<<40 + i }
	for name, c := range map[string]struct {
		key   func(i uint64) uint64
		limit float64 // slots an entry
	}{
		"ascending":        {func(i uint64) uint64 { return i }, 1.1},
		"descending":       {func(i uint64) uint64 { return n - i }, 1.2},
		"ascending inside": {func(i uint64) uint64 { return middle(i) * (i & 1) }, 2},
		"neighbours swap":  {func(i uint64) uint64 { return i ^ 1 }, 1.1},
		"writer lags":      {func(i uint64) uint64 { return i - i&1*lag }, 2.2},
	} {
		tb := newTable(memtable.Options{}, defaultTuning)
		for i := range uint64(n) {
			user := binary.BigEndian.AppendUint64(nil, c.key(i+lag))
			tb.Add(ikey.New(user, ikey.Seq(i+1), ikey.Set), nil)
		}
		const entrySize = 24
		perEntry := (float64(tb.Size())/n - entrySize) / slotSize
		t.Logf("%s: %.2f slots an entry", name, perEntry)
		if perEntry > c.limit {
			t.Errorf("%s: %.2f slots an entry, want at most %.2f", name, perEntry, c.limit)
		}
		tb.Release()
	}
}
