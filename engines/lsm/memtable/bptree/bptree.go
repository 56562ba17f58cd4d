package bptree

import (
	"bytes"
	"sync"
	"sync/atomic"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/internal/entry"
)

// tree is a MemTable. See the package comment for its invariants.
type tree struct {
	mem      *arena.Arena
	leafCap  int // entries of a full leaf
	innerCap int // children of a full inner node
	first    arena.Ref
	root     atomic.Uint64 // rootRef
	// tail is a leaf near the end of the table, and tailHead is the head of its lower
	// fence. They are a hint where inserts of rising keys begin; neither has to be
	// exact.
	tail     atomic.Uint32
	tailHead atomic.Uint64

	grow sync.Mutex // only its holder may change root
	// slab is the memory from which new nodes are cut; see allocNode.
	slab struct {
		sync.Mutex
		next arena.Ref
		left uintptr // bytes
	}
}

// New returns an empty table.
func New(o memtable.Options) memtable.MemTable { return newTree(o, leafSlots, innerSlots) }

// newTree returns a table whose nodes have the given capacities: leafCap >= 2, innerCap
// >= 3. Tests choose small ones.
func newTree(_ memtable.Options, leafCap, innerCap int) *tree {
	t := &tree{mem: arena.New(), leafCap: leafCap, innerCap: innerCap}
	ref, l := t.newLeaf()
	l.meta = newMeta(0, 0, 0)
	t.first = ref
	t.root.Store(uint64(newRootRef(ref, 0)))
	return t
}

// Add implements [memtable.MemTable].
func (t *tree) Add(k ikey.Key, value []byte) {
	a := appender{t: t}
	t.add(&a, t.newEntry(t.mem.Alloc(entry.Size(k, value)), k, value), k)
	a.release()
}

// largeBatch is the size in bytes from which AddBatch collects the words of a leaf.
const largeBatch = 1 << 10

// AddBatch implements [memtable.BatchAdder]. Where keys rise behind all others, it
// locks the last leaf once for as many entries as the leaf has room for.
func (t *tree) AddBatch(first ikey.Seq, ops memtable.Ops) {
	if ops.Left() < largeBatch {
		t.addBatch(&appender{t: t}, first, ops)
		return
	}
	var pending [leafSlots]word
	t.addBatch(&appender{t: t, pending: &pending}, first, ops)
}

// addBatch adds the operations with the appender, and releases the appender at the end.
func (t *tree) addBatch(a *appender, first ikey.Seq, ops memtable.Ops) {
	memory := t.mem.Span()
	for seq := first; ops.Next(); seq++ {
		k := ikey.New(ops.Key, seq, ikey.Kind(ops.Kind))
		// The rest of the batch takes at least as many bytes as entries as it takes encoded.
		ref := memory.Alloc(entry.Size(k, ops.Value), ops.Left())
		t.add(a, t.newEntry(ref, k, ops.Value), k)
	}
	a.release()
	memory.Close()
}

// add puts the entry at ref, which has key k, into the table.
func (t *tree) add(a *appender, ref arena.Ref, k ikey.Key) {
	if !a.append(ref, k) {
		a.release()
		t.insert(ref, k)
	}
}

// Get implements [memtable.MemTable].
func (t *tree) Get(user []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool) {
	k := ikey.SeekKey(user, seq)
	at, known := t.descend(k, 0, nil)
	for {
		l := t.leaf(at)
		l.touch()
		m, lnk := l.load()
		if !t.covers(lnk, known, k) {
			at = lnk.next()
			continue
		}
		var ref arena.Ref
		if m&locked == 0 {
			if pos := t.searchLeaf(l, m, k); pos < m.start()+m.count() {
				ref = entryOf(l.slots[pos].Load())
			}
		}
		if m&locked != 0 || !l.is(m) {
			if ref, lnk = t.searchCopy(l, k); !t.covers(lnk, known, k) {
				at = lnk.next()
				continue
			}
		}
		if ref == 0 {
			// The upper fence is an entry too: the first one behind this leaf.
			if ref = lnk.high(); ref == 0 {
				return nil, 0, false
			}
		}
		e := t.entry(ref)
		if !bytes.Equal(e.User(), user) {
			return nil, 0, false
		}
		return e.Value(), e.Trailer.Kind(), true
	}
}

// searchCopy searches a copy of the leaf, while a writer changes the leaf. It returns
// the first entry >= k, or 0 if there is none, and the link that belongs to the copy.
func (t *tree) searchCopy(l *leaf, k ikey.Key) (arena.Ref, link) {
	var refs [leafSlots]arena.Ref
	n, lnk := t.copyLeaf(l, &refs)
	if i := t.searchRefs(refs[:n], k); i < n {
		return refs[i], lnk
	}
	return 0, lnk
}

// searchRefs returns the index of the first entry >= k in refs.
func (t *tree) searchRefs(refs []arena.Ref, k ikey.Key) int {
	lo, hi := 0, len(refs)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if t.compare(refs[mid], k) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// findLeaf is descend to a leaf for an insert, except that keys at the end of the table
// need no descent.
func (t *tree) findLeaf(k ikey.Key, p *path) (at, known arena.Ref) {
	if tail := arena.Ref(t.tail.Load()); tail != 0 && skip(0).head64(k) >= t.tailHead.Load() &&
		t.compare(t.node(tail).low, k) <= 0 {
		return tail, 0
	}
	return t.descend(k, 0, p)
}

// setTail makes the leaf at ref the hint for inserts of rising keys.
func (t *tree) setTail(ref arena.Ref) {
	t.tailHead.Store(skip(0).head64(t.key(t.node(ref).low)))
	t.tail.Store(uint32(ref))
}

// Size implements [memtable.MemTable].
func (t *tree) Size() int64 { return t.mem.Size() }

// Release implements [memtable.MemTable].
func (t *tree) Release() { t.mem.Release() }
