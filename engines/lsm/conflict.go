package lsm

import (
	"bytes"
	"errors"
	"fmt"

	"lsmlab/engines/internal/planted"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/rangedel"
	"lsmlab/engines/lsm/sstable"
)

// A transaction commits if nothing of its footprint was written after its snapshot: first
// committer wins. What counts as written is what was given an LSN, as that is where
// the order is made: a batch may be in the log, and not yet in a MemTable. It is decided
// in two phases:
//
//  1. Without a lock: is there a version in MemTables or tables that is newer than the
//     snapshot? That finds all that is visible. The newest version of a key is never
//     dropped, unless a range delete hides it, and neither is a tombstone or a range
//     delete newer than an open snapshot, so this needs no history of its own. MemTables and tables without any newer version are not
//     looked at.
//  2. Under the commit lock: is there a key in the batches that were given LSNs since?
//     Their keys stand in the ring recent. If that has lapped, both phases are done
//     again, now with all under the commit lock, where no batch can come between.
//
// Keys are compared, so that no conflict is false: a hash only spares comparisons.
//
// A conflict is reported when the write that is in the way is visible, so the retry reads it
// and cannot meet it again. Without this wait, 99% of the conflicts of TPC-C at 8 synced
// threads were with writes that had an LSN and were not published, as the system had stopped
// their thread between the two steps: one transaction met the same write up to 100 times. A write is published before its
// sync, so the wait is one for the processor and never for the disk. It is here and not in
// Begin, so that only those wait that are in each other's way.

// validation is the decision about one transaction.
type validation struct {
	db    *DB
	foot  *footprint
	pin   *pin     // which keeps the tombstones that are newer than the snapshot
	since ikey.Seq // the snapshot's LSN
	// seen is the LSN up to which the first phase has seen all.
	seen ikey.Seq
	// met is the LSN of the write that is in the way, if there is one. It may not be visible yet.
	met ikey.Seq
	// locked says that the first phase is done under the commit lock.
	locked bool
}

// errLapped says that the ring holds too little.
var errLapped = errors.New("lsm: the ring of recent batches has lapped")

// begin is the first phase.
func (c *validation) begin() error {
	c.seen = c.db.published.seq()
	if c.seen <= c.since {
		return nil // nothing newer is visible
	}
	s, ok := c.db.acquire()
	if !ok {
		return kv.ErrClosed
	}
	defer s.release()
	if err := c.pin.lost(); err != nil {
		return err
	}
	return c.search(s.readState)
}

// end is the second phase. It is called under the commit lock.
func (c *validation) end() error {
	if planted.Is(planted.TxnCheckEarly) {
		return nil
	}
	assigned := c.db.writes.assigned
	if c.locked {
		c.db.published.wait(assigned) // which needs no commit lock
		return c.begin()
	}
	key, batch, ok := c.db.writes.recent.find(c.foot, c.seen, assigned)
	switch {
	case !ok:
		return errLapped
	case batch != nil:
		return c.conflict(key, batch.last)
	}
	return nil
}

func (c *validation) conflict(key []byte, seq ikey.Seq) error {
	c.met = seq
	return fmt.Errorf("%w: key %q was written up to LSN %d, the snapshot is of LSN %d", kv.ErrConflict, key, seq, c.since)
}

// search looks for versions newer than the snapshot.
func (c *validation) search(s *readState) error {
	for _, m := range s.mems { // newest first
		if m.lastSeq() <= c.since {
			break
		}
		if err := c.searchRanges(m.ranges.set.Load()); err != nil {
			return err
		}
		it := m.table.NewIterator()
		if err := joinClose(c.walk(it), it); err != nil {
			return err
		}
	}
	if s.version.FlushedSeq <= c.since {
		return nil
	}
	if dropped := ikey.Seq(c.db.work.dropped.Load()); dropped > c.since {
		return fmt.Errorf("%w: writes up to LSN %d were dropped, the snapshot is of LSN %d", kv.ErrConflict, dropped, c.since)
	}
	if err := c.searchRanges(s.version.Ranges); err != nil {
		return err
	}
	for _, run := range s.runs {
		if err := c.searchRun(run); err != nil {
			return err
		}
	}
	return nil
}

// searchRanges looks for range deletes newer than the snapshot.
func (c *validation) searchRanges(s *rangedel.Set) error {
	if s == nil {
		return nil
	}
	for _, k := range c.foot.keys {
		f := s.At(k.user)
		if seq := f.Newest(ikey.MaxSeq); seq > c.since {
			return c.conflict(k.user, seq)
		}
	}
	for i := range c.foot.ranges {
		r := &c.foot.ranges[i]
		for f := range s.Fragments(r.first) {
			if r.before(f.Start) {
				break
			}
			if seq := f.Newest(ikey.MaxSeq); seq > c.since {
				return c.conflict(f.Start, seq)
			}
		}
	}
	return nil
}

// walk looks at the versions of one MemTable.
func (c *validation) walk(it ikey.Iterator) error {
	for _, k := range c.foot.keys {
		if it.SeekGE(ikey.SeekKey(k.user, ikey.MaxSeq)) {
			if v := it.Key(); v.Trailer.Seq() > c.since && bytes.Equal(v.User, k.user) {
				return c.conflict(k.user, v.Trailer.Seq())
			}
		}
	}
	for i := range c.foot.ranges {
		if err := c.walkRange(it, &c.foot.ranges[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *validation) walkRange(it ikey.Iterator, r *keyRange) error {
	for ok := it.SeekGE(ikey.SeekKey(r.first, ikey.MaxSeq)); ok; ok = it.Next() {
		v := it.Key()
		if r.before(v.User) {
			return nil
		}
		if v.Trailer.Seq() > c.since {
			return c.conflict(v.User, v.Trailer.Seq())
		}
	}
	return nil
}

// searchRun looks at the tables of one sorted run.
func (c *validation) searchRun(run []*table) error {
	for _, k := range c.foot.keys {
		i := searchTables(run, k.user)
		if i == len(run) || run[i].MaxSeq <= c.since || bytes.Compare(k.user, run[i].Smallest) < 0 || !run[i].reader.MayContain(k.hash) {
			continue
		}
		if err := c.searchTable(run[i], k.user); err != nil {
			return err
		}
	}
	for i := range c.foot.ranges {
		r := &c.foot.ranges[i]
		for at := searchTables(run, r.first); at < len(run) && !r.before(run[at].Smallest); at++ {
			if run[at].MaxSeq <= c.since {
				continue
			}
			var it sstable.Iter
			run[at].reader.InitIter(&it)
			if err := joinClose(c.walkRange(&it, r), &it); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *validation) searchTable(t *table, user []byte) (err error) {
	var it sstable.Iter
	t.reader.InitIter(&it)
	if it.SeekGE(ikey.SeekKey(user, ikey.MaxSeq)) {
		if v := it.Key(); v.Trailer.Seq() > c.since && bytes.Equal(v.User, user) {
			err = c.conflict(user, v.Trailer.Seq())
		}
	}
	return joinClose(err, &it)
}
