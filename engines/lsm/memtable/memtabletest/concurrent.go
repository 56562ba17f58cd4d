package memtabletest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/testseed"
)

// testConcurrent runs writers that add versions to few keys, beside readers that get,
// seek and walk. Its goal is that reads are linearisable. Each key has a register that
// only rises: the newest sequence number known to be in the table. A writer raises it
// after its Add returned, a reader after its read returned. The following must hold:
//
//   - A Get of the newest version that starts after the register read s returns s or
//     newer. So an Add that returned is seen, and no read goes back in time behind
//     another read.
//   - A Get or seek at s itself returns exactly version s.
//   - A walk, upwards or downwards, is strictly sorted, shows every entry that was added before the iterator
//     was made, and shows no half entry: values say to which version they belong.
//
// This fails for a link that is published before the entry to which it leads, for an
// insert that is lost between two CAS, and for an iterator that skips a fresh node.
func testConcurrent(t *testing.T, f memtable.Factory) {
	for _, keys := range []int{1, 7, 300} {
		t.Run(fmt.Sprintf("keys=%d", keys), func(t *testing.T) {
			rng := testseed.Rand(t)
			c := newContest(t, f, keys, func(i int) []byte {
				return fmt.Appendf(nil, "key-%04d", rng.IntN(10)*1000+i)
			})
			c.run(4, scaled(1000), 4)
		})
	}
}

// testConcurrentNeighbours is testConcurrent with a new key in each Add. All writers
// insert ascending keys next to each other, which is where a splice becomes stale.
func testConcurrentNeighbours(t *testing.T, f memtable.Factory) {
	c := newContest(t, f, 4*scaled(1000), func(i int) []byte {
		return fmt.Appendf(nil, "%08d%s", i, bytes.Repeat([]byte{'x'}, i%5))
	})
	c.fresh = true
	c.run(4, scaled(1000), 3)
}

// testConcurrentBatches is testConcurrentNeighbours with batches: a writer that holds a
// lock for a batch meets others at the same place.
func testConcurrentBatches(t *testing.T, f memtable.Factory) {
	c := newContest(t, f, 4*scaled(1000), func(i int) []byte { return fmt.Appendf(nil, "%08d", i) })
	c.fresh, c.batch = true, 60
	c.run(4, scaled(1000), 3)
}

// contest is one table under concurrent use and what is known to be in it.
type contest struct {
	t     *testing.T
	mt    memtable.MemTable
	keys  [][]byte
	known []atomic.Uint64 // by key: newest version known to be in the table
	fresh bool            // each key is added once, in order
	batch int             // operations of a batch, at most; 0: each is added by itself
	seq   atomic.Uint64   // last sequence number given out
	logs  []addLog        // by writer
	fails atomic.Int32
}

// addLog is what one writer added, in its order. n is raised after the Add
// returned, so entries below n may be read by all.
type addLog struct {
	n    atomic.Int64
	adds []added
}

type added struct {
	key int
	seq ikey.Seq
}

func newContest(t *testing.T, f memtable.Factory, keys int, name func(i int) []byte) *contest {
	c := &contest{t: t, mt: newTable(t, f).mt, known: make([]atomic.Uint64, keys)}
	for i := range keys {
		c.keys = append(c.keys, name(i))
	}
	return c
}

// kindOf makes one version in five a tombstone.
func kindOf(seq ikey.Seq) ikey.Kind {
	if seq%5 == 0 {
		return ikey.Delete
	}
	return ikey.Set
}

func sizeOf(seq ikey.Seq) int {
	if kindOf(seq) == ikey.Delete {
		return 0
	}
	return 8 + int(seq%90)
}

func (c *contest) failf(format string, args ...any) {
	if c.fails.Add(1) <= 5 {
		c.t.Errorf(format, args...)
	}
}

func (c *contest) run(writers, perWriter, readers int) {
	c.logs = make([]addLog, writers)
	seed := testseed.New(c.t)
	var writing, reading sync.WaitGroup
	var done atomic.Bool
	for w := range writers {
		c.logs[w].adds = make([]added, perWriter)
		writing.Go(func() { c.write(&c.logs[w], rand.New(rand.NewPCG(seed, uint64(w)))) })
	}
	for r := range readers {
		reading.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(writers+r)))
			// Bounded, so that readers do not starve the writers of a slow table.
			for i := 0; i < 3*perWriter && !done.Load() && c.fails.Load() == 0; i++ {
				if i%100 == 99 {
					c.walk(i%200 == 199)
				}
				c.read(rng.IntN(len(c.keys)))
				runtime.Gosched()
			}
		})
	}
	writing.Wait()
	done.Store(true)
	reading.Wait()
	c.final()
}

