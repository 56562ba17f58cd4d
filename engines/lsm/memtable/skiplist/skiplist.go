// Package skiplist TODO
package skiplist

import (
	"bytes"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

const maxHeight = 20

// Table is a MemTable. Use [New].
type Table struct {
	arena    *arena.Arena
	coder    atomic.Pointer[coder]
	height   atomic.Int32 // levels in use, at least 1
	counted  atomic.Int64
	learning atomic.Bool
	tune     tuning

	_     [64]byte                 // what all read, apart from what appending writes
	tails [maxHeight]atomic.Uint32 // by level: a node linked there, most likely the last; 0: none
	_     [64]byte

	head struct { // a node without an entry; its links, and where its trailer would be
		links [maxHeight]atomic.Uint64
		node  node
	}
}

// tuning holds the choices that tests make badly on purpose.
type tuning struct {
	height    func(random uint64) int // from 1 to maxHeight
	countBits int
	lessons   []lesson
}

var defaultTuning = tuning{height: halving, countBits: countBits, lessons: defaultLessons}

// halving gives each level half the nodes of the level below.
func halving(random uint64) int { return 1 + bits.TrailingZeros64(random|1<<(maxHeight-1)) }

// New returns an empty table; it is a [memtable.Factory].
func New(memtable.Options) memtable.MemTable { return newTable(defaultTuning) }

func newTable(tune tuning) *Table {
	t := &Table{arena: arena.New(), tune: tune}
	t.height.Store(1)
	t.coder.Store(&coder{})
	return t
}

func (t *Table) headNode() *node { return &t.head.node }

// Get implements [memtable.MemTable].
func (t *Table) Get(user []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool) {
	tg := t.newTarget(ikey.SeekKey(user, seq))
	l := t.find(&tg)
	if l.ref() == 0 || l.epoch() == tg.epoch && l.abbrev() != tg.abbrev {
		return nil, 0, false
	}
	n := nodeAt(t.arena, l.ref())
	if !bytes.Equal(n.user(), user) {
		return nil, 0, false
	}
	return n.value(), n.trailer.Kind(), true
}

// Add implements [memtable.MemTable].
func (t *Table) Add(k ikey.Key, value []byte) {
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

// insert links n level by level, from the lowest: it is in the table once level
// 0 is done, and a node that is found on a level is linked on those below.
func (t *Table) insert(ref arena.Ref, n *node, height int, sp *splice, tg *target) {
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
			// Another node came between, or a better abbreviation of next.
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
func (t *Table) check(prev, n *node, next link) {
	k := ikey.Key{User: n.user(), Trailer: n.trailer}
	if prev != t.headNode() && !prev.before(k) || next.ref() != 0 && nodeAt(t.arena, next.ref()).before(k) {
		panic(fmt.Sprintf("skiplist: %v does not belong at its place", k))
	}
}

// Size implements [memtable.MemTable].
func (t *Table) Size() int64 {
	return int64(unsafe.Sizeof(*t)+unsafe.Sizeof(*t.arena)) + t.arena.Size()
}

// Release implements [memtable.MemTable].
func (t *Table) Release() { t.arena.Release() }

// NewIterator implements [memtable.MemTable].
func (t *Table) NewIterator() ikey.Iterator { return &iterator{t: t} }
