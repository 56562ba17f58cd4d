package lsm

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/testseed"
)

const mixedKeys = 50

// overwrite writes all of mixedKeys keys.
func overwrite(t *testing.T, db *DB, value int) {
	t.Helper()
	var b kv.Batch
	for i := range mixedKeys {
		b.Set(fmt.Appendf(nil, "key%03d", i), fmt.Appendf(nil, "%06d", value))
	}
	check(t, db.Apply(&b, kv.Buffered))
}

// versions returns how many versions tables hold.
func versions(db *DB) (n uint64) {
	for _, lt := range db.state.Load().version.Tables() {
		n += lt.Table.Entries
	}
	return n
}

// mixedReader is a reader of each kind, all begun at once.
type mixedReader struct {
	snap kv.Snapshot
	tx   kv.Txn
	its  []kv.Iterator // half way
}

func newMixedReader(t *testing.T, db *DB) *mixedReader {
	t.Helper()
	snap, err := db.Snapshot()
	check(t, err)
	r := &mixedReader{snap: snap, tx: begin(t, db, kv.SnapshotIsolation)}
	check(t, r.tx.Set([]byte("own"), nil))
	r.its = []kv.Iterator{r.snap.Scan(nil, nil), r.tx.Scan(nil, nil)}
	for _, it := range r.its {
		for range 3 {
			if !it.Next() {
				t.Fatal("nothing to read")
			}
		}
	}
	return r
}

// reads checks that all of r reads value.
func (r *mixedReader) reads(t *testing.T, value int) {
	t.Helper()
	want := fmt.Sprintf("%06d", value)
	for _, reader := range []kv.Reader{r.snap, r.tx} {
		if got, err := reader.Get(nil, []byte("key007")); err != nil || string(got) != want {
			t.Fatalf("a reader of %s finds %s, %v", want, got, err)
		}
	}
}

// tooOld checks that all that r can be asked for is refused, and ends it.
func (r *mixedReader) tooOld(t *testing.T) {
	t.Helper()
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, kv.ErrSnapshotTooOld) {
			t.Errorf("%s: %v, want %v", what, err, kv.ErrSnapshotTooOld)
		}
	}
	for _, it := range r.its {
		if at := string(it.Key()); it.Next() || at == "" {
			t.Errorf("a walk went on behind %s to %s", at, it.Key())
		}
		refused("a walk half way", it.Close())
	}
	for what, reader := range map[string]kv.Reader{"snapshot": r.snap, "transaction": r.tx} {
		_, err := reader.Get(nil, []byte("key007"))
		refused(what+": get", err)
		it := reader.Scan(nil, nil)
		if it.Next() {
			t.Errorf("%s: a new walk shows %s", what, it.Key())
		}
		refused(what+": scan", it.Close())
	}
	_, err := r.tx.Get(nil, []byte("own"))
	refused("own write", err)
	refused("set", r.tx.Set([]byte("a"), nil))
	refused("commit", r.tx.Commit(kv.Buffered))
	check(t, r.snap.Close())
	if err := r.tx.Commit(kv.Buffered); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("a second commit: %v", err)
	}
}

// TestMixed overwrites keys beside readers of different states. Those are cut whose state
// was replaced too long ago, oldest first, and no others; the versions kept for them go.
func TestMixed(t *testing.T) {
	for _, style := range []CompactionStyle{Leveled, Tiered} {
		for _, policy := range []gc.Policy{{PinAge: 10 * mixedKeys * time.Microsecond}, {PinBytes: 1}} {
			t.Run(fmt.Sprintf("%v, %+v", style, policy), func(t *testing.T) {
				db := openTxns(t, func(o *Options) { o.Deterministic, o.Compaction, o.GC = true, style, policy })
				overwrite(t, db, 1)
				old := newMixedReader(t, db)
				for n := 2; n <= 9; n++ { // each takes mixedKeys microseconds
					overwrite(t, db, n)
				}
				check(t, db.Settle())
				if old.reads(t, 1); policy.PinBytes == 0 {
					check(t, db.Compact())
					old.reads(t, 1)
				}
				for n := 10; n <= 13; n++ {
					overwrite(t, db, n)
				}
				newer := newMixedReader(t, db)
				check(t, db.Compact()) // by bytes: what is held is known
				overwrite(t, db, 14)
				if policy.PinBytes > 0 {
					newer.tooOldNever(t, db)
				}
				check(t, db.Flush())
				check(t, db.Settle())
				old.tooOld(t)
				newer.reads(t, 13)
				for n := 15; n <= 30; n++ {
					overwrite(t, db, n)
				}
				check(t, db.Compact())
				check(t, db.Flush())
				overwrite(t, db, 31)
				check(t, db.Flush())
				check(t, db.Settle())
				newer.tooOld(t)
				check(t, db.Compact())
				if n := versions(db); n != mixedKeys {
					t.Errorf("%d versions of %d keys are left", n, mixedKeys)
				}
			})
		}
	}
}

