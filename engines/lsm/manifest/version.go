package manifest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/rangedel"
)

// NumLevels is the number of levels. Tables of L0 may overlap. Tables of one deeper
// level never do.
const NumLevels = 7

// Table describes one SSTable. It never changes once it is in a Version.
type Table struct {
	ID                uint64 // names the file; rises with each table that is made
	Size              int64  // bytes of the file
	Smallest, Largest []byte // user keys, both inclusive
	MinSeq, MaxSeq    ikey.Seq
	Entries, Deletes  uint64
	Hidden            Hidden
	// Swept, if not 0, says that the table holds no version that a range delete of the
	// version hides, if its LSN is not above Swept.
	Swept ikey.Seq
}

// Hidden says which versions of a table are there only for readers of earlier states.
type Hidden struct {
	Held uint64   // for snapshots and transactions that were open
	Past uint64   // for the floor alone
	Due  ikey.Seq // where the floor must be for all of Past to be garbage
}

// Overlaps says whether the range of the table meets [lo, hi]. Both ends are inclusive.
func (t *Table) Overlaps(lo, hi []byte) bool {
	return bytes.Compare(t.Smallest, hi) <= 0 && bytes.Compare(lo, t.Largest) <= 0
}

// LevelTable is a table at a level.
type LevelTable struct {
	Level int
	Table *Table
}

// TableRef names a table at a level.
type TableRef struct {
	Level int
	ID    uint64
}

// Edit is one atomic change of the set of tables: one manifest record.
type Edit struct {
	Added   []LevelTable
	Removed []TableRef
	// FlushedSeq, if not 0, says that every LSN up to it is in tables, so that the WAL
	// is needed only for later ones.
	FlushedSeq ikey.Seq
	// NextFileID, if not 0, is above every file number that was ever used.
	NextFileID uint64
	Log        LogIdentity // its fields that are not 0 replace those of the version
	// Past raises the floor of the version, unless it is lower, and adds to the rest.
	Past Past
	// Ranges are range deletes that come to those of the version; with ClearRanges, they
	// replace them.
	Ranges      []rangedel.Range
	ClearRanges bool
}

// LogIdentity is what the names and checksums of the store's log depend on; see package
// wal.
type LogIdentity struct {
	Epoch  uint64 // counts the openings of the store; below 1<<32
	Secret uint64 // drawn at random when the store was created
}

// after returns l, changed by the fields of newer that are not 0.
func (l LogIdentity) after(newer LogIdentity) LogIdentity {
	return LogIdentity{max(l.Epoch, newer.Epoch), cmp.Or(newer.Secret, l.Secret)}
}

// Version is one immutable set of tables. L0 is ordered newest first, by falling
// MaxSeq. Deeper levels are ordered by rising Smallest.
type Version struct {
	Levels     [NumLevels][]*Table
	FlushedSeq ikey.Seq
	NextFileID uint64
	Log        LogIdentity
	Past       Past
	// Ranges are the range deletes with LSNs up to FlushedSeq. Each of them may hide
	// versions of tables, or an open reader may need to know of it.
	Ranges *rangedel.Set
}

// Apply returns the version after e; v is not changed. An edit that does not fit is an
// error: one that removes a missing table, adds a table twice, or makes tables of a
// level overlap.
func (v *Version) Apply(e *Edit) (*Version, error) {
	next := *v
	for l := range next.Levels {
		next.Levels[l] = slices.Clone(v.Levels[l])
	}
	for _, r := range e.Removed {
		if r.Level < 0 || r.Level >= NumLevels {
			return nil, fmt.Errorf("edit removes table %d from level %d of %d", r.ID, r.Level, NumLevels)
		}
		i := slices.IndexFunc(next.Levels[r.Level], func(t *Table) bool { return t.ID == r.ID })
		if i < 0 {
			return nil, fmt.Errorf("edit removes table %d, which is not in L%d", r.ID, r.Level)
		}
		next.Levels[r.Level] = slices.Delete(next.Levels[r.Level], i, i+1)
	}
	for _, a := range e.Added {
		if a.Level < 0 || a.Level >= NumLevels {
			return nil, fmt.Errorf("edit adds table %d to level %d of %d", a.Table.ID, a.Level, NumLevels)
		}
		next.Levels[a.Level] = append(next.Levels[a.Level], a.Table)
	}
	next.FlushedSeq = max(v.FlushedSeq, e.FlushedSeq)
	next.NextFileID = max(v.NextFileID, e.NextFileID)
	next.Log = v.Log.after(e.Log)
	next.Past = v.Past.after(&e.Past)
	next.Ranges = e.rangesAfter(v.Ranges)
	next.sort()
	if err := next.check(); err != nil {
		return nil, err
	}
	return &next, nil
}

