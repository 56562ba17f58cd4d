package lsm

import (
	"bytes"

	"lsmlab/engines/kv"
)

// ScanReverse implements [kv.ReverseScanner].
func (t *txn) ScanReverse(lower, upper []byte) kv.ReverseIterator {
	if err := t.over(); err != nil {
		return failedIterator{err}
	}
	s, seq, err := t.read()
	if err != nil {
		return failedIterator{err}
	}
	base := t.db.newReverse(s, seq, &t.pin, lower, upper)
	if !t.wrote() && !t.notes() {
		return base
	}
	it := &txnReverse{base: base}
	it.init(t, base, base.Prev, lower, upper)
	it.down = true
	return it
}

// txnReverse is a txnWalk downwards.
type txnReverse struct {
	txnWalk
	base kv.ReverseIterator
}

// Last implements [kv.ReverseIterator].
func (it *txnReverse) Last() bool {
	if it.upper != nil {
		return it.SeekLT(it.upper)
	}
	if !it.begin(nil, true) {
		return false
	}
	it.onBase = it.base.Last()
	it.own.Last()
	return it.findVisible()
}

// SeekLT implements [kv.ReverseIterator].
func (it *txnReverse) SeekLT(key []byte) bool {
	if it.upper != nil && bytes.Compare(key, it.upper) > 0 {
		key = it.upper
	}
	if !it.begin(key, false) {
		return false
	}
	it.onBase = it.base.SeekLT(key)
	it.own.SeekLT(key)
	return it.findVisible()
}

// Prev implements [kv.ReverseIterator].
func (it *txnReverse) Prev() bool {
	if it.t != nil && !it.positioned {
		return it.Last()
	}
	return it.move()
}
