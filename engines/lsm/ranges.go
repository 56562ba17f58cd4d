package lsm

import (
	"bytes"
	"sync"
	"sync/atomic"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
	"lsmlab/engines/lsm/rangedel"
)

// A range delete is one operation with an LSN, which hides all older versions in its range.
// It is not in a MemTable and not in a table, but in a set beside them: that of its
// MemTable, and from the flush on that of the version (manifest.Version.Ranges). So tables
// and their bounds know nothing of range deletes, and a read searches one set for all
// tables. RocksDB and Pebble keep range deletes in the tables of the level that they have
// sunk to, cut where those end, and search a set for each table; that one index of a whole
// store serves reads better is the finding of Wang, Mo and Luo ("Don't Forget Range Delete!",
// 2025).
//
// In exchange the manifest holds all range deletes that are still needed. They go by this
// rule:
//
//  1. A flush or compaction drops the versions that a range delete hides, as far as nobody
//     sees them (retain.go). A table that it writes is swept up to an LSN: it holds no
//     version that a range delete up to that LSN hides.
//  2. A range delete is done for a fragment when each table that meets that is swept up to
//     it, or has only newer versions. What is in MemTables is newer than every range delete
//     of the version, as flushes go oldest first.
//  3. It goes then, if besides no reader is older: a transaction that began before it must
//     meet a conflict (conflict.go).
//
// An output that is being written while a range delete comes to the version cannot bring
// back what that hides: its inputs are tables of the version, and not swept up to it, until
// the output takes their place, and that is not swept either.
//
// A table of which range deletes hide much is written again (planRewrite).

// memRanges is the range deletes of one MemTable. Readers take no lock.
type memRanges struct {
	mu  sync.Mutex // of those who add
	set atomic.Pointer[rangedel.Set]
}

func (r *memRanges) add(start, end []byte, seq ikey.Seq) {
	d := rangedel.Range{Start: bytes.Clone(start), End: bytes.Clone(end), Seq: seq}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set.Store(r.set.Load().Add(d))
}

// addApart adds the operations of a batch one by one, which have the LSNs from first on, if
// they are above done. It returns how many there were.
func (m *memHandle) addApart(first ikey.Seq, ops *kv.Ops, done ikey.Seq) int {
	seq := first
	for ; ops.Next(); seq++ {
		switch {
		case seq <= done:
		case ops.Kind == kv.OpDeleteRange:
			m.ranges.add(ops.Key, ops.Value, seq)
		default:
			m.table.Add(ikey.New(ops.Key, seq, ikey.Kind(ops.Kind)), ops.Value)
		}
	}
	return int(seq - first)
}

// get returns the newest version of key that is not newer than seq. That a range delete
// hides all of them is a Delete.
func (m *memHandle) get(key []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool) {
	set := m.ranges.set.Load()
	if set == nil {
		return m.table.Get(key, seq)
	}
	f := set.At(key)
	covered := f.Newest(seq)
	if covered == 0 {
		return m.table.Get(key, seq)
	}
	it := m.table.NewIterator()
	defer func() { _ = it.Close() }() // that of a MemTable meets no error
	if it.SeekGE(ikey.SeekKey(key, seq)) {
		if k := it.Key(); k.Trailer.Seq() > covered && bytes.Equal(k.User, key) {
			return it.Value(), k.Trailer.Kind(), true
		}
	}
	return nil, ikey.Delete, true
}

// rangesUpTo returns the range deletes of the table with LSNs up to seq.
func (m *memHandle) rangesUpTo(seq ikey.Seq) []rangedel.Range {
	if planted.Is(planted.RangeUnflushed) {
		return nil
	}
	return m.ranges.set.Load().Filter(func(_ rangedel.Fragment, s, _ ikey.Seq) bool { return s <= seq }).Ranges()
}

// initCover makes c that of a reader of s at seq, and says whether there is any range
// delete.
func (s *readState) initCover(c *rangedel.Cover, seq ikey.Seq) bool {
	c.Init(seq)
	for _, m := range s.mems {
		c.Add(m.ranges.set.Load())
	}
	c.Add(s.version.Ranges)
	return c.Any()
}

// dropRanges takes range deletes out of version, which is the one after edit, and has edit
// do so, if half of what the set holds can go: to write down what is left costs as much as
// that is. It is called under edits.mu.
func (db *DB) dropRanges(edit *manifest.Edit, version *manifest.Version) {
	if version.Ranges == nil {
		return
	}
	floor := ikey.Seq(db.history.floor.Load()) // before pins are listed: see history
	pins := db.pins.list()
	stripes := retainer{floor: floor, snapshots: pins}
	oldest := floor
	if len(pins) > 0 {
		oldest = min(oldest, pins[0])
	}
	left := version.Ranges.Filter(func(f rangedel.Fragment, seq, newer ikey.Seq) bool {
		if newer > 0 {
			if s := stripes.stripeOf(seq); s != above && s == stripes.stripeOf(newer) {
				return false // who sees it sees the newer one
			}
		}
		return seq > oldest || !done(version, &f, seq)
	})
	if left != nil && 2*left.Weight() > version.Ranges.Weight() {
		return
	}
	edit.Ranges = left.Ranges()
	edit.ClearRanges = db.state.Load().version.Ranges != nil
	edit.Past.Floor = max(edit.Past.Floor, floor) // older states lack what goes; see past.go
	version.Past.Floor = max(version.Past.Floor, floor)
	version.Ranges = left
}

// done says whether no table of v holds a version that the range delete of that LSN hides
// in f.
func done(v *manifest.Version, f *rangedel.Fragment, seq ikey.Seq) bool {
	if planted.Is(planted.RangeDroppedEarly) {
		return true
	}
	for _, level := range v.Levels {
		for _, t := range level {
			if t.MinSeq < seq && t.Swept < seq && meets(f, t) {
				return false
			}
		}
	}
	return true
}

// meets says whether a key of f lies within the bounds of t.
func meets(f *rangedel.Fragment, t *manifest.Table) bool {
	return bytes.Compare(f.Start, t.Largest) <= 0 && (f.End == nil || bytes.Compare(t.Smallest, f.End) < 0)
}

// coveredTable is a table of which range deletes hide enough for it to be written again, once
// no reader is older than seq.
type coveredTable struct {
	*table
	seq ikey.Seq
}

// leastCovered is the part of a table that must be covered for it to be written again; see
// hidden.worth.
const leastCovered = 1. / 8

// findCovered returns the tables of s that are covered. What is covered is estimated by the
// blocks between the bounds of a range.
func (s *tableSet) findCovered() (found []coveredTable) {
	if s.version.Ranges == nil {
		return nil
	}
	for _, run := range s.runs {
		for _, t := range run {
			part, newest := 0., ikey.Seq(0)
			for f := range s.version.Ranges.Fragments(t.Smallest) {
				if !meets(&f, t.Table) {
					break
				}
				if seq := f.Above(max(t.Swept, t.MinSeq)); seq > 0 {
					part += t.reader.Part(f.Start, f.End)
					newest = max(newest, seq)
				}
			}
			if part >= leastCovered {
				found = append(found, coveredTable{t, newest})
			}
		}
	}
	return found
}
