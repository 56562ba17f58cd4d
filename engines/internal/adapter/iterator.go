package adapter

import (
	"bytes"
	"errors"

	"lsmlab/engines/kv"
)

// owner is what an iterator reads from, and keeps while it is open.
type owner interface {
	Hold()
	Release() error
}

// position is what the contract says of moves and of closing, for iterators of both
// directions.
type position struct {
	close      func() error // of the cursor; nil if there is nothing to walk
	engine     *gate
	owner      owner // held until Close
	key, value []byte
	moved, ok  bool
	err        error
}

// refused is the position of an iterator on what is closed.
func refused(engine *gate) position { return position{engine: engine, err: kv.ErrClosed} }

// isEmpty says whether nothing can be in [lower, upper).
func isEmpty(lower, upper []byte) bool { return upper != nil && bytes.Compare(lower, upper) >= 0 }

// opened notes the outcome of a Scan of the library.
func (p *position) opened(from owner, closeCursor func() error, err error) {
	if p.err = err; err == nil {
		from.Hold()
		p.owner, p.close = from, closeCursor
	}
}

// usable says whether a move may touch the cursor.
func (p *position) usable() bool {
	p.moved, p.ok = true, false
	if p.engine.isClosed() {
		p.err = kv.ErrClosed
		return false
	}
	return p.close != nil
}

func (p *position) at(key, value []byte, ok bool) bool {
	p.key, p.value, p.ok = key, value, ok
	return ok
}

func (p *position) Key() []byte   { return p.key }
func (p *position) Value() []byte { return p.value }

func (p *position) Close() error {
	err := p.err
	if err == nil && p.engine.isClosed() {
		err = kv.ErrClosed
	}
	if p.close != nil {
		err = errors.Join(err, p.close(), p.owner.Release())
		p.close = nil
	}
	p.err = kv.ErrClosed // for any use after
	return err
}

// iterator adds to a Cursor what the contract says.
type iterator struct {
	position
	cursor Cursor
	lower  []byte
}

func newIterator(view View, engine *gate, from owner, lower, upper []byte) *iterator {
	it := &iterator{position: position{engine: engine}, lower: lower}
	if isEmpty(lower, upper) {
		return it
	}
	cursor, err := view.Scan(lower, upper)
	it.cursor = cursor
	it.opened(from, func() error { return cursor.Close() }, err)
	return it
}

func (it *iterator) First() bool { return it.usable() && it.at(it.cursor.First()) }

func (it *iterator) SeekGE(key []byte) bool {
	if bytes.Compare(key, it.lower) <= 0 {
		return it.First()
	}
	return it.usable() && it.at(it.cursor.SeekGE(key))
}

func (it *iterator) Next() bool {
	if !it.moved {
		return it.First()
	}
	stood := it.ok
	return it.usable() && stood && it.at(it.cursor.Next())
}

// reverseIterator adds to a ReverseCursor what the contract says.
type reverseIterator struct {
	position
	cursor ReverseCursor
	upper  []byte
}

func newReverseIterator(view View, engine *gate, from owner, lower, upper []byte) *reverseIterator {
	it := &reverseIterator{position: position{engine: engine}, upper: upper}
	if isEmpty(lower, upper) {
		return it
	}
	cursor, err := view.ScanReverse(lower, upper)
	it.cursor = cursor
	it.opened(from, func() error { return cursor.Close() }, err)
	return it
}

func (it *reverseIterator) Last() bool { return it.usable() && it.at(it.cursor.Last()) }

func (it *reverseIterator) SeekLT(key []byte) bool {
	if it.upper != nil && bytes.Compare(key, it.upper) >= 0 {
		return it.Last()
	}
	return it.usable() && it.at(it.cursor.SeekLT(key))
}

func (it *reverseIterator) Prev() bool {
	if !it.moved {
		return it.Last()
	}
	stood := it.ok
	return it.usable() && stood && it.at(it.cursor.Prev())
}
