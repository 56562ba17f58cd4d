package skiplist

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

const (
	maxHeight = 20
	linkSize  = 8
	maxEpoch  = 3
)

// link is the word that leads from a node to the next one of a level:
//
//	| abbreviation of the next key 32 | epoch 2 | reference of the next node 30 |
//
// 0 is the end of the level.
type link uint64

const (
	epochShift = 30
	refMask    = 1<<epochShift - 1
)

func (l link) ref() arena.Ref { return arena.Ref(l & refMask) }
func (l link) epoch() uint32  { return uint32(l) >> epochShift }
func (l link) abbrev() uint32 { return uint32(l >> 32) }

func newLink(ref arena.Ref, epoch, abbrev uint32) uint64 {
	return uint64(abbrev)<<32 | uint64(epoch<<epochShift|uint32(ref))
}

// Table is a MemTable.
type Table struct {
	arena *arena.Arena
	tune  tuning

	height atomic.Int32             // levels in use
	coder  atomic.Pointer[coder]    // how new links abbreviate
	tails  [maxHeight]atomic.Uint32 // by level: a node linked there, likely the last
	tall   atomic.Int64             // nodes of tallHeight or more
	mu     sync.Mutex               // one learner at a time

	head struct {
		links [maxHeight]uint64
		node  node
	}
}

// coder is an abbreviator and the epoch that marks its links.
type coder struct {
	abbreviator
	epoch uint32
}

// tuning are choices that tests make badly on purpose.
type tuning struct {
	fixedHeight int // 0: random
	maxHeight   int
	learnAt     [maxEpoch]int64
	tallHeight  int
}

var defaultTuning = tuning{maxHeight: maxHeight, tallHeight: 8, learnAt: [maxEpoch]int64{2, 64, 1024}}

// New returns an empty table; it is a [memtable.Factory].
func New(o memtable.Options) memtable.MemTable { return newTable(defaultTuning) }

func newTable(tune tuning) *Table {
	t := &Table{arena: arena.New(), tune: tune}
	t.height.Store(1)
	t.coder.Store(&coder{})
	return t
}

// randomHeight
func (t *Table) randomHeight() int {
	if t.tune.fixedHeight != 0 {
		return t.tune.fixedHeight
	}
	return 1 + bits.TrailingZeros64(rand.Uint64()|1<<(t.tune.maxHeight-1))
}

// target is a key that is searched for and its abbreviation.
type target struct {
	ikey.Key
	abbrev uint32
	epoch  uint32
	coder  *coder
}

func (t *Table) newTarget(k ikey.Key) target {
	c := t.coder.Load()
	tg := target{Key: k, epoch: c.epoch, coder: c}
	if c.epoch != 0 {
		tg.abbrev = c.of(k.User)
	}
	return tg
}

// advance walks level from n, a node before the target, to the last node before
// it, and returns that and its link. known is a node known to be at or after the target.
func (t *Table) advance(n *node, level int, tg *target, known arena.Ref) (*node, link) {
	for {
		p := n.link(level)
		l := link(p.Load())
		ref := l.ref()
		if ref == 0 || ref == known {
			return n, l
		}
		var next *node
		if l.epoch() == tg.epoch && l.abbrev() != tg.abbrev {
			if l.abbrev() > tg.abbrev {
				return n, l
			}
			n = nodeAt(t.arena, ref)
			continue
		}
		next = nodeAt(t.arena, ref)
		if l.epoch() != tg.epoch {
			nl := newLink(ref, tg.epoch, tg.coder.of(next.user()))
			if l.epoch() < tg.epoch && p.CompareAndSwap(uint64(l), nl) {
				l = link(nl)
			}
		}
		if !next.before(tg.Key) {
			return n, l
		}
		n = next
	}
}

func (t *Table) headNode() *node { return &t.head.node }

// seek returns the first node >= k or nil.
func (t *Table) seek(k ikey.Key) *node {
	tg := t.newTarget(k)
	n := t.headNode()
	var l link
	for level := int(t.height.Load()) - 1; level >= 0; level-- {
		n, l = t.advance(n, level, &tg, l.ref())
	}
	if l.ref() == 0 {
		return nil
	}
	return nodeAt(t.arena, l.ref())
}

// Get implements [memtable.MemTable].
func (t *Table) Get(user []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool) {
	tg := t.newTarget(ikey.SeekKey(user, seq))
	n := t.headNode()
	var l link
	for level := int(t.height.Load()) - 1; level >= 0; level-- {
		n, l = t.advance(n, level, &tg, l.ref())
	}
	if l.ref() == 0 || l.epoch() == tg.epoch && l.abbrev() != tg.abbrev {
		return nil, 0, false
	}
	n = nodeAt(t.arena, l.ref())
	if !bytes.Equal(n.user(), user) {
		return nil, 0, false
	}
	return n.value(), n.trailer.Kind(), true
}