func (c *contest) write(log *addLog, rng *rand.Rand) {
	for done := 0; done < len(log.adds); {
		some := log.adds[done:min(done+1+rng.IntN(max(c.batch, 1)), len(log.adds))]
		first := ikey.Seq(c.seq.Add(uint64(len(some)))) - ikey.Seq(len(some)) + 1
		for i := range some {
			some[i] = added{rng.IntN(len(c.keys)), first + ikey.Seq(i)}
			if c.fresh {
				some[i].key = int(some[i].seq - 1)
			}
		}
		c.add(some)
		done += len(some)
		log.n.Store(int64(done))
		for _, a := range some {
			raise(&c.known[a.key], uint64(a.seq))
		}
	}
}

func (c *contest) add(some []added) {
	if c.batch == 0 {
		user, seq := c.keys[some[0].key], some[0].seq
		c.mt.Add(ikey.New(user, seq, kindOf(seq)), valueOf(user, seq, sizeOf(seq)))
		return
	}
	var b kv.Batch
	for _, a := range some {
		if user := c.keys[a.key]; kindOf(a.seq) == ikey.Delete {
			b.Delete(user)
		} else {
			b.Set(user, valueOf(user, a.seq, sizeOf(a.seq)))
		}
	}
	memtable.AddBatch(c.mt, some[0].seq, b.Ops())
}

// raise sets a to the greater of a and v.
func raise(a *atomic.Uint64, v uint64) {
	for old := a.Load(); old < v && !a.CompareAndSwap(old, v); old = a.Load() {
	}
}

// read gets key's newest version, then the version that is known, by Get and
// by seek.
func (c *contest) read(key int) {
	user := c.keys[key]
	low := ikey.Seq(c.known[key].Load())
	value, kind, ok := c.mt.Get(user, ikey.MaxSeq)
	switch {
	case !ok:
		if low > 0 {
			c.failf("Get(%q) finds nothing, version %d is in the table", user, low)
		}
	case kind == ikey.Set:
		seq, err := checkValue(user, value)
		if err != nil {
			c.failf("Get: %v", err)
		} else if seq < low || uint64(seq) > c.seq.Load() {
			c.failf("Get(%q) = version %d, want one in [%d, %d]", user, seq, low, c.seq.Load())
		}
		raise(&c.known[key], uint64(seq))
	}
	if low == 0 {
		return
	}
	value, kind, ok = c.mt.Get(user, low)
	if !ok || kind != kindOf(low) || !bytes.Equal(value, valueOf(user, low, sizeOf(low))) {
		c.failf("Get(%q, %d) = %s, kind %d, %v, want that version", user, low, short(value), kind, ok)
	}
	it := c.mt.NewIterator()
	if k := ikey.New(user, low, kindOf(low)); !it.SeekGE(ikey.SeekKey(user, low)) || ikey.Compare(it.Key(), k) != 0 {
		c.failf("seek to %v does not find it", k)
	}
	if err := it.Close(); err != nil {
		c.failf("Close: %v", err)
	}
}

// walk reads everything with one iterator, upwards or downwards.
func (c *contest) walk(downwards bool) {
	before := make([]int64, len(c.logs))
	for i := range c.logs {
		before[i] = c.logs[i].n.Load()
	}
	it := newWalk(c.mt, downwards)
	seen := map[ikey.Seq]bool{}
	var last ikey.Key
	for it.Next() {
		k := it.Key()
		if len(seen) > 0 && !it.follows(last, k) {
			c.failf("walk went from %v to %v", last, k)
			return
		}
		seq := k.Trailer.Seq()
		if v := it.Value(); k.Trailer.Kind() != kindOf(seq) || !bytes.Equal(v, valueOf(k.User, seq, sizeOf(seq))) {
			c.failf("walk: %v has value %s", k, short(v))
		}
		last, seen[seq] = k, true
	}
	for i, n := range before {
		for _, a := range c.logs[i].adds[:n] {
			if !seen[a.seq] {
				c.failf("walk of %d entries lacks version %d of %q, added before it", len(seen), a.seq, c.keys[a.key])
				return
			}
		}
	}
	if err := it.Close(); err != nil {
		c.failf("Close: %v", err)
	}
}

// final compares the table at rest with the model.
func (c *contest) final() {
	var m model
	for i := range c.logs {
		for _, a := range c.logs[i].adds {
			m.add(ikey.New(c.keys[a.key], a.seq, kindOf(a.seq)), valueOf(c.keys[a.key], a.seq, sizeOf(a.seq)))
		}
	}
	if c.t.Failed() {
		return
	}
	if err := m.agree(c.mt); err != nil {
		c.t.Error(err)
	}
}