// snapshot returns the edit that turns the empty version into v.
func (v *Version) snapshot() *Edit {
	return &Edit{Added: v.Tables(), FlushedSeq: v.FlushedSeq, NextFileID: v.NextFileID, Log: v.Log, Past: v.Past, Ranges: v.Ranges.Ranges()}
}

// rangesAfter returns the range deletes of a version that had those of s.
func (e *Edit) rangesAfter(s *rangedel.Set) *rangedel.Set {
	if e.ClearRanges {
		s = nil
	}
	for _, r := range e.Ranges {
		s = s.Add(r)
	}
	return s
}

func (v *Version) sort() {
	slices.SortFunc(v.Levels[0], func(a, b *Table) int {
		return cmp.Or(cmp.Compare(b.MaxSeq, a.MaxSeq), cmp.Compare(b.ID, a.ID))
	})
	for _, level := range v.Levels[1:] {
		slices.SortFunc(level, func(a, b *Table) int { return bytes.Compare(a.Smallest, b.Smallest) })
	}
}

// check verifies the invariants of a version:
//
//  1. Every table is valid by itself and occurs once.
//  2. Tables of one level below L0 do not overlap.
//  3. Of two tables of L0 that overlap, all LSNs of one are above all of the other.
//  4. NextFileID, if not 0, is above every table's ID.
//  5. Batch ends rise, and so do marks.
func (v *Version) check() error {
	seen := map[uint64]int{}
	for l, level := range v.Levels {
		for i, t := range level {
			if other, dup := seen[t.ID]; dup {
				return fmt.Errorf("table %d is in L%d and in L%d", t.ID, other, l)
			}
			seen[t.ID] = l
			if v.NextFileID != 0 && t.ID >= v.NextFileID {
				return fmt.Errorf("table %d in L%d: the next file number is %d", t.ID, l, v.NextFileID)
			}
			if bytes.Compare(t.Smallest, t.Largest) > 0 || t.MinSeq > t.MaxSeq {
				return fmt.Errorf("table %d in L%d: range %q..%q, LSN %d..%d is upside down",
					t.ID, l, t.Smallest, t.Largest, t.MinSeq, t.MaxSeq)
			}
			if l > 0 && i > 0 && bytes.Compare(level[i-1].Largest, t.Smallest) >= 0 {
				return fmt.Errorf("tables %d and %d overlap in L%d: %q >= %q",
					level[i-1].ID, t.ID, l, level[i-1].Largest, t.Smallest)
			}
		}
	}
	if err := v.Past.check(); err != nil {
		return err
	}
	return v.checkL0()
}

// checkL0 verifies invariant 3 of [Version.check].
func (v *Version) checkL0() error {
	level := v.Levels[0]
	for i, t := range level {
		for _, older := range level[i+1:] {
			if older.MaxSeq < t.MinSeq {
				break // later tables are older still: MaxSeq falls
			}
			if t.Overlaps(older.Smallest, older.Largest) {
				return fmt.Errorf("tables %d and %d overlap in L0 with LSNs %d..%d and %d..%d",
					t.ID, older.ID, t.MinSeq, t.MaxSeq, older.MinSeq, older.MaxSeq)
			}
		}
	}
	return nil
}

// Tables returns every table with its level, L0 first.
func (v *Version) Tables() []LevelTable {
	var all []LevelTable
	for l, level := range v.Levels {
		for _, t := range level {
			all = append(all, LevelTable{l, t})
		}
	}
	return all
}

// LevelBytes returns the bytes of a level's tables.
func (v *Version) LevelBytes(level int) int64 {
	var n int64
	for _, t := range v.Levels[level] {
		n += t.Size
	}
	return n
}
