// Package skiplist is a MemTable: a lock-free skiplist in an arena. Its links contain
// abbreviated keys, and an index over the abbreviations leads into its lower levels.
//
// Invariants:
//
//  1. A node's key, trailer and value never change once a link leads to it. Its links
//     change only by compare-and-swap.
//  2. Nodes are never unlinked. All memory is released at once, in Release. So there is
//     nothing to reclaim while readers run, and a node that was found is a correct start
//     for every later search of a greater key.
//  3. Each level is sorted by [ikey.Compare]. A node that is linked on a level is linked
//     on all levels below.
//  4. With the abbreviator of one epoch, a smaller abbreviation means a smaller key.
//     Abbreviations of different epochs are not compared.
//  5. A coder (abbreviator and index) never changes once it is published, except for
//     the words of its index. These are hints: each leads to a node that is linked on as
//     many levels as the word says.
//
// Concurrency: an Add takes effect at its compare-and-swap on level 0, a Get at its
// last load of a level 0 link. Both lie between call and return, and the upper levels
// and the index only choose where level 0 is entered. So the table is linearisable. An
// Add repeats a compare-and-swap only after another Add made progress, or after a link
// got a newer abbreviation, which happens at most once for each link and epoch. So Add
// is lock-free. Get is wait-free, except for entries that are added right before its
// key. The arena is an exception to both: it takes a lock for each new chunk of 2 MiB.
//
// Memory: an entry takes 8 bytes for the trailer, 4 for sizes, 1.6 times 8 for links,
// the key and the value, rounded up to 8. This makes 141 bytes for 16 + 100. The index
// of a large table takes 1 MiB. Neither Add nor Get allocates on the Go heap, and the
// heap holds no pointer to an entry. So the time of a garbage collection does not
// depend on the size of the table.
//
// Sources: Pugh, "Skip Lists" (CACM 1990); lock-free insertion: Fraser (2004) and
// Herlihy, Lev, Luchangco, Shavit, "A Provably Correct Scalable Concurrent Skip List"
// (2006); towers cut to their height in an arena: arenaskl of Pebble and Badger, after
// RocksDB's InlineSkipList; abbreviated keys: Pebble's batchskl; an index that leads
// into the lower levels: Oshman and Shavit, "The SkipTrie" (PODC 2013).
//
// Measured (1M entries of 16 + 100 bytes, random order, one goroutine, processor time,
// median of 3 interleaved rounds; Xeon at 2 GHz with 2 cores shared with other work, Go
// 1.26.8; go test -bench Choices -benchtime 1x):
//
//	                                        add ns       get ns    bytes/entry
//	                                   binary  user  binary  user
//	a plain skiplist, half of each level 3304  3320    3634  3790     144.0
//	+ abbreviations in links             2226  1942    2266  2509     144.0
//	+ index of 2^16                      1580  1471    1789  1668     144.7
//	+ index of 2^17 instead              1479  1313    1251  1670     145.7
//	  (2^16, 1/4 of each level)          1645  1574    1914  1804     139.4
//	  (2^16, 7/19 of each level)         1532  1433    1723  1657     141.4
//
// The table uses 3/8 and 2^17. With a shortcut at the end of the table, an ascending
// add costs 230 to 250 ns. Taking the shortcut also while others append gained nothing
// and was dropped. The rest of the time is spent in cache misses.
package skiplist

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

const maxHeight = 20 // enough for 300 million entries with 3/8 of each level

// table is a MemTable; [New] makes one. See the package comment for its invariants.
type table struct {
	arena    *arena.Arena
	coder    atomic.Pointer[coder]
	height   atomic.Int32 // levels in use, at least 1
	counted  atomic.Int64 // see countBits
	learning atomic.Bool
	tune     tuning

	_     [64]byte                 // separates the cache lines that every call reads from those that appending writes
	tails [maxHeight]atomic.Uint32 // for each level, a node that is linked there, most likely the last one; 0 for none
	_     [64]byte

	head struct { // a node without an entry: its links, and then the place of its trailer
		links [maxHeight]atomic.Uint64
		node  node
	}
}

