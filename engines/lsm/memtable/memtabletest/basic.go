package memtabletest

import (
	"bytes"
	"fmt"
	"testing"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/testseed"
)

func testEmpty(t *testing.T, f memtable.Factory) {
	mt := f(memtable.Options{}) // the zero value works
	defer mt.Release()
	tb := &table{t: t, mt: mt}
	tb.check()
	it := mt.NewIterator()
	for _, user := range []string{"", "\x00", "a", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if _, _, ok := mt.Get([]byte(user), ikey.MaxSeq); ok {
			t.Errorf("empty table has %q", user)
		}
		if it.SeekGE(ikey.SeekKey([]byte(user), ikey.MaxSeq)) {
			t.Errorf("empty table: SeekGE(%q) = %v", user, it.Key())
		}
	}
	if err := it.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if n := mt.Size(); n < 0 {
		t.Errorf("Size() = %d", n)
	}
}

// testVersions gives one key many versions among neighbours. They are added oldest
// first, newest first, and shuffled, because concurrent writers add in any order.
func testVersions(t *testing.T, f memtable.Factory) {
	versions := scaled(400)
	rng := testseed.Rand(t)
	for name, order := range map[string]func(i int) int{
		"ascending":  func(i int) int { return i },
		"descending": func(i int) int { return versions - 1 - i },
		"shuffled":   func() func(int) int { p := rng.Perm(versions); return func(i int) int { return p[i] } }(),
	} {
		t.Run(name, func(t *testing.T) {
			tb := newTable(t, f)
			for i, user := range []string{"", "k", "key", "key\x00", "kez"} {
				tb.add([]byte(user), ikey.Seq(i+1), ikey.Set, []byte(user))
			}
			for i := range versions {
				seq := ikey.Seq(100 + 2*order(i)) // gaps, to read between versions
				tb.add([]byte("key"), seq, ikey.Set, valueOf([]byte("key"), seq, int(seq)%50))
			}
			tb.add([]byte("key"), ikey.MaxSeq, ikey.Set, []byte("last"))
			tb.check()
		})
	}
}

// testTombstones: a tombstone is an entry that Get finds, with kind Delete. It hides
// older versions only from readers at or after it.
func testTombstones(t *testing.T, f memtable.Factory) {
	tb := newTable(t, f)
	for seq := ikey.Seq(1); seq <= 200; seq++ {
		user := []byte{'a' + byte(seq%5)}
		if seq/5%3 == 1 {
			tb.add(user, seq, ikey.Delete, nil)
		} else {
			tb.add(user, seq, ikey.Set, valueOf(user, seq, 20))
		}
	}
	tb.add([]byte("only-deleted"), 500, ikey.Delete, nil)
	tb.check()
	if _, kind, ok := tb.mt.Get([]byte("only-deleted"), 500); !ok || kind != ikey.Delete {
		t.Errorf("tombstone: kind %d, %v; want %d, true", kind, ok, ikey.Delete)
	}
	if _, _, ok := tb.mt.Get([]byte("only-deleted"), 499); ok {
		t.Error("a reader before the tombstone sees it")
	}
}

// testValues adds entries of all sizes that the contract allows. They include sizes
// around powers of two, where length encodings and chunk borders change.
func testValues(t *testing.T, f memtable.Factory) {
	tb := newTable(t, f)
	big := bytes.Repeat([]byte("0123456789abcdef"), 4096) // 64 KiB, the longest key
	tb.set(big, 1<<20)
	tb.set(big, 0)
	tb.set(big[:len(big)-1], 1)
	tb.set(append(bytes.Clone(big[:len(big)-1]), 0xff), 1)
	for size := range 70 {
		tb.set([]byte("small"), size)
	}
	for bits := 7; bits <= 24; bits++ {
		if testing.Short() && bits > 21 {
			break
		}
		for d := -1; d <= 1; d++ {
			if size := 1<<bits + d; size <= 16<<20 {
				tb.set([]byte("large"), size)
			}
		}
	}
	for bits := 9; bits <= 16; bits++ { // sizes of keys, likewise
		for d := -1; d <= 1 && 1<<bits+d <= len(big); d++ {
			tb.set(big[:1<<bits+d], 9)
		}
	}
	for size := range 300 {
		tb.set(big[:size], 300-size)
	}
	tb.check()
}

