package rbtree

import (
	"bytes"
	"sync"
	"sync/atomic"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

// table is a MemTable. See the package comment for its invariants.
type table struct {
	mem   *arena.Arena
	tune  tuning
	first arena.Ref     // the first segment
	dir   atomic.Uint32 // the current directory

	splitting sync.Mutex // held during a split; guards the fields below and the directory
	order     []placed   // buffer of a split: its entries in order
	shapes    [2]*shape  // of the two halves of the last split
}

// tuning is what tests choose badly on purpose.
type tuning struct {
	lines int  // lines of a segment, 2 to maxLines
	blind bool // every search starts at the first segment
}

var defaultTuning = tuning{lines: 256}

// New returns an empty table; it is a [memtable.Factory].
func New(o memtable.Options) memtable.MemTable { return newTable(o, defaultTuning) }

func newTable(_ memtable.Options, tune tuning) *table {
	t := &table{mem: arena.New(), tune: tune}
	t.first, _ = t.newSegment(0, 0)
	dir, _ := t.newDirectory(16)
	t.dir.Store(uint32(dir))
	return t
}

// Add implements [memtable.MemTable].
func (t *table) Add(k ikey.Key, value []byte) {
	e := t.newEntry(k, value)
	s := t.find(k)
	for {
		s.mu.Lock()
		h := t.head(&s.abbrev, k)
		var p path
		if next := s.next.Load(); t.descend(s, k, h, &p) && next != 0 && !t.startsAfter(next, k) {
			s.mu.Unlock()
			s = t.segment(arena.Ref(next))
			continue
		}
		if !t.insert(s, &p, h, e) {
			t.split(s, k, e)
		}
		s.mu.Unlock()
		return
	}
}

// Get implements [memtable.MemTable].
func (t *table) Get(user []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool) {
	k := ikey.SeekKey(user, seq)
	s := t.find(k)
	for {
		found, next := t.seek(s, k)
		if found == 0 {
			if next == 0 {
				return nil, 0, false
			}
			s = t.segment(arena.Ref(next))
			if !t.startsAfter(next, k) {
				continue
			}
			found = s.low
		}
		e := t.entry(found)
		if !bytes.Equal(e.User(), user) {
			return nil, 0, false
		}
		return e.Value(), e.Trailer.Kind(), true
	}
}

// seek returns the first entry >= k of s. If s has none, found is 0 and next is the
// segment after s.
func (t *table) seek(s *segment, k ikey.Key) (found arena.Ref, next uint32) {
	for retries := 0; ; retries++ {
		v, locked := s.begin(retries)
		n, ok := t.search(s, k, t.head(&s.abbrev, k))
		next = s.next.Load()
		if s.end(v, locked) && ok {
			return n.entry(), next
		}
	}
}

// Size implements [memtable.MemTable].
func (t *table) Size() int64 { return t.mem.Size() }

// Release implements [memtable.MemTable].
func (t *table) Release() { t.mem.Release() }
