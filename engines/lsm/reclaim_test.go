package lsm

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// stoppedClock is the clock of a store in a test: time passes when the test says so.
type stoppedClock struct {
	mu sync.Mutex
	at time.Time
}

// stopClock stops the clock of db, whose TickInterval must be so long that no tick asks
// for the time.
func stopClock(t *testing.T, db *DB) *stoppedClock {
	t.Helper()
	check(t, db.Settle()) // what runs asks for the time too
	c := &stoppedClock{at: db.history.clock()}
	db.history.clock = c.now
	return c
}

func (c *stoppedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// pass lets d pass and does what the tick does then, and waits until the work in the
// background is done.
func (c *stoppedClock) pass(t *testing.T, db *DB, d time.Duration) {
	t.Helper()
	c.mu.Lock()
	c.at = c.at.Add(d)
	c.mu.Unlock()
	db.expire()
	check(t, db.Settle())
}

// reclaimer is one run of TestReclaim.
type reclaimer struct {
	t       *testing.T
	rng     *rand.Rand
	opts    Options
	db      *DB
	clock   *stoppedClock
	readers []kv.Snapshot
	log     []string
}

const reclaimKeys = 40

func (r *reclaimer) open() {
	r.t.Helper()
	db, err := Open("db", r.opts)
	check(r.t, err)
	r.db, r.clock = db, stopClock(r.t, db)
}

func (r *reclaimer) note(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf(format, args...))
}

// step does one random thing.
func (r *reclaimer) step() {
	r.t.Helper()
	switch p := r.rng.IntN(100); {
	case p < 45:
		r.write((*kv.Batch).Set)
	case p < 50:
		r.write(func(b *kv.Batch, key, _ []byte) { b.Delete(key) })
	case p < 60:
		r.note("flush")
		check(r.t, r.db.Flush())
	case p < 65:
		r.note("compact")
		check(r.t, r.db.Compact())
	case p < 80:
		r.begin()
	case p < 90 && len(r.readers) > 0:
		r.endOne()
	case p < 99:
		r.letPass()
	default:
		r.reopen()
	}
}

// write applies a batch that does something to a random stretch of the keys.
func (r *reclaimer) write(do func(b *kv.Batch, key, value []byte)) {
	r.t.Helper()
	var b kv.Batch
	first := r.rng.IntN(reclaimKeys)
	last := min(reclaimKeys, first+1+r.rng.IntN(reclaimKeys))
	for i := first; i < last; i++ {
		do(&b, fmt.Appendf(nil, "key%03d", i), []byte("value"))
	}
	check(r.t, r.db.Apply(&b, kv.Buffered))
	r.note("keys %d to %d: LSN %d", first, last, r.db.LSN())
}

// begin begins a reader of the newest state, or of a past one that the policy keeps.
func (r *reclaimer) begin() {
	r.t.Helper()
	lsn := r.db.LSN()
	if floor := r.db.history.floor.Load(); r.rng.IntN(3) == 0 && r.opts.GC.Keeps() && floor < lsn {
		lsn -= r.rng.Uint64N(lsn - floor)
	}
	s, err := r.db.SnapshotAt(lsn)
	check(r.t, err)
	r.note("reader at %d", lsn)
	r.readers = append(r.readers, s)
}

func (r *reclaimer) endOne() {
	r.t.Helper()
	i := r.rng.IntN(len(r.readers))
	r.note("reader at %d ends", r.readers[i].(*snapshot).pin.seq)
	check(r.t, r.readers[i].Close())
	r.readers = slices.Delete(r.readers, i, i+1)
}

func (r *reclaimer) letPass() {
	r.t.Helper()
	d := time.Duration(r.rng.IntN(60)) * time.Minute
	r.note("%v", d)
	r.clock.pass(r.t, r.db, d)
}

func (r *reclaimer) reopen() {
	r.t.Helper()
	r.note("reopen")
	for len(r.readers) > 0 {
		r.endOne()
	}
	check(r.t, r.db.Close())
	r.open()
}

// judge checks that of no table an eighth or more is versions that a newer one in the
// same table hides from everybody. What a window holds is given back together, so judge
// waits for the end of that.
func (r *reclaimer) judge() {
	r.t.Helper()
	check(r.t, r.db.Settle())
	floor, pins := ikey.Seq(r.db.history.floor.Load()), r.db.pins.list()
	if r.opts.GC.Keeps() && floor < ikey.Seq(r.db.LSN()) {
		return
	}
	s := r.db.state.Load()
	for _, run := range s.runs {
		for _, table := range run {
			if n := garbageOf(r.t, table, floor, pins); 8*n >= table.Entries {
				r.t.Fatalf("%d of %d versions of a table are garbage, floor %d, pins %v, known %+v\n%s", n, table.Entries, floor, pins, table.hidden, strings.Join(r.log, ", "))
			}
		}
	}
}

// garbageOf counts the versions that nobody can read as a newer one in the table hides them.
func garbageOf(t *testing.T, of *table, floor ikey.Seq, pins []ikey.Seq) (n uint64) {
	t.Helper()
	it := levelIter{tables: []*table{of}}
	var user []byte
	var newer ikey.Seq
	for ok := it.First(); ok; ok = it.Next() {
		k := it.Key()
		seq := k.Trailer.Seq()
		if bytes.Equal(k.User, user) && newer <= floor {
			i, _ := slices.BinarySearch(pins, seq)
			if i == len(pins) || pins[i] >= newer {
				n++
			}
		}
		user, newer = append(user[:0], k.User...), seq
	}
	check(t, it.Close())
	return n
}

// TestReclaim does random things to a store, and then nothing but to end readers and to
// let time pass: no other write, flush or compaction comes. The space must be given back of
// all versions that nobody can read any more.
func TestReclaim(t *testing.T) {
	seed := testseed.New(t)
	runs := 100
	if testing.Short() {
		runs = 10
	}
	for _, style := range []CompactionStyle{Leveled, Tiered} {
		for _, policy := range []gc.Policy{{}, {Window: time.Hour}, {Window: time.Hour, PinAge: 3 * time.Hour}, {PinBytes: 1000}} {
			t.Run(fmt.Sprintf("%v, %+v", style, policy), func(t *testing.T) {
				for n := range runs {
					r := &reclaimer{t: t, rng: rand.New(rand.NewPCG(seed, uint64(n)))}
					r.opts = Options{FS: vfs.NewMem(), Compaction: style, GC: policy}.Small()
					r.opts.MemTableSize, r.opts.TickInterval = 1<<20, never
					r.run()
				}
			})
		}
	}
}

func (r *reclaimer) run() {
	r.t.Helper()
	r.open()
	for range 60 {
		r.step()
	}
	check(r.t, r.db.Flush())
	r.judge()
	for len(r.readers) > 0 {
		r.endOne()
		r.judge()
		r.letPass()
		r.judge()
	}
	r.clock.pass(r.t, r.db, time.Hour)
	if floor := r.db.history.floor.Load(); floor != r.db.LSN() {
		r.t.Fatalf("floor %d after the window, want the newest LSN, %d", floor, r.db.LSN())
	}
	r.judge()
	check(r.t, r.db.Close())
}
