package lsm

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// openTxns opens a store in memory for tests of transactions.
func openTxns(t testing.TB, adapt func(*Options)) *DB {
	t.Helper()
	o := Options{FS: vfs.NewMem()}.Small()
	if adapt != nil {
		adapt(&o)
	}
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func begin(t testing.TB, db *DB, level kv.Isolation) *txn {
	t.Helper()
	tx, err := db.Begin(kv.TxnOptions{Isolation: level})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tx.Discard)
	return tx.(*txn)
}

func set(t testing.TB, db *DB, pairs ...string) {
	t.Helper()
	var b kv.Batch
	for i := 0; i < len(pairs); i += 2 {
		b.Set([]byte(pairs[i]), []byte(pairs[i+1]))
	}
	check(t, db.Apply(&b, kv.Buffered))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// walkAll returns the entries of a walk as text.
func walkAll(t testing.TB, it kv.Iterator) (entries []string) {
	t.Helper()
	for ok := it.First(); ok; ok = it.Next() {
		entries = append(entries, fmt.Sprintf("%s=%s", it.Key(), it.Value()))
	}
	check(t, it.Close())
	return entries
}

// TestTxnReads makes random writes in a transaction, beside writes of others, and
// compares its reads with a model: the state of Begin with the own writes over it, or,
// with ReadCommitted, the newest state. Walks go on while writes are made; they see what
// there was when they began.
func TestTxnReads(t *testing.T) {
	rng := testseed.Rand(t)
	key := func() string { return fmt.Sprintf("k%02d", rng.IntN(30)) }
	for _, level := range kv.Isolations() {
		t.Run(level.String(), func(t *testing.T) {
			db := openTxns(t, nil)
			newest := map[string]string{}
			other := func() {
				k, v := key(), fmt.Sprint("other ", rng.IntN(1000))
				set(t, db, k, v)
				newest[k] = v
				if rng.IntN(20) == 0 {
					check(t, db.Flush())
				}
			}
			for range 40 {
				for range 20 {
					other()
				}
				tx := begin(t, db, level)
				snapshot, own := maps.Clone(newest), map[string]*string{}
				model := func() map[string]string {
					m := maps.Clone(snapshot)
					if level == kv.ReadCommitted {
						m = maps.Clone(newest)
					}
					for k, v := range own {
						if v == nil {
							delete(m, k)
						} else {
							m[k] = *v
						}
					}
					return m
				}
				write := func() {
					k := key()
					if rng.IntN(3) == 0 {
						own[k] = nil
						check(t, tx.Delete([]byte(k)))
						return
					}
					v := fmt.Sprint("own ", rng.IntN(1000))
					own[k] = &v
					check(t, tx.Set([]byte(k), []byte(v)))
				}
				for range rng.IntN(60) {
					switch rng.IntN(4) {
					case 0:
						write()
					case 1:
						other()
					case 2:
						k := key()
						got, err := tx.Get([]byte("+"), []byte(k))
						want, there := model()[k]
						if there != (err == nil) || there && string(got) != "+"+want || !there && !errors.Is(err, kv.ErrNotFound) {
							t.Fatalf("Get(%s): %q, %v; want %q, %v", k, got, err, want, there)
						}
					case 3:
						walkTxn(t, tx, model(), key(), key(), key(), write)
					}
				}
				if rng.IntN(2) == 0 {
					tx.Discard()
				} else if err := tx.Commit(kv.Buffered); err == nil {
					for k, v := range own {
						if delete(newest, k); v != nil {
							newest[k] = *v
						}
					}
				} else if !errors.Is(err, kv.ErrConflict) {
					t.Fatal(err)
				}
				if n := db.writes.recent.open.Load(); n != 0 {
					t.Fatalf("%d transactions are open after the last", n)
				}
				if len(db.pins.list()) != 0 {
					t.Fatal("a pin is left")
				}
			}
			want := []string{}
			for _, k := range slices.Sorted(maps.Keys(newest)) {
				want = append(want, k+"="+newest[k])
			}
			if got := walkAll(t, db.Scan(nil, nil)); !slices.Equal(got, want) {
				t.Fatalf("at the end:\n%q, want\n%q", got, want)
			}
		})
	}
}

// walkTxn compares a walk over [lower, upper), positioned at its beginning and then at
// seek, with want, and writes between its moves.
func walkTxn(t *testing.T, tx *txn, want map[string]string, lower, upper, seek string, write func()) {
	t.Helper()
	if lower > upper {
		lower, upper = upper, lower
	}
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(want)), func(k string) bool { return k < lower || k >= upper })
	it := tx.Scan([]byte(lower), []byte(upper))
	compare := func(keys []string, ok bool) {
		t.Helper()
		for _, k := range keys {
			if !ok || string(it.Key()) != k || string(it.Value()) != want[k] {
				t.Fatalf("[%s, %s): %v, %s=%s; want %s=%s", lower, upper, ok, it.Key(), it.Value(), k, want[k])
			}
			write()
			ok = it.Next()
		}
		if ok || it.Next() {
			t.Fatalf("[%s, %s): %s after the last", lower, upper, it.Key())
		}
	}
	compare(keys, it.Next())
	compare(slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k < seek }), it.SeekGE([]byte(seek)))
	check(t, it.Close())
	if err := it.Close(); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("a second Close gives %v", err)
	}
}