// tooOldNever checks that r is not cut while an older reader is.
func (r *mixedReader) tooOldNever(t *testing.T, db *DB) {
	t.Helper()
	db.cutReaders(db.published.seq())
	r.reads(t, 13)
}

// TestExpire: what falls out of the window, or is kept for a reader that is cut, is given
// back with no other cause than the time that passes.
func TestExpire(t *testing.T) {
	for _, style := range []CompactionStyle{Leveled, Tiered} {
		t.Run(style.String(), func(t *testing.T) {
			db := openTxns(t, func(o *Options) {
				o.Compaction, o.GC = style, gc.Policy{Window: time.Hour, PinAge: 2 * time.Hour}
				o.MemTableSize, o.L0CompactionTrigger = 1<<20, 50
			})
			clock := stopClock(t, db)
			pass := func(d time.Duration) { clock.pass(t, db, d) }
			overwrite(t, db, 1)
			check(t, db.Compact())
			pass(time.Second)
			reader := newMixedReader(t, db)
			for n := 2; n <= 5; n++ {
				overwrite(t, db, n)
				pass(time.Second)
			}
			check(t, db.Compact())
			for _, step := range []struct {
				after time.Duration
				want  uint64
			}{
				{0, 5},
				{30 * time.Minute, 5},
				{40 * time.Minute, 2}, // the newest, and what the reader sees
				{40 * time.Minute, 2},
				{20 * time.Minute, 1},
			} {
				pass(step.after)
				if n := versions(db); n != step.want*mixedKeys {
					t.Errorf("%v later: %d versions of %d keys, want %d each", step.after, n, mixedKeys, step.want)
				}
				if step.want > 1 {
					reader.reads(t, 1)
				}
			}
			reader.tooOld(t)
		})
	}
}

// TestReadersCut reads again and again while writes go on and readers are cut at random
// moments: a reader sees all of its state, or is told that it is too old.
func TestReadersCut(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 500
	}
	db := openTxns(t, func(o *Options) {
		o.GC = gc.Policy{Window: time.Microsecond, PinAge: 2 * time.Millisecond, PinBytes: 10 << 10}
	})
	overwrite(t, db, 0)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	cut, whole := 0, 0
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s, err := db.Snapshot()
				if err != nil {
					t.Error(err)
					return
				}
				first, err := s.Get(nil, []byte("key000"))
				for n := 0; n < 20 && err == nil; n++ {
					err = readsOneValue(s, string(first))
				}
				mu.Lock()
				if errors.Is(err, kv.ErrSnapshotTooOld) {
					cut++
				} else if whole++; err != nil {
					t.Error(err)
				}
				mu.Unlock()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	rng := testseed.Rand(t)
	for n := range rounds {
		overwrite(t, db, n)
		switch rng.IntN(100) {
		case 0, 1:
			check(t, db.Flush())
		case 2:
			check(t, db.Compact())
		case 3:
			db.expire()
		}
	}
	close(stop)
	wg.Wait()
	t.Logf("%d readers were cut, %d were not", cut, whole)
}

// readsOneValue walks over all, and returns why not, or that two values were there.
func readsOneValue(r kv.Reader, want string) error {
	n, it := 0, r.Scan(nil, nil)
	var wrong []string
	for ; it.Next(); n++ {
		if string(it.Value()) != want {
			wrong = append(wrong, string(it.Key())+"="+string(it.Value()))
		}
	}
	switch err := it.Close(); {
	case len(wrong) > 0:
		return fmt.Errorf("a reader of %s finds %s", want, strings.Join(wrong, " "))
	case err != nil:
		return err
	case n != mixedKeys:
		return fmt.Errorf("a reader of %s finds %d keys", want, n)
	}
	return nil
}
