package lsm

import (
	"maps"
	"slices"

	"lsmlab/engines/lsm/compaction"
	"lsmlab/engines/lsm/gc"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
)

// tableSet is a version with its tables open. It never changes.
type tableSet struct {
	version *manifest.Version
	levels  [manifest.NumLevels][]*table
	// runs are all tables as sorted runs, in the order in which a read asks them:
	// those of L0, newest first, then each deeper level that has tables.
	runs     [][]*table
	hidden   []*table // that hold versions for readers of the past alone
	covered  []coveredTable
	layout   compaction.Layout
	pressure compaction.Pressure
}

// newTableSet picks the tables of version out of open, by number.
func (db *DB) newTableSet(version *manifest.Version, open map[uint64]*table) *tableSet {
	pick := func(metas []*manifest.Table) []*table {
		tables := make([]*table, len(metas))
		for i, meta := range metas {
			tables[i] = open[meta.ID]
		}
		return tables
	}
	s := &tableSet{version: version, layout: db.work.planner.Layout(version)}
	s.pressure = s.layout.Pressure(db.opts.MemTableSize)
	for level, metas := range version.Levels {
		s.levels[level] = pick(metas)
	}
	for _, run := range slices.Backward(s.layout.Runs()) {
		s.runs = append(s.runs, pick(run))
	}
	for _, level := range s.levels[1:] {
		if len(level) > 0 {
			s.runs = append(s.runs, level)
		}
	}
	for _, run := range s.runs {
		for _, t := range run {
			if t.hidden.total() > 0 {
				s.hidden = append(s.hidden, t)
			}
		}
	}
	s.covered = s.findCovered()
	return s
}

// heldBy says whether s has a table that holds versions for the pin of that LSN: for those
// that see them alone, or because the pin is older than what covers the table.
func (s *tableSet) heldBy(seq ikey.Seq) bool {
	return slices.ContainsFunc(s.hidden, func(t *table) bool {
		return slices.ContainsFunc(t.hidden.held, func(f heldFor) bool { return f.oldest <= seq && seq <= f.newest })
	}) || slices.ContainsFunc(s.covered, func(t coveredTable) bool { return seq < t.seq })
}

// held returns what tables hold for open pins, which are rising. Bytes are estimated: a
// version has the average of its table.
func (s *tableSet) held(open []ikey.Seq) []gc.Held {
	bytes := map[ikey.Seq]int64{}
	for _, t := range s.hidden {
		for _, f := range t.hidden.held {
			if newest, needed := f.by(open); needed {
				bytes[newest] += int64(float64(t.Size) * float64(f.versions) / float64(t.Entries))
			}
		}
	}
	var held []gc.Held
	for _, pin := range slices.Sorted(maps.Keys(bytes)) {
		held = append(held, gc.Held{Pin: pin, Bytes: bytes[pin]})
	}
	return held
}

// nextTableSet returns the set of version, which an edit made of the one of s; added
// are the edit's new tables.
func (db *DB) nextTableSet(s *tableSet, version *manifest.Version, added []*table) *tableSet {
	open := make(map[uint64]*table)
	for _, run := range s.runs {
		for _, t := range run {
			open[t.ID] = t
		}
	}
	for _, t := range added {
		open[t.ID] = t
	}
	return db.newTableSet(version, open)
}
