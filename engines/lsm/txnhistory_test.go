package lsm

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/memtable/variants"
	"lsmlab/engines/testseed"
)

const historyKeys = 24

// historyTxn is what one transaction, or one plain batch, did.
type historyTxn struct {
	level         kv.Isolation
	plain         bool
	read          uint64 // its snapshot
	commit        uint64 // LSN of its last write
	conflict      bool
	gets          map[int]string
	walks         []historyWalk
	writes        []historyWrite
	overwrote     map[int]bool // keys that were written before they were read
	beforeVisible uint64       // LSN that was visible before Begin
	afterAssigned uint64       // LSN given out last, after Commit
}

type historyWalk struct {
	first, last int // keys, both inclusive
	found       map[int]string
}

type historyWrite struct {
	key   int
	value string // "" is a delete
}

// version is one write by its LSN.
type version struct {
	seq   uint64
	value string
}

// TestTxnHistory runs random transactions and plain batches beside each other, with
// flushes and compactions, and judges the history afterwards by LSNs:
//
//   - a read gives the newest write up to the snapshot, and a walk all of them;
//   - the snapshot holds all that was visible before Begin;
//   - who commits has nobody between snapshot and commit who wrote what he wrote or,
//     serializable, read;
//   - who does not has somebody: no conflict is false.
func TestTxnHistory(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 100
	}
	for _, v := range variants.All() {
		for _, ring := range []int{1, 3, recentBatches} {
			for _, durable := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/ring %d/durable reads %v", v.Name, ring, durable), func(t *testing.T) {
					db := openTxns(t, func(o *Options) { o.MemTable, o.DurableReads = v.New, durable })
					db.writes.recent.batches = make([]recentBatch, ring)
					judge(t, runHistory(t, db, testseed.New(t), rounds))
				})
			}
		}
	}
}

