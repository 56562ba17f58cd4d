package lsm

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/bptree"
	"lsmlab/engines/testseed"
)

// gated holds writes of the key "held" back: such a batch has LSNs and is in the log,
// and comes into the MemTable when gate is closed.
type gated struct {
	memtable.MemTable
	gate    chan struct{}
	arrived chan struct{}
}

func (g gated) Add(k ikey.Key, value []byte) {
	if string(k.User) == "held" {
		close(g.arrived)
		<-g.gate
	}
	g.MemTable.Add(k, value)
}

// places are where a write may stand when another transaction commits. Each makes write
// stand there and returns what is to be done at the end.
var places = map[string]func(t *testing.T, db *DB, write func()) func(){
	"active MemTable": func(_ *testing.T, _ *DB, write func()) func() { write(); return nil },
	"immutable MemTable": func(t *testing.T, db *DB, write func()) func() {
		write()
		holdFlushes(t, db)
		db.writes.mu.Lock()
		defer db.writes.mu.Unlock()
		check(t, db.freeze())
		return nil
	},
	"L0":                     func(t *testing.T, db *DB, write func()) func() { write(); check(t, db.Flush()); return nil },
	"the deepest level":      func(t *testing.T, db *DB, write func()) func() { write(); check(t, db.Compact()); return nil },
	"the deepest after more": overwritten,
	"the log alone": func(t *testing.T, db *DB, write func()) func() {
		// The one that is held has its LSN before those of write, so they are not visible.
		g := db.writes.mem.table.(gated)
		var wg sync.WaitGroup
		wg.Go(func() { set(t, db, "held", "") })
		<-g.arrived
		wg.Go(write)
		for db.lastAssigned() == db.published.seq()+1 { // that of "held" alone
		}
		return func() { close(g.gate); wg.Wait() }
	},
}

func (db *DB) lastAssigned() ikey.Seq {
	db.writes.mu.Lock()
	defer db.writes.mu.Unlock()
	return db.writes.assigned
}

// overwritten has compactions drop all versions but the newest.
func overwritten(t *testing.T, db *DB, write func()) func() {
	write()
	for range 3 {
		check(t, db.Flush())
		write()
	}
	check(t, db.Compact())
	return nil
}

// holdFlushes keeps the flusher from its work for the rest of the test.
func holdFlushes(t *testing.T, db *DB) {
	t.Helper()
	db.mu.Lock()
	defer db.mu.Unlock()
	db.shortage.flushes = errors.New("held by a test")
}

// TestConflicts has a transaction read and write, another writer write one key in each
// place, and the transaction commit. It must conflict if, and only if, the key is one
// that it wrote or, serializable, read: there or absent, alone or in a range, also a key
// that is new in the range, or that is deleted.
func TestConflicts(t *testing.T) {
	wrote := []string{"wrote", "wrote blindly", "deleted", "own range"}
	read := []string{"read", "absent", "range 1", "range 15", "range 2", "f", "far", "far 1"}
	free := []string{"free", "range 0", "range 3", "rang", "read a", "absen", "abseny", "own range a", "zz"}
	for place, stand := range places {
		for _, level := range kv.Isolations() {
			for _, key := range slices.Concat(wrote, read, free) {
				for _, writer := range []string{"set", "delete", "txn"} {
					if place == "the log alone" && writer == "txn" {
						continue // it is covered by set, and Begin would wait for the one that is held
					}
					t.Run(fmt.Sprintf("%s/%v/%s/%s", place, level, key, writer), func(t *testing.T) {
						db := openTxns(t, func(o *Options) {
							o.MemTable = func(m memtable.Options) memtable.MemTable {
								return gated{bptree.New(m), make(chan struct{}), make(chan struct{})}
							}
						})
						for _, k := range []string{"wrote", "deleted", "read", "range 1", "range 2", "range 3", "far 1", "free"} {
							set(t, db, k, "before")
						}
						tx := begin(t, db, level)
						readAndWrite(t, tx)
						end := stand(t, db, func() { writeOne(t, db, writer, key) })
						err := commitBeside(t, db, tx, end)
						want := level != kv.ReadCommitted && slices.Contains(wrote, key) ||
							level == kv.Serializable && slices.Contains(read, key)
						if errors.Is(err, kv.ErrConflict) != want || err != nil && !want {
							t.Fatalf("Commit gives %v; a conflict is due: %v", err, want)
						}
						if _, err := db.Get(nil, []byte("wrote blindly")); want && key != "wrote blindly" && !errors.Is(err, kv.ErrNotFound) {
							t.Error("a part of a transaction that conflicted was applied")
						}
						if want {
							retry := begin(t, db, level)
							check(t, retry.Set([]byte(key), []byte("mine")))
							check(t, retry.Commit(kv.Buffered))
						}
						check(t, db.failure())
					})
				}
			}
		}
	}
}

