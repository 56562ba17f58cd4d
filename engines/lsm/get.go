package lsm

import (
	"bytes"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/sstable"
)

// Get implements [kv.Reader].
func (db *DB) Get(dst, key []byte) ([]byte, error) { return db.getNewest(dst, key, nil) }

// getNewest reads what is visible now.
func (db *DB) getNewest(dst, key []byte, t *kv.Trace) ([]byte, error) {
	s, ok := db.acquire()
	if !ok {
		return dst, kv.ErrClosed
	}
	defer s.release()
	// The LSN is read after the state was taken: whatever was dropped while
	// that state was made had a newer version, visible by then.
	seq, err := db.readSeq(s)
	if err != nil {
		return dst, err
	}
	return db.get(s, dst, key, seq, t)
}

// get appends to dst the newest value of key that is not newer than seq.
func (db *DB) get(s stateRef, dst, key []byte, seq ikey.Seq, t *kv.Trace) ([]byte, error) {
	t.Step(stepMemTable)
	for _, m := range s.mems {
		if m.empty() {
			continue
		}
		if value, kind, ok := m.get(key, seq); ok {
			db.counters.reads[s.stripe].points.Add(1)
			return result(append(dst, value...), dst, kind)
		}
	}
	t.Step(stepTables)
	search := tableSearch{key: key, hash: sstable.Hash(key), seq: seq}
	if ranges := s.version.Ranges; ranges != nil {
		f := ranges.At(key)
		search.covered = f.Newest(seq)
	}
	value, kind, err := search.run(s.readState, dst)
	db.counters.reads[s.stripe].count(&search)
	if err != nil {
		return dst, err
	}
	return result(value, dst, kind)
}

// result is what a version of that kind means to the user.
func result(value, dst []byte, kind ikey.Kind) ([]byte, error) {
	if kind == ikey.Delete {
		return dst, kv.ErrNotFound
	}
	return value, nil
}

// tableSearch is one point read's way through the tables. It counts tables
// asked by bloom filter, spared by it, and searched.
type tableSearch struct {
	key                     []byte
	hash                    uint64
	seq                     ikey.Seq
	covered                 ikey.Seq // of the newest range delete that hides older versions, or 0
	asked, spared, searched int64
}

// run returns the newest version from the tables; kind Delete if there is none.
func (q *tableSearch) run(s *readState, dst []byte) ([]byte, ikey.Kind, error) {
	for _, run := range s.runs {
		i := searchTables(run, q.key)
		if i == len(run) || bytes.Compare(q.key, run[i].Smallest) < 0 {
			continue
		}
		value, version, found, err := q.table(run[i], dst)
		switch {
		case found && version.Seq() < q.covered:
			return dst, ikey.Delete, nil
		case found || err != nil:
			return value, version.Kind(), err
		}
	}
	return dst, ikey.Delete, nil
}

func (q *tableSearch) table(t *table, dst []byte) ([]byte, ikey.Trailer, bool, error) {
	if t.MaxSeq < q.covered {
		return dst, 0, false, nil
	}
	q.asked++
	if !t.reader.MayContain(q.hash) {
		q.spared++
		return dst, 0, false, nil
	}
	q.searched++
	return t.reader.Get(dst, q.key, q.seq)
}