// tuning holds the choices that tests make badly on purpose.
type tuning struct {
	height    func(random uint64) int // returns 1 to maxHeight
	countBits int
	lessons   []lesson
	fickle    bool // use each new abbreviator, even if it is not better
}

var defaultTuning = tuning{height: threeEighths, countBits: countBits, lessons: defaultLessons}

// threeEighths gives each level 3/8 of the nodes of the level below, which is near the
// 1/e that needs the fewest comparisons. It uses the low 60 bits of random.
func threeEighths(random uint64) int {
	h := 1
	for ; random&7 < 3 && h < maxHeight; random >>= 3 {
		h++
	}
	return h
}

// New returns an empty table; it is a [memtable.Factory].
func New(memtable.Options) memtable.MemTable { return newTable(defaultTuning) }

func newTable(tune tuning) *table {
	t := &table{arena: arena.New(), tune: tune}
	t.height.Store(1)
	t.coder.Store(&coder{})
	return t
}

func (t *table) headNode() *node { return &t.head.node }

// Get implements [memtable.MemTable].
func (t *table) Get(user []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool) {
	tg := t.newTarget(ikey.SeekKey(user, seq))
	l := t.find(&tg)
	if l.ref() == 0 || l.epoch() == tg.epoch && l.abbrev() != tg.abbrev {
		return nil, 0, false
	}
	n := nodeAt(t.arena, l.ref())
	if !bytes.Equal(n.User(), user) {
		return nil, 0, false
	}
	return n.Value(), n.Trailer.Kind(), true
}

// Add implements [memtable.MemTable].
func (t *table) Add(k ikey.Key, value []byte) {
	random := rand.Uint64()
	height := t.tune.height(random)
	tg := t.newTarget(k)
	var sp splice
	if !t.findEnd(&sp, &tg, height) {
		t.findSplice(&sp, &tg, height)
	}
	ref, n := newNode(t.arena, height, k, value)
	t.insert(ref, n, height, &sp, &tg)
	if tg.epoch != 0 {
		tg.offer(ref, height, tg.abbrev)
	}
	if random>>(64-t.tune.countBits) == 0 {
		t.count()
	}
}

// insert links n level by level, from the lowest. n is in the table once level 0 is
// done. A node that is found on a level is linked on those below (invariant 3).
func (t *table) insert(ref arena.Ref, n *node, height int, sp *splice, tg *target) {
	self := newLink(ref, tg.epoch, tg.abbrev)
	for level := range height {
		for {
			prev, next := sp.prev[level], sp.next[level]
			if invariants.Enabled {
				t.check(prev, n, next)
			}
			n.link(level).Store(uint64(next))
			if prev.link(level).CompareAndSwap(uint64(next), uint64(self)) {
				break
			}
			// Another node was linked here, or the link got a newer abbreviation.
			sp.prev[level], sp.next[level] = t.advance(prev, level, tg, 0, noLimit)
		}
		if sp.next[level] == 0 {
			t.tails[level].Store(uint32(ref))
		}
	}
	for top := t.height.Load(); int(top) < height; top = t.height.Load() {
		t.height.CompareAndSwap(top, int32(height))
	}
}

// check panics if n does not belong between prev and next.
func (t *table) check(prev, n *node, next link) {
	k := n.Key()
	if prev != t.headNode() && !prev.Before(k) || next.ref() != 0 && nodeAt(t.arena, next.ref()).Before(k) {
		panic(fmt.Sprintf("skiplist: %v does not belong at its place", k))
	}
}

// Size implements [memtable.MemTable].
func (t *table) Size() int64 {
	return int64(unsafe.Sizeof(*t)+unsafe.Sizeof(*t.arena)) + t.arena.Size()
}

// Release implements [memtable.MemTable].
func (t *table) Release() { t.arena.Release() }

// NewIterator implements [memtable.MemTable].
func (t *table) NewIterator() ikey.Iterator { return &iterator{t: t} }