// commitBeside commits tx, and calls end, if there is one, when that is decided: a
// transaction that may commit waits for those before it, and one that may not for what is
// in its way, beside the one writer that waits already.
func commitBeside(t *testing.T, db *DB, tx *txn, end func()) (err error) {
	t.Helper()
	if end == nil {
		return tx.Commit(kv.Buffered)
	}
	before, decided := db.lastAssigned(), make(chan error)
	go func() { decided <- tx.Commit(kv.Buffered) }()
	for db.lastAssigned() == before && db.published.waiting.Load() < 2 {
		select {
		case err := <-decided:
			end()
			t.Errorf("Commit gives %v before the write in its way is visible", err)
			return err
		default:
		}
	}
	end()
	return <-decided
}

func readAndWrite(t *testing.T, tx *txn) {
	t.Helper()
	_, err := tx.Get(nil, []byte("read"))
	check(t, err)
	if _, err := tx.Get(nil, []byte("absent")); !errors.Is(err, kv.ErrNotFound) {
		t.Fatalf("absent: %v", err)
	}
	check(t, tx.Set([]byte("wrote"), []byte("mine")))
	check(t, tx.Set([]byte("wrote blindly"), []byte("mine")))
	check(t, tx.Delete([]byte("deleted")))
	it := tx.Scan([]byte("range 1"), []byte("s")) // up to "range 2", not on to "range 3"
	for range 2 {
		if !it.Next() {
			t.Fatal("a range ends early")
		}
	}
	check(t, it.Close())
	it = tx.Scan([]byte("f"), []byte("free")) // to its end
	for it.Next() {
	}
	check(t, it.Close())
	check(t, tx.Set([]byte("own range"), []byte("mine")))
	it = tx.Scan([]byte("own range"), nil) // one own entry, left open
	if !it.SeekGE([]byte("o")) || string(it.Key()) != "own range" {
		t.Fatalf("%q in place of an own write", it.Key())
	}
	check(t, it.Close())
	check(t, tx.Delete([]byte("own range")))
}

func writeOne(t *testing.T, db *DB, writer, key string) {
	t.Helper()
	var b kv.Batch
	switch writer {
	case "set":
		b.Set([]byte(key), []byte("other"))
	case "delete":
		b.Delete([]byte(key))
	case "txn":
		other := begin(t, db, kv.Serializable)
		check(t, other.Set([]byte("zz other"), nil))
		check(t, other.Set([]byte(key), []byte("other")))
		check(t, other.Commit(kv.Buffered))
		return
	}
	check(t, db.Apply(&b, kv.Buffered))
}

