package lsm

import (
	"bytes"

	"lsmlab/engines/kv"
)

// txnIterator is a txnWalk upwards.
type txnIterator struct {
	txnWalk
	base kv.Iterator
}

// newIterator takes over base, a walk of what t reads.
func (t *txn) newIterator(base kv.Iterator, lower, upper []byte) kv.Iterator {
	it := &txnIterator{base: base}
	it.init(t, base, base.Next, lower, upper)
	return it
}

// First implements [kv.Iterator].
func (it *txnIterator) First() bool { return it.seek(it.lower, it.base.First) }

// SeekGE implements [kv.Iterator].
func (it *txnIterator) SeekGE(key []byte) bool {
	if bytes.Compare(key, it.lower) < 0 {
		key = it.lower
	}
	return it.seek(key, func() bool { return it.base.SeekGE(key) })
}

// seek positions the walk at key, and its base by position.
func (it *txnIterator) seek(key []byte, position func() bool) bool {
	if !it.begin(key, false) {
		return false
	}
	it.onBase = position()
	it.own.SeekGE(key)
	return it.findVisible()
}

// Next implements [kv.Iterator].
func (it *txnIterator) Next() bool {
	if it.t != nil && !it.positioned {
		return it.First()
	}
	return it.move()
}
