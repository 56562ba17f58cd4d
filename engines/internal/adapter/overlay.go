package adapter

import (
	"bytes"

	"github.com/tidwall/btree"

	"lsmlab/engines/kv"
)

// Base is a transaction of a library whose cursors do not go together with writes: they
// show later ones, or are spoilt by them.
type Base interface {
	View // without the writes of the transaction; Close discards it
	// Write is told of each operation at once, for a library that locks or checks then.
	Write(op kv.OpKind, key, value []byte) error
	// Commit writes b, which has the last operation on each key, and ends the
	// transaction, whatever it returns.
	Commit(b *kv.Batch, d kv.Durability) error
}

// Overlay makes a [Txn] of a [Base]: it keeps the writes in memory, and reads them over
// what is below.
func Overlay(base Base) Txn { return &overlay{Base: base} }

type overlay struct {
	Base
	own btree.Map[string, ownWrite]
}

// ownWrite is the last write of a key.
type ownWrite struct {
	kind  kv.OpKind
	value []byte
}

func (o *overlay) Set(key, value []byte) error { return o.write(kv.OpSet, key, value) }
func (o *overlay) Delete(key []byte) error     { return o.write(kv.OpDelete, key, nil) }

func (o *overlay) write(kind kv.OpKind, key, value []byte) error {
	if err := o.Write(kind, key, value); err != nil {
		return err
	}
	o.own.Set(string(key), ownWrite{kind, bytes.Clone(value)})
	return nil
}

func (o *overlay) Commit(d kv.Durability) error {
	var b kv.Batch
	o.own.Scan(func(key string, w ownWrite) bool {
		if w.kind == kv.OpSet {
			b.Set([]byte(key), w.value)
		} else {
			b.Delete([]byte(key))
		}
		return true
	})
	return o.Base.Commit(&b, d)
}

func (o *overlay) Get(dst, key []byte) ([]byte, error) {
	w, ok := o.own.Get(string(key))
	switch {
	case !ok:
		return o.Base.Get(dst, key)
	case w.kind == kv.OpSet:
		return append(dst, w.value...), nil
	}
	return dst, kv.ErrNotFound
}

func (o *overlay) Scan(lower, upper []byte) (Cursor, error) {
	base, err := o.Base.Scan(lower, upper)
	if err != nil || o.own.Len() == 0 {
		return base, err
	}
	return &upward{newMerged(o, base.Close, lower, upper), base}, nil
}

func (o *overlay) ScanReverse(lower, upper []byte) (ReverseCursor, error) {
	base, err := o.Base.ScanReverse(lower, upper)
	if err != nil || o.own.Len() == 0 {
		return base, err
	}
	return &downward{newMerged(o, base.Close, lower, upper), base}, nil
}

// merged is a place among the entries of the base and the own writes: the first of both
// in the direction of the walk.
type merged struct {
	close        func() error
	own          btree.MapIter[string, ownWrite]
	ownOK        bool
	key, value   []byte // of the base
	ok           bool
	onOwn        bool // the entry shown is an own write
	lower, upper []byte
}

func newMerged(o *overlay, closeBase func() error, lower, upper []byte) merged {
	return merged{close: closeBase, own: o.own.Copy().Iter(), lower: lower, upper: upper}
}

func (m *merged) Close() error { return m.close() }

func (m *merged) setBase(key, value []byte, ok bool) { m.key, m.value, m.ok = key, value, ok }

// setOwn notes the outcome of a move over own writes.
func (m *merged) setOwn(ok bool) {
	key := m.own.Key()
	m.ownOK = ok && key >= string(m.lower) && (m.upper == nil || key < string(m.upper))
}

// findVisible finds the entry to show. sign is 1 upwards and -1 downwards; the functions move
// one of the sides.
func (m *merged) findVisible(sign int, nextBase func() ([]byte, []byte, bool), nextOwn func() bool) (key, value []byte, ok bool) {
	for m.ownOK {
		own := []byte(m.own.Key())
		order := -sign
		if m.ok {
			order = sign * bytes.Compare(own, m.key)
		}
		if m.ok && order > 0 {
			break
		}
		if m.ok && order == 0 {
			m.setBase(nextBase()) // the own write hides it
		}
		if w := m.own.Value(); w.kind == kv.OpSet {
			m.onOwn = true
			return own, w.value, true
		}
		m.setOwn(nextOwn())
	}
	m.onOwn = false
	return m.key, m.value, m.ok
}

// upward is a merged [Cursor].
type upward struct {
	merged
	base Cursor
}

func (u *upward) findVisible() (key, value []byte, ok bool) {
	return u.merged.findVisible(1, u.base.Next, u.own.Next)
}

func (u *upward) First() (key, value []byte, ok bool) {
	u.setBase(u.base.First())
	u.setOwn(u.own.Seek(string(u.lower)))
	return u.findVisible()
}

func (u *upward) SeekGE(target []byte) (key, value []byte, ok bool) {
	u.setBase(u.base.SeekGE(target))
	u.setOwn(u.own.Seek(string(target)))
	return u.findVisible()
}

func (u *upward) Next() (key, value []byte, ok bool) {
	if u.onOwn {
		u.setOwn(u.own.Next())
	} else {
		u.setBase(u.base.Next())
	}
	return u.findVisible()
}

// downward is a merged [ReverseCursor].
type downward struct {
	merged
	base ReverseCursor
}

func (d *downward) findVisible() (key, value []byte, ok bool) {
	return d.merged.findVisible(-1, d.base.Prev, d.own.Prev)
}

func (d *downward) Last() (key, value []byte, ok bool) {
	d.setBase(d.base.Last())
	if d.upper == nil {
		d.setOwn(d.own.Last())
	} else {
		d.setOwn(d.ownBelow(d.upper))
	}
	return d.findVisible()
}

func (d *downward) SeekLT(target []byte) (key, value []byte, ok bool) {
	d.setBase(d.base.SeekLT(target))
	d.setOwn(d.ownBelow(target))
	return d.findVisible()
}

func (d *downward) ownBelow(target []byte) bool {
	if d.own.Seek(string(target)) {
		return d.own.Prev()
	}
	return d.own.Last()
}

func (d *downward) Prev() (key, value []byte, ok bool) {
	if d.onOwn {
		d.setOwn(d.own.Prev())
	} else {
		d.setBase(d.base.Prev())
	}
	return d.findVisible()
}
