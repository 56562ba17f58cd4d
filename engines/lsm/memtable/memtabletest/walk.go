package memtabletest

import (
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

// walk is a walk over a whole table in one direction. It begins before its first entry.
type walk struct {
	onEntry
	start, move func() bool
	close       func() error
	order       int // ikey.Compare of an entry with the next one
	started     bool
}

func newWalk(mt memtable.MemTable, downwards bool) *walk {
	if downwards {
		it := mt.NewReverseIterator()
		return &walk{it, func() bool { return it.SeekLT(ikey.End()) }, it.Prev, it.Close, +1, false}
	}
	it := mt.NewIterator()
	return &walk{it, it.First, it.Next, it.Close, -1, false}
}

func (w *walk) Next() bool {
	if !w.started {
		w.started = true
		return w.start()
	}
	return w.move()
}

// follows says whether b may come after a.
func (w *walk) follows(a, b ikey.Key) bool { return ikey.Compare(a, b) == w.order }

func (w *walk) Close() error { return w.close() }