// Add implements [memtable.MemTable].
func (t *Table) Add(k ikey.Key, value []byte) {
	height := t.randomHeight()
	tg := t.newTarget(k)
	var prev [maxHeight]*node
	var next [maxHeight]link
	if !t.spliceAtEnd(&prev, &next, height, &tg) {
		n := t.headNode()
		var l link
		top := int(t.height.Load())
		for level := top; level < height; level++ {
			prev[level] = n
		}
		for level := top - 1; level >= 0; level-- {
			n, l = t.advance(n, level, &tg, l.ref())
			if level < height {
				prev[level], next[level] = n, l
			}
		}
	}
	ref, n := newNode(t.arena, height, k, value)
	self := newLink(ref, tg.epoch, tg.abbrev)
	for level := range height {
		for {
			n.link(level).Store(uint64(next[level]))
			if prev[level].link(level).CompareAndSwap(uint64(next[level]), self) {
				break
			}
			prev[level], next[level] = t.advance(prev[level], level, &tg, 0)
		}
		if next[level] == 0 {
			t.tails[level].Store(uint32(ref))
		}
	}
	for top := t.height.Load(); int(top) < height; top = t.height.Load() {
		t.height.CompareAndSwap(top, int32(height))
	}
	if height >= t.tune.tallHeight {
		t.grown()
	}
}

// spliceAtEnd
func (t *Table) spliceAtEnd(prev *[maxHeight]*node, next *[maxHeight]link, height int, tg *target) bool {
	ref := arena.Ref(t.tails[0].Load())
	if ref == 0 {
		return false
	}
	var starts [maxHeight]arena.Ref
	for level := 1; level < height; level++ {
		starts[level] = arena.Ref(t.tails[level].Load())
	}
	last := nodeAt(t.arena, ref)
	if last.link(0).Load() != 0 || !last.before(tg.Key) {
		return false
	}
	prev[0] = last
	for level := 1; level < height; level++ {
		n := t.headNode()
		if starts[level] != 0 {
			n = nodeAt(t.arena, starts[level])
		}
		prev[level], next[level] = t.advance(n, level, tg, 0)
	}
	return true
}

// grown
func (t *Table) grown() {
	c := t.coder.Load()
	if tall := t.tall.Add(1); c.epoch == maxEpoch || tall != t.tune.learnAt[0] && tall != t.tune.learnAt[1] && tall != t.tune.learnAt[2] {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c = t.coder.Load()
	sample := t.sample()
	if len(sample) < 2 {
		return
	}
	ab := learn(sample)
	if c.epoch == 0 || ab.resolution(sample) > c.resolution(sample)+len(sample) {
		t.coder.Store(&coder{*ab, c.epoch + 1})
	}
}

// sample returns keys of the table in order
func (t *Table) sample() [][]byte {
	var keys [][]byte
	for level := int(t.height.Load()) - 1; level >= 0 && len(keys) < 64; level-- {
		keys = keys[:0]
		n := t.headNode()
		for len(keys) < 1024 {
			ref := link(n.link(level).Load()).ref()
			if ref == 0 {
				break
			}
			n = nodeAt(t.arena, ref)
			keys = append(keys, n.user())
		}
	}
	return keys
}

// Size implements [memtable.MemTable].
func (t *Table) Size() int64 { return t.arena.Size() + int64(unsafe.Sizeof(*t)) }

// Release implements [memtable.MemTable].
func (t *Table) Release() { t.arena.Release() }

// NewIterator implements [memtable.MemTable].
func (t *Table) NewIterator() ikey.Iterator { return &iterator{t: t} }

type iterator struct {
	t *Table
	n *node
}

func (it *iterator) First() bool {
	it.n = it.t.headNode()
	return it.Next()
}

func (it *iterator) SeekGE(k ikey.Key) bool {
	it.n = it.t.seek(k)
	return it.n != nil
}

func (it *iterator) Next() bool {
	ref := link(it.n.link(0).Load()).ref()
	if ref == 0 {
		it.n = nil
		return false
	}
	it.n = nodeAt(it.t.arena, ref)
	return true
}

func (it *iterator) Key() ikey.Key { return ikey.Key{User: it.n.user(), Trailer: it.n.trailer} }
func (it *iterator) Value() []byte { return it.n.value() }
func (it *iterator) Close() error  { return nil }
