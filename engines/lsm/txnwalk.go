package lsm

import (
	"bytes"
	"cmp"
	"slices"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/writeset"
)

// txnWalk is a walk of a transaction in one direction: over its snapshot, with its own
// writes on top, as they were when the walk began. For a serializable transaction it notes
// the part of [lower, upper) that was walked: that an entry is not there is read too.
type txnWalk struct {
	t            *txn
	base         txnBase
	next         func() bool // moves base on
	own          writeset.Iter
	lower, upper []byte
	down         bool

	onBase     bool // base stands on an entry, at or after that of the walk
	positioned bool
	// Where the walk stands: on an own write, on an entry of base, or, if neither, nowhere.
	atOwn, atBase bool

	refused error // why the last move was refused, if it was

	// Where the walk began since it was positioned: at or, downwards, before from, or at the
	// end of all.
	from    []byte
	fromEnd bool
}

// txnBase is what iterators of both directions have.
type txnBase interface {
	Key() []byte
	Value() []byte
	Close() error
}

// init begins a walk of t over base, which it takes over.
func (it *txnWalk) init(t *txn, base txnBase, next func() bool, lower, upper []byte) {
	*it = txnWalk{t: t, base: base, next: next, lower: lower, upper: upper, own: t.memory().own.Iter()}
	t.walks = append(t.walks, it)
}

// usable says whether the walk may be moved.
func (it *txnWalk) usable() bool {
	if it.t == nil {
		return false
	}
	it.refused = it.t.over()
	return it.refused == nil
}

// begin notes that the walk is positioned anew, and where, if it may be moved.
func (it *txnWalk) begin(from []byte, fromEnd bool) bool {
	if !it.usable() {
		return false
	}
	it.noteWalk()
	it.from, it.fromEnd, it.positioned = append(it.from[:0], from...), fromEnd, true
	return true
}

// move moves on from where the walk stands, which was positioned.
func (it *txnWalk) move() bool {
	if !it.usable() {
		return false
	}
	it.pass()
	return it.findVisible()
}

// pass moves on from the entry at hand, in each of the two that has its key.
func (it *txnWalk) pass() {
	switch {
	case it.atOwn && it.down:
		it.own.Prev()
	case it.atOwn:
		it.own.Next()
	}
	if it.atBase {
		it.onBase = it.next()
	}
	it.atOwn, it.atBase = false, false
}

// findVisible moves on to the first entry to show: that of the two that comes first, or the own
// write if they have the same key, unless that is a delete.
func (it *txnWalk) findVisible() bool {
	for {
		it.compare()
		if !it.atOwn || it.own.Kind() == kv.OpSet {
			return it.atOwn || it.atBase
		}
		it.pass()
	}
}

// compare sets where the walk stands.
func (it *txnWalk) compare() {
	it.atOwn = it.own.Valid() && it.reaches(it.own.Key())
	it.atBase = it.onBase
	if it.atOwn && it.atBase {
		switch c := bytes.Compare(it.own.Key(), it.base.Key()); {
		case c == 0:
		case c < 0 != it.down:
			it.atBase = false
		default:
			it.atOwn = false
		}
	}
}

// reaches says whether key, which the walk comes to, is not behind its last bound.
func (it *txnWalk) reaches(key []byte) bool {
	if it.down {
		return bytes.Compare(key, it.lower) >= 0
	}
	return it.upper == nil || bytes.Compare(key, it.upper) < 0
}

func (it *txnWalk) Key() []byte {
	switch {
	case it.atOwn:
		return it.own.Key()
	case it.atBase:
		return it.base.Key()
	}
	return nil
}

func (it *txnWalk) Value() []byte {
	switch {
	case it.atOwn:
		return it.own.Value()
	case it.atBase:
		return it.base.Value()
	}
	return nil
}

// noteWalk notes what was walked since the walk was positioned: up to the entry at hand,
// or to the end of the range.
func (it *txnWalk) noteWalk() {
	if !it.positioned || !it.t.notes() {
		return
	}
	m, on := it.t.memory(), it.atOwn || it.atBase
	var r keyRange
	switch from := m.keep(it.from); {
	case it.down:
		r = keyRange{first: m.keep(it.lower), last: from, open: true, endless: it.fromEnd}
		if on {
			r.first = m.keep(it.Key())
		}
	case on:
		r = keyRange{first: from, last: m.keep(it.Key())}
	default:
		r = keyRange{first: from, last: m.keep(it.upper), open: true, endless: it.upper == nil}
	}
	m.foot.ranges = append(m.foot.ranges, r)
	it.positioned = false
}

// Close implements [kv.Iterator] and [kv.ReverseIterator].
func (it *txnWalk) Close() error {
	t := it.t
	if t == nil {
		return kv.ErrClosed
	}
	if !t.ended {
		it.noteWalk()
		t.walks = slices.DeleteFunc(t.walks, func(w *txnWalk) bool { return w == it })
	}
	it.t, it.atOwn, it.atBase = nil, false, false
	err := cmp.Or(it.base.Close(), it.refused)
	if err == nil && t.ended {
		err = kv.ErrClosed
	}
	return err
}
