package lsm

import (
	"bytes"
	"cmp"
	"slices"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/writeset"
)

// txnIterator is a walk of a transaction: over its snapshot, with its own writes on top,
// as they were when the walk began. For a serializable transaction it notes the part of
// [lower, upper) that was walked: that an entry is not there is read too.
type txnIterator struct {
	t            *txn
	base         kv.Iterator
	own          writeset.Iter
	lower, upper []byte

	onBase     bool // base stands on an entry, at or after that of the walk
	positioned bool
	// Where the walk stands: on an own write, on an entry of base, or, if neither, nowhere.
	atOwn, atBase bool

	refused error // why the last move was refused, if it was

	first []byte // where the walk began since it was positioned
}

// newIterator takes over base, a walk of what t reads.
func (t *txn) newIterator(base kv.Iterator, lower, upper []byte) kv.Iterator {
	it := &txnIterator{t: t, base: base, own: t.memory().own.Iter(), lower: lower, upper: upper}
	t.walks = append(t.walks, it)
	return it
}

func (it *txnIterator) First() bool { return it.seek(it.lower, it.base.First) }

func (it *txnIterator) SeekGE(key []byte) bool {
	if bytes.Compare(key, it.lower) < 0 {
		key = it.lower
	}
	return it.seek(key, func() bool { return it.base.SeekGE(key) })
}

// usable says whether the walk may be moved.
func (it *txnIterator) usable() bool {
	if it.t == nil {
		return false
	}
	it.refused = it.t.over()
	return it.refused == nil
}

// seek positions the walk at key, and its base by position.
func (it *txnIterator) seek(key []byte, position func() bool) bool {
	if !it.usable() {
		return false
	}
	it.noteWalk()
	it.first, it.positioned = append(it.first[:0], key...), true
	it.onBase = position()
	it.own.SeekGE(key)
	return it.settle()
}

func (it *txnIterator) Next() bool {
	switch {
	case !it.usable():
		return false
	case !it.positioned:
		return it.First()
	}
	it.pass()
	return it.settle()
}

// pass moves on from the entry at hand, in each of the two that has its key.
func (it *txnIterator) pass() {
	if it.atOwn {
		it.own.Next()
	}
	if it.atBase {
		it.onBase = it.base.Next()
	}
	it.atOwn, it.atBase = false, false
}

// settle moves on to the first entry to show: the lesser key of the two, or the own write
// if they are the same, unless that is a delete.
func (it *txnIterator) settle() bool {
	for {
		it.compare()
		if !it.atOwn || it.own.Kind() == kv.OpSet {
			return it.atOwn || it.atBase
		}
		it.pass()
	}
}

// compare sets where the walk stands.
func (it *txnIterator) compare() {
	it.atOwn = it.own.Valid() && (it.upper == nil || bytes.Compare(it.own.Key(), it.upper) < 0)
	it.atBase = it.onBase
	if it.atOwn && it.atBase {
		switch c := bytes.Compare(it.own.Key(), it.base.Key()); {
		case c < 0:
			it.atBase = false
		case c > 0:
			it.atOwn = false
		}
	}
}

func (it *txnIterator) Key() []byte {
	switch {
	case it.atOwn:
		return it.own.Key()
	case it.atBase:
		return it.base.Key()
	}
	return nil
}

func (it *txnIterator) Value() []byte {
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
func (it *txnIterator) noteWalk() {
	if !it.positioned || !it.t.notes() {
		return
	}
	m := it.t.memory()
	r := keyRange{first: m.keep(it.first)}
	switch key := it.Key(); {
	case it.atOwn || it.atBase:
		r.last = m.keep(key)
	case it.upper != nil:
		r.last, r.open = m.keep(it.upper), true
	default:
		r.endless = true
	}
	m.foot.ranges = append(m.foot.ranges, r)
	it.positioned = false
}

// Close implements [kv.Iterator].
func (it *txnIterator) Close() error {
	t := it.t
	if t == nil {
		return kv.ErrClosed
	}
	if !t.ended {
		it.noteWalk()
		t.walks = slices.DeleteFunc(t.walks, func(w *txnIterator) bool { return w == it })
	}
	it.t, it.atOwn, it.atBase = nil, false, false
	err := cmp.Or(it.base.Close(), it.refused)
	if err == nil && t.ended {
		err = kv.ErrClosed
	}
	return err
}