// testCallerBuffers reuses one buffer for keys and one for values, as the write path
// does.
func testCallerBuffers(t *testing.T, f memtable.Factory) {
	tb := newTable(t, f)
	key, value := make([]byte, 12), make([]byte, 30)
	for seq := ikey.Seq(1); seq < 500; seq++ {
		for i := range key {
			key[i] = byte('a' + seq%7 + ikey.Seq(i)%3)
		}
		copy(value, valueOf(key, seq, len(value)))
		tb.add(key, seq, ikey.Set, value)
		clear(key)
		clear(value)
	}
	tb.check()
}

// testBatches adds batches whose keys rise behind all others, batches that do so only
// at first or only later, and batches that never do. They contain several versions of a
// key.
func testBatches(t *testing.T, f memtable.Factory) {
	tb := newTable(t, f)
	rng := testseed.Rand(t)
	end := 0
	for range scaled(60) {
		var b kv.Batch
		first := tb.next
		rises := []float64{0, 0.5, 0.95, 1}[rng.IntN(4)]
		for range rng.IntN(60) {
			at := rng.IntN(end + 1)
			if rng.Float64() < rises {
				end += rng.IntN(3)
				at = end
			}
			user, kind, value := fmt.Appendf(nil, "%06d", at), kindOf(tb.next), []byte(nil)
			if kind == ikey.Delete {
				b.Delete(user)
			} else {
				value = valueOf(user, tb.next, sizeOf(tb.next))
				b.Set(user, value)
			}
			tb.model.add(ikey.New(user, tb.next, kind), value)
			tb.next++
		}
		memtable.AddBatch(tb.mt, first, b.Ops())
	}
	tb.check()
}

// testIterateWhileAdding alternates between moving an iterator and adding entries
// around it. The entries must stay sorted, and all that existed before the iterator was
// made must appear.
func testIterateWhileAdding(t *testing.T, f memtable.Factory) {
	tb := newTable(t, f)
	rng := testseed.Rand(t)
	user := make([]byte, 3)
	addOne := func() {
		for i := range user {
			user[i] = byte(rng.IntN(8))
		}
		tb.set(user, 8+rng.IntN(20))
	}
	for range 300 {
		addOne()
	}
	for round := range 6 {
		before := tb.entries
		tb.entries = append([]entry(nil), before...)
		it := newWalk(tb.mt, round%2 == 1)
		var last ikey.Key
		seen := map[ikey.Trailer]bool{}
		for it.Next() {
			k := it.Key()
			if len(seen) > 0 && !it.follows(last, k) {
				t.Fatalf("walk went from %v to %v", last, k)
			}
			if _, err := checkValue(k.User, it.Value()); err != nil {
				t.Fatal(err)
			}
			last, seen[k.Trailer] = k, true
			if len(seen)%4 == 0 {
				addOne()
			}
		}
		for _, e := range before {
			if !seen[e.key.Trailer] {
				t.Fatalf("walk lacks %v, added before it", e.key)
			}
		}
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
	}
	tb.check()
}

func testSize(t *testing.T, f memtable.Factory) {
	tb := newTable(t, f)
	last, payload := tb.mt.Size(), int64(0)
	for i := range 2000 {
		user := []byte{byte(i >> 8), byte(i), byte(i * 7)}
		size := i % 100
		if i == 1000 {
			size = 5 << 20
		}
		tb.set(user, size)
		payload += int64(len(user) + size)
		n := tb.mt.Size()
		if n < last || n < payload {
			t.Fatalf("Size() = %d after entry %d; was %d, and keys and values hold %d", n, i, last, payload)
		}
		last = n
	}
	if limit := 2*payload + 8<<20; last > limit {
		t.Errorf("Size() = %d for %d bytes of keys and values, want at most %d", last, payload, limit)
	}
}

func testRelease(t *testing.T, f memtable.Factory) {
	held := arena.Held()
	for round := range 3 {
		mt := f(memtable.Options{})
		tb := &table{t: t, mt: mt, next: 1}
		for i := range 1000 {
			tb.set([]byte{byte(i), byte(i >> 8), byte(round)}, 3000)
		}
		tb.set([]byte("big"), 7<<20)
		// Memory that an earlier table gave back must not show through.
		if err := tb.agreeWalk(mt); err != nil {
			t.Fatal(err)
		}
		mt.Release()
		if n := arena.Held(); n != held {
			t.Fatalf("%d bytes of arenas held after Release, want %d", n, held)
		}
	}
}