// TestTxnEnds uses transactions in ways that are refused.
func TestTxnEnds(t *testing.T) {
	db := openTxns(t, nil)
	set(t, db, "a", "1")
	for _, level := range kv.Isolations() {
		tx := begin(t, db, level)
		check(t, tx.Set([]byte("b"), []byte("2")))
		left := tx.Scan(nil, nil)
		if !left.First() {
			t.Fatal("a walk finds nothing")
		}
		check(t, tx.Commit(kv.Buffered))
		_, err := tx.Get(nil, []byte("a"))
		for what, err := range map[string]error{
			"Get": err, "Set": tx.Set(nil, nil), "Delete": tx.Delete(nil), "Commit": tx.Commit(kv.Buffered), "Scan": tx.Scan(nil, nil).Close(),
		} {
			if !errors.Is(err, kv.ErrClosed) {
				t.Errorf("%v: %s after the end gives %v", level, what, err)
			}
		}
		tx.Discard()
		if left.Next() || left.SeekGE(nil) {
			t.Error("a walk goes on after the end")
		}
		if err := left.Close(); !errors.Is(err, kv.ErrClosed) {
			t.Errorf("a walk that was cut ends with %v", err)
		}
		if tx.CommitLSN() != db.LSN() {
			t.Errorf("CommitLSN is %d, the store's is %d", tx.CommitLSN(), db.LSN())
		}
	}
	reader, err := db.Begin(kv.TxnOptions{ReadOnly: true})
	check(t, err)
	if err := reader.Set([]byte("a"), nil); !errors.Is(err, kv.ErrUnsupported) {
		t.Errorf("a read-only transaction writes: %v", err)
	}
	set(t, db, "a", "3")
	if v, err := reader.Get(nil, []byte("a")); err != nil || string(v) != "1" {
		t.Errorf("the snapshot has a=%s, %v", v, err)
	}
	check(t, reader.Commit(kv.Synced))

	tx := begin(t, db, kv.SnapshotIsolation)
	if err := tx.Set(make([]byte, kv.MaxKeySize+1), nil); !errors.Is(err, kv.ErrTooLarge) {
		t.Errorf("a key that is too large: %v", err)
	}
	if err := tx.Commit(kv.Synced + 1); !errors.Is(err, kv.ErrUnsupported) {
		t.Errorf("an unknown durability level: %v", err)
	}
	if _, err := db.Begin(kv.TxnOptions{Isolation: kv.Serializable + 1}); !errors.Is(err, kv.ErrUnsupported) {
		t.Errorf("an unknown isolation level: %v", err)
	}
	tx = begin(t, db, kv.Serializable)
	check(t, tx.Set([]byte("a"), []byte("4")))
	check(t, db.Close())
	if err := tx.Commit(kv.Buffered); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("Commit on a closed store: %v", err)
	}
	if _, err := db.Begin(kv.TxnOptions{}); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("Begin on a closed store: %v", err)
	}
}

// TestTxnLarge has a transaction whose keys are too many for the ring and for the pool,
// and which overwrites each: it commits whole, and others conflict with it.
func TestTxnLarge(t *testing.T) {
	db := openTxns(t, nil)
	small := begin(t, db, kv.SnapshotIsolation)
	check(t, small.Set([]byte("key007777"), nil))
	large := begin(t, db, kv.Serializable)
	const keys = 10_000
	for round := range 2 {
		for i := range keys {
			check(t, large.Set(fmt.Appendf(nil, "key%06d", i), bytes.Repeat([]byte{byte(round)}, 100)))
		}
	}
	it, n := large.Scan(nil, nil), 0
	for ; it.Next(); n++ {
		if it.Value()[0] != 1 {
			t.Fatalf("%s has a value that was overwritten", it.Key())
		}
	}
	check(t, it.Close())
	check(t, large.Commit(kv.Buffered))
	if n != keys || len(walkAll(t, db.Scan(nil, nil))) != keys {
		t.Errorf("%d keys before the commit, %d after it", n, len(walkAll(t, db.Scan(nil, nil))))
	}
	if err := small.Commit(kv.Buffered); !errors.Is(err, kv.ErrConflict) {
		t.Errorf("beside the large one a small one commits: %v", err)
	}
}
