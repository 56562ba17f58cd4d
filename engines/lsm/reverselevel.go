package lsm

import (
	"bytes"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/sstable"
)

// reverseLevel walks the tables of one sorted run downwards, as levelIter
// does upwards.
type reverseLevel struct {
	tables []*table
	at     int // the table that it stands in
	it     sstable.ReverseIter
	opened bool
	err    error
}

// init prepares l for a new walk over tables, one at least, keeping its buffers.
func (l *reverseLevel) init(tables []*table) {
	l.tables, l.at, l.opened, l.err = tables, 0, false, nil
}

// SeekLT goes to the first table that ends at or after k, as that may begin before k, and
// on from there. No two tables of a run hold versions of one user key.
func (l *reverseLevel) SeekLT(k ikey.Key) bool {
	i := min(searchTables(l.tables, k.User), len(l.tables)-1)
	return l.open(i) && (l.it.SeekLT(k) || l.prevTable())
}

func (l *reverseLevel) Prev() bool { return l.it.Prev() || l.prevTable() }

// pass moves on from the present entry, which the range delete of LSN cover hides, as it
// hides all older versions of keys down to start. Tables without newer ones are passed at
// once.
func (l *reverseLevel) pass(cover ikey.Seq, start []byte) bool {
	if l.tables[l.at].MaxSeq >= cover {
		return l.Prev()
	}
	for bytes.Compare(start, l.tables[l.at].Smallest) <= 0 {
		if !l.closeTable() || !l.open(l.at-1) {
			return false
		}
		if t := l.tables[l.at]; t.MaxSeq >= cover || bytes.Compare(t.Largest, start) < 0 {
			return l.it.SeekLT(ikey.End()) || l.prevTable()
		}
	}
	return l.it.SeekLT(ikey.SeekKey(start, ikey.MaxSeq)) || l.prevTable()
}

func (l *reverseLevel) Key() ikey.Key { return l.it.Key() }

func (l *reverseLevel) Value() []byte { return l.it.Value() }

// Err returns the error that ended the walk, if one did.
func (l *reverseLevel) Err() error { return l.err }

func (l *reverseLevel) Close() error {
	l.closeTable()
	l.tables = nil
	return l.err
}

// open moves to table i and says whether there is one.
func (l *reverseLevel) open(i int) bool {
	if l.err != nil || i < 0 {
		return false
	}
	if l.opened && l.at == i {
		return true
	}
	if !l.closeTable() {
		return false
	}
	l.at, l.opened = i, true
	l.tables[i].reader.InitReverse(&l.it)
	return true
}

// prevTable goes on with the tables before one that is exhausted.
func (l *reverseLevel) prevTable() bool {
	for l.closeTable() && l.open(l.at-1) {
		if l.it.SeekLT(ikey.End()) {
			return true
		}
	}
	return false
}

// closeTable says whether the table at hand ended soundly.
func (l *reverseLevel) closeTable() bool {
	if l.opened {
		l.opened = false
		if err := l.it.Close(); err != nil && l.err == nil {
			l.err = err
		}
	}
	return l.err == nil
}