// runHistory returns what several goroutines did.
func runHistory(t *testing.T, db *DB, seed uint64, rounds int) []*historyTxn {
	var mu sync.Mutex
	var all []*historyTxn
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			for n := range rounds {
				h := &historyTxn{plain: w == 5, level: kv.Isolation(rng.IntN(2)), beforeVisible: db.LSN()}
				if err := h.run(db, rng, fmt.Sprint(w, "-", n)); err != nil {
					t.Error(err)
					return
				}
				h.afterAssigned = uint64(db.lastAssigned())
				mu.Lock()
				all = append(all, h)
				mu.Unlock()
				switch rng.IntN(40) {
				case 0:
					if err := db.Flush(); err != nil {
						t.Error(err)
					}
				case 1:
					if err := db.Compact(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	return all
}

func historyKey(i int) []byte { return fmt.Appendf(nil, "%02d", i) }

// run does one transaction or batch.
func (h *historyTxn) run(db *DB, rng *rand.Rand, id string) error {
	h.gets, h.overwrote = map[int]string{}, map[int]bool{}
	write := func() historyWrite {
		w := historyWrite{rng.IntN(historyKeys), fmt.Sprint(id, ".", len(h.writes))}
		if rng.IntN(4) == 0 {
			w.value = ""
		}
		h.writes = append(h.writes, w)
		return w
	}
	if h.plain {
		var b kv.Batch
		for range 1 + rng.IntN(2) {
			if w := write(); w.value == "" {
				b.Delete(historyKey(w.key))
			} else {
				b.Set(historyKey(w.key), []byte(w.value))
			}
		}
		var err error
		h.commit, err = db.ApplyLSN(&b, kv.Buffered)
		return err
	}
	begun, err := db.Begin(kv.TxnOptions{Isolation: h.level})
	if err != nil {
		return err
	}
	tx := begun.(*txn)
	defer tx.Discard()
	h.read = tx.ReadLSN()
	for range 1 + rng.IntN(4) {
		switch rng.IntN(3) {
		case 0:
			err = h.get(tx, rng.IntN(historyKeys))
		case 1:
			err = h.walk(tx, rng)
		case 2:
			if w := write(); w.value == "" {
				err = tx.Delete(historyKey(w.key))
			} else {
				err = tx.Set(historyKey(w.key), []byte(w.value))
			}
			h.overwrote[h.writes[len(h.writes)-1].key] = true
		}
		if err != nil {
			return err
		}
		runtime.Gosched() // or on few processors hardly two run at once
	}
	if rng.IntN(2) == 0 {
		runtime.Gosched() // so that others commit meanwhile, also on one busy processor
	}
	err = tx.Commit(kv.Durability(rng.IntN(2)))
	h.commit = tx.CommitLSN()
	if errors.Is(err, kv.ErrConflict) {
		h.conflict, err = true, nil
	}
	if (h.commit == 0) != (h.conflict || len(h.writes) == 0) {
		return fmt.Errorf("CommitLSN is %d: %+v", h.commit, *h)
	}
	return err
}

func (h *historyTxn) get(tx *txn, key int) error {
	value, err := tx.Get(nil, historyKey(key))
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return err
	}
	if !h.overwrote[key] {
		h.gets[key] = string(value)
	}
	return nil
}

// walk walks a part of a range, or all of it, in one of the directions. Own writes are left
// out of what is noted.
func (h *historyTxn) walk(tx *txn, rng *rand.Rand) error {
	first := rng.IntN(historyKeys)
	end := min(historyKeys, first+1+rng.IntN(8))
	lower, upper := historyKey(first), historyKey(end)
	if first == 0 {
		lower = nil
	}
	if end == historyKeys {
		upper = nil
	}
	w := historyWalk{first: first, last: end - 1, found: map[int]string{}}
	it, bound := txnBase(tx.Scan(lower, upper)), &w.last
	next := func() bool { return it.(kv.Iterator).Next() }
	if rng.IntN(2) == 0 {
		if err := it.Close(); err != nil {
			return err
		}
		it, bound = tx.ScanReverse(lower, upper), &w.first
		next = func() bool { return it.(kv.ReverseIterator).Prev() }
	}
	all := *bound
	steps := 1 + rng.IntN(10)
	for range steps {
		if !next() {
			steps = 0
			break
		}
		key, err := strconv.Atoi(string(it.Key()))
		if err != nil {
			return err
		}
		*bound = key
		if !h.overwrote[key] {
			w.found[key] = string(it.Value())
		}
	}
	if steps == 0 {
		*bound = all
	}
	h.walks = append(h.walks, w)
	for key := range h.overwrote {
		w.found[key] = "own"
	}
	return it.Close()
}

// judge checks a history.
func judge(t *testing.T, all []*historyTxn) {
	t.Helper()
	var versions [historyKeys][]version
	for _, h := range all {
		if h.commit != 0 {
			first := h.commit - uint64(len(h.writes)) + 1
			for i, w := range h.writes {
				versions[w.key] = append(versions[w.key], version{first + uint64(i), w.value})
			}
		}
	}
	for _, list := range versions {
		slices.SortFunc(list, func(a, b version) int { return cmp.Compare(a.seq, b.seq) })
	}
	at := func(key int, seq uint64) string {
		i, _ := slices.BinarySearchFunc(versions[key], seq+1, func(v version, seq uint64) int { return cmp.Compare(v.seq, seq) })
		if i == 0 {
			return ""
		}
		return versions[key][i-1].value
	}
	written := func(key int, after, before uint64) bool {
		return slices.ContainsFunc(versions[key], func(v version) bool { return v.seq > after && v.seq < before })
	}
	conflicts := 0
	for _, h := range all {
		if h.plain {
			continue
		}
		if h.read < h.beforeVisible {
			t.Errorf("a snapshot is of LSN %d, and %d was visible before", h.read, h.beforeVisible)
		}
		for key, value := range h.gets {
			if want := at(key, h.read); value != want {
				t.Errorf("at LSN %d key %d reads %q, want %q", h.read, key, value, want)
			}
		}
		for _, w := range h.walks {
			for key := w.first; key <= w.last; key++ {
				if value := w.found[key]; value != "own" && value != at(key, h.read) {
					t.Errorf("at LSN %d a walk finds %q for key %d, want %q", h.read, value, key, at(key, h.read))
				}
			}
		}
		from, to := h.read, h.commit-uint64(len(h.writes))+1
		if h.conflict {
			conflicts++
			to = h.afterAssigned + 1
		} else if len(h.writes) == 0 {
			continue
		}
		if met := h.meets(func(key int) bool { return written(key, from, to) }); met != h.conflict {
			t.Errorf("%v: snapshot %d, commit %d: somebody wrote there between: %v; %+v", h.level, h.read, h.commit, met, *h)
		}
	}
	t.Logf("%d of %d met conflicts", conflicts, len(all))
	if conflicts == 0 {
		t.Error("there was no conflict at all")
	}
}

// meets says whether a key of the footprint was written by others.
func (h *historyTxn) meets(written func(key int) bool) bool {
	for _, w := range h.writes {
		if written(w.key) {
			return true
		}
	}
	if h.level != kv.Serializable {
		return false
	}
	for key := range h.gets {
		if written(key) {
			return true
		}
	}
	for _, w := range h.walks {
		for key := w.first; key <= w.last; key++ {
			if written(key) {
				return true
			}
		}
	}
	return false
}
