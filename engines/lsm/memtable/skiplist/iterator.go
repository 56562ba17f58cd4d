package skiplist

import (
	"fmt"

	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/lsm/ikey"
)

// iterator follows the links of level 0. It needs nothing of the table except the
// arena, and Close does nothing: nodes stay until Release.
type iterator struct {
	t *table
	n *node // nil when the iterator is not at an entry
}

// First implements [ikey.Iterator].
func (it *iterator) First() bool {
	it.n = it.t.headNode()
	return it.move()
}

// SeekGE implements [ikey.Iterator].
func (it *iterator) SeekGE(k ikey.Key) bool {
	tg := it.t.newTarget(k)
	l := it.t.find(&tg)
	it.n = nil
	if l.ref() != 0 {
		it.n = nodeAt(it.t.arena, l.ref())
	}
	return it.n != nil
}

// Next implements [ikey.Iterator].
func (it *iterator) Next() bool {
	if !invariants.Enabled {
		return it.move()
	}
	last := it.Key()
	if !it.move() {
		return false
	}
	if k := it.Key(); ikey.Compare(last, k) >= 0 {
		panic(fmt.Sprintf("skiplist: %v is followed by %v", last, k))
	}
	return true
}

// move follows the link of the current node on level 0.
func (it *iterator) move() bool {
	ref := link(it.n.link(0).Load()).ref()
	if ref == 0 {
		it.n = nil
		return false
	}
	it.n = nodeAt(it.t.arena, ref)
	return true
}

// Key implements [ikey.Iterator].
func (it *iterator) Key() ikey.Key { return it.n.Key() }

// Value implements [ikey.Iterator].
func (it *iterator) Value() []byte { return it.n.Value() }

// Close implements [ikey.Iterator].
func (it *iterator) Close() error { return nil }