// TestCounters has goroutines add 1 to counters in transactions, beside each other, and
// plain writers that touch other keys. No addition may be lost. The ring has one place in
// half of the runs, so that it laps all the time.
func TestCounters(t *testing.T) {
	rounds := 300
	if testing.Short() {
		rounds = 60
	}
	for _, ring := range []int{1, recentBatches} {
		for _, level := range []kv.Isolation{kv.SnapshotIsolation, kv.Serializable} {
			t.Run(fmt.Sprintf("%v/ring %d", level, ring), func(t *testing.T) {
				const workers, counters = 6, 3
				db := openTxns(t, nil)
				db.writes.recent.batches = make([]recentBatch, ring)
				seed := testseed.New(t)
				var done, conflicts atomic.Int64
				var wg, plain sync.WaitGroup
				stop := make(chan struct{})
				for w := range 2 {
					plain.Go(func() {
						for i := 0; ; i++ {
							select {
							case <-stop:
								return
							default:
								set(t, db, fmt.Sprint("plain", w, i%100), "x")
							}
						}
					})
				}
				for w := range workers {
					wg.Go(func() {
						rng := rand.New(rand.NewPCG(seed, uint64(w)))
						for n := 0; n < rounds; {
							err := increment(db, level, fmt.Sprint("counter", rng.IntN(counters)))
							switch {
							case err == nil:
								n++
								done.Add(1)
							case errors.Is(err, kv.ErrConflict):
								conflicts.Add(1)
							default:
								t.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				close(stop)
				plain.Wait()
				sum := 0
				for c := range counters {
					v, err := db.Get(nil, fmt.Append(nil, "counter", c))
					check(t, err)
					sum += len(v)
				}
				if int64(sum) != done.Load() {
					t.Errorf("%d additions, %d found", done.Load(), sum)
				}
				t.Logf("%d commits, %d conflicts", done.Load(), conflicts.Load())
			})
		}
	}
}

// increment makes the value of key, which has the length that is counted, longer by one.
func increment(db *DB, level kv.Isolation, key string) error {
	tx, err := db.Begin(kv.TxnOptions{Isolation: level})
	if err != nil {
		return err
	}
	defer tx.Discard()
	v, err := tx.Get(nil, []byte(key))
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return err
	}
	if err := tx.Set([]byte(key), append(v, 'x')); err != nil {
		return err
	}
	return tx.Commit(kv.Buffered)
}

// TestWriteSkew: two transactions read both keys and write one each. Under snapshot
// isolation both commit, and serializable only one does.
func TestWriteSkew(t *testing.T) {
	for level, both := range map[kv.Isolation]bool{kv.SnapshotIsolation: true, kv.Serializable: false} {
		db := openTxns(t, nil)
		set(t, db, "a", "on", "b", "on")
		one, two := begin(t, db, level), begin(t, db, level)
		for _, tx := range []*txn{one, two} {
			if got := walkAll(t, tx.Scan(nil, nil)); len(got) != 2 {
				t.Fatal(got)
			}
		}
		check(t, one.Set([]byte("a"), []byte("off")))
		check(t, two.Set([]byte("b"), []byte("off")))
		check(t, one.Commit(kv.Buffered))
		if err := two.Commit(kv.Buffered); (err == nil) != both || err != nil && !errors.Is(err, kv.ErrConflict) {
			t.Errorf("%v: the second one gives %v", level, err)
		}
	}
}

// TestOnCall has goroutines take people off call, in pairs of which one has to stay, and
// put them on again: an invariant that write skew breaks. Each transaction reads its pair
// by a scan. A person that is off call has no key, so what is read is also an absence.
func TestOnCall(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 80
	}
	const pairs = 2
	db := openTxns(t, nil)
	for p := range pairs {
		set(t, db, fmt.Sprint(p, " a"), "on", fmt.Sprint(p, " b"), "on")
	}
	seed := testseed.New(t)
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			for range rounds {
				if err := onCall(db, rng.IntN(pairs), []byte{"ab"[rng.IntN(2)]}); err != nil && !errors.Is(err, kv.ErrConflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// onCall takes one of a pair off call, if both are on, or else puts it on.
func onCall(db *DB, pair int, who []byte) error {
	tx, err := db.Begin(kv.TxnOptions{Isolation: kv.Serializable})
	if err != nil {
		return err
	}
	defer tx.Discard()
	it, on := tx.Scan(fmt.Append(nil, pair, " "), fmt.Append(nil, pair, " z")), 0
	for it.Next() {
		on++
	}
	if err := it.Close(); err != nil {
		return err
	}
	key := fmt.Append(nil, pair, " ", string(who))
	switch on {
	case 2:
		err = tx.Delete(key)
	case 1:
		err = tx.Set(key, []byte("on"))
	default:
		err = fmt.Errorf("%d of pair %d are on call", on, pair)
	}
	if err != nil {
		return err
	}
	return tx.Commit(kv.Buffered)
}

// TestConflictNamesKey: an error of a conflict says which key and which LSNs.
func TestConflictNamesKey(t *testing.T) {
	db := openTxns(t, nil)
	tx := begin(t, db, kv.SnapshotIsolation)
	check(t, tx.Set([]byte("stock"), nil))
	set(t, db, "stock", "0")
	if err := tx.Commit(kv.Buffered); err == nil || !bytes.Contains([]byte(err.Error()), []byte(`"stock"`)) {
		t.Errorf("the error does not name the key: %v", err)
	}
}
