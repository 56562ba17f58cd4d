package adapter

import (
	"bytes"
	"encoding/binary"
	"errors"

	"lsmlab/engines/kv"
)

// Keys maps the keys of the contract to those that a library can store, in
// order, and without a copy for ordinary ones:
//
//   - A key of zeros only, the empty one included, is stored with one more zero.
//   - A key that starts with Reserved, which the library keeps for itself, is
//     stored in the bucket that sorts right before all keys with that prefix.
//   - Any other key whose stored form would have Limit bytes or more is stored
//     in a bucket under its first Limit bytes. Ordinary stored keys are shorter,
//     so the length tells them from buckets.
//
// A bucket's value is a list of entries, sorted by full key:
//
//	| key length uleb128 | key | value length uleb128 | value |
//
// Buckets are slow: each write rewrites its bucket. They exist to be right.
//
// Why order is kept: zeros^n sorts before every key that is not all zeros and
// at least as long, and so does zeros^n+1; a shorter key that is not all zeros
// differs from both at its first other byte. For buckets, an ordinary key
// compares with the bucket's name as with every key in it, because it is
// shorter than the name, and either a prefix of it or different before its end.
type Keys struct {
	Limit    int    // bytes of the longest key that the library stores
	Reserved []byte // nil, or a prefix whose last byte is above 0

	reservedBucket []byte
}

// NewKeys returns a mapping.
func NewKeys(limit int, reserved []byte) *Keys {
	k := &Keys{Limit: limit, Reserved: reserved}
	if len(reserved) > 0 {
		k.reservedBucket = bytes.Repeat([]byte{0xff}, limit)
		n := copy(k.reservedBucket, reserved)
		k.reservedBucket[n-1]--
	}
	return k
}

var zeros [kv.MaxKeySize + 64]byte // keys to look for may be over the limit

func allZero(key []byte) bool {
	for _, c := range key {
		if c != 0 {
			return false
		}
	}
	return true
}

// Stored returns the key under which the library has key, a view of key or of a
// constant, and whether that is a bucket.
func (k *Keys) Stored(key []byte) (stored []byte, bucket bool) {
	if k.Reserved != nil && bytes.HasPrefix(key, k.Reserved) {
		return k.reservedBucket, true
	}
	key = StoredZeros(key)
	if len(key) >= k.Limit {
		return key[:k.Limit], true
	}
	return key, false
}

// StoredZeros is the mapping of keys of zeros alone, for a library that refuses
// the empty key and no other.
func StoredZeros(key []byte) []byte {
	if allZero(key) {
		return zeros[:min(len(key)+1, len(zeros))]
	}
	return key
}

// Original is the inverse of Stored for keys that are not in buckets.
func Original(stored []byte) []byte {
	if allZero(stored) {
		return stored[:len(stored)-1]
	}
	return stored
}

// InBucket says whether an operation of b needs a bucket.
func (k *Keys) InBucket(b *kv.Batch) bool {
	for ops := b.Ops(); ops.Next(); {
		if _, bucket := k.Stored(ops.Key); bucket {
			return true
		}
	}
	return false
}

// Tx is a library's write transaction. Keys are stored keys. Get returns a view,
// or kv.ErrNotFound.
type Tx interface {
	Get(stored []byte) ([]byte, error)
	Set(stored, value []byte) error
	Delete(stored []byte) error
}

// Apply does operations in tx. If one needs a bucket, no other transaction that
// needs one may run at the same time.
func (k *Keys) Apply(ops kv.Ops, tx Tx) error {
	var buckets map[string][]byte // those changed, written once at the end
	for ops.Next() {
		var err error
		switch stored, bucket := k.Stored(ops.Key); {
		case bucket:
			if buckets == nil {
				buckets = map[string][]byte{}
			}
			err = editBucket(tx, buckets, stored, ops)
		case ops.Kind == kv.OpSet:
			err = tx.Set(stored, ops.Value)
		default:
			err = tx.Delete(stored)
		}
		if err != nil {
			return err
		}
	}
	if err := ops.Err(); err != nil {
		return err
	}
	for name, list := range buckets {
		write := func() error { return tx.Set([]byte(name), list) }
		if len(list) == 0 {
			write = func() error { return tx.Delete([]byte(name)) }
		}
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

func editBucket(tx Tx, buckets map[string][]byte, name []byte, op kv.Ops) error {
	old, ok := buckets[string(name)]
	if !ok {
		var err error
		if old, err = tx.Get(name); err != nil && !errors.Is(err, kv.ErrNotFound) {
			return err
		}
	}
	before, _, after := splitBucket(old, op.Key)
	edited := append([]byte(nil), before...)
	if op.Kind == kv.OpSet {
		edited = appendField(appendField(edited, op.Key), op.Value)
	}
	buckets[string(name)] = append(edited, after...)
	return nil
}

func appendField(dst, field []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(field))), field...)
}

func cutField(b []byte) (field, rest []byte) {
	n, w := binary.Uvarint(b)
	return b[w : w+int(n)], b[w+int(n):]
}

// splitBucket splits a list into the entries below key, key's own and the rest.
func splitBucket(list, key []byte) (before, own, after []byte) {
	for rest := list; len(rest) > 0; {
		at := len(list) - len(rest)
		k, r := cutField(rest)
		_, r = cutField(r)
		switch c := bytes.Compare(k, key); {
		case c == 0:
			return list[:at], list[at : len(list)-len(r)], r
		case c > 0:
			return list[:at], nil, rest
		}
		rest = r
	}
	return list, nil, nil
}

// FromBucket returns the value of key in a bucket.
func FromBucket(list, key []byte) (value []byte, ok bool) {
	_, own, _ := splitBucket(list, key)
	if own == nil {
		return nil, false
	}
	_, rest := cutField(own)
	value, _ = cutField(rest)
	return value, true
}

// Cursor returns the entries of [lower, upper) that raw, a cursor over all
// stored keys, has.
func (k *Keys) Cursor(raw Cursor, lower, upper []byte) Cursor {
	return &keyCursor{Cursor: raw, keys: k, lower: lower, upper: upper}
}

type keyCursor struct {
	Cursor
	keys         *Keys
	lower, upper []byte
	rest         []byte // of the bucket that the raw cursor stands on
}

func (c *keyCursor) First() (key, value []byte, ok bool) {
	if c.lower != nil {
		return c.SeekGE(c.lower)
	}
	return c.entry(c.Cursor.First())
}

func (c *keyCursor) SeekGE(target []byte) (key, value []byte, ok bool) {
	stored, _ := c.keys.Stored(target)
	key, value, ok = c.Cursor.SeekGE(stored)
	if ok && len(key) == c.keys.Limit {
		_, own, after := splitBucket(value, target)
		return c.inBucket(value[len(value)-len(own)-len(after):])
	}
	return c.entry(key, value, ok)
}

func (c *keyCursor) Next() (key, value []byte, ok bool) {
	if len(c.rest) > 0 {
		return c.inBucket(c.rest)
	}
	return c.entry(c.Cursor.Next())
}

// entry makes an entry of what the raw cursor stands on.
func (c *keyCursor) entry(stored, value []byte, ok bool) (_, _ []byte, _ bool) {
	c.rest = nil
	switch {
	case !ok:
		return nil, nil, false
	case len(stored) == c.keys.Limit:
		return c.inBucket(value)
	}
	return c.bounded(Original(stored), value)
}

func (c *keyCursor) inBucket(rest []byte) (key, value []byte, ok bool) {
	if len(rest) == 0 {
		return c.entry(c.Cursor.Next())
	}
	key, rest = cutField(rest)
	value, c.rest = cutField(rest)
	return c.bounded(key, value)
}

func (c *keyCursor) bounded(key, value []byte) (_, _ []byte, _ bool) {
	if c.upper != nil && bytes.Compare(key, c.upper) >= 0 {
		c.rest = nil
		return nil, nil, false
	}
	return key, value, true
}

// ReverseCursor returns the entries of [lower, upper), downwards, that raw, a cursor
// over all stored keys, has.
func (k *Keys) ReverseCursor(raw ReverseCursor, lower, upper []byte) ReverseCursor {
	return &keyReverseCursor{ReverseCursor: raw, keys: k, lower: lower, upper: upper}
}

type keyReverseCursor struct {
	ReverseCursor
	keys         *Keys
	lower, upper []byte
	rest         []byte // of the bucket that the raw cursor stands on: what is below
}

func (c *keyReverseCursor) Last() (key, value []byte, ok bool) {
	if c.upper != nil {
		return c.SeekLT(c.upper)
	}
	return c.entry(c.ReverseCursor.Last())
}

func (c *keyReverseCursor) SeekLT(target []byte) (key, value []byte, ok bool) {
	stored, bucket := c.keys.Stored(target)
	if !bucket {
		return c.entry(c.ReverseCursor.SeekLT(stored))
	}
	name, list, ok := c.ReverseCursor.SeekLT(append(bytes.Clone(stored), 0)) // the bucket itself too
	if ok && bytes.Equal(name, stored) {
		before, _, _ := splitBucket(list, target)
		return c.inBucket(before)
	}
	return c.entry(name, list, ok)
}

func (c *keyReverseCursor) Prev() (key, value []byte, ok bool) {
	if len(c.rest) > 0 {
		return c.inBucket(c.rest)
	}
	return c.entry(c.ReverseCursor.Prev())
}

// entry makes an entry of what the raw cursor stands on.
func (c *keyReverseCursor) entry(stored, value []byte, ok bool) (_, _ []byte, _ bool) {
	c.rest = nil
	switch {
	case !ok:
		return nil, nil, false
	case len(stored) == c.keys.Limit:
		return c.inBucket(value)
	}
	return c.bounded(Original(stored), value)
}

// inBucket shows the last entry of list.
func (c *keyReverseCursor) inBucket(list []byte) (key, value []byte, ok bool) {
	if len(list) == 0 {
		return c.entry(c.ReverseCursor.Prev())
	}
	for rest := list; len(rest) > 0; {
		c.rest = list[:len(list)-len(rest)]
		key, rest = cutField(rest)
		value, rest = cutField(rest)
	}
	return c.bounded(key, value)
}

func (c *keyReverseCursor) bounded(key, value []byte) (_, _ []byte, _ bool) {
	if bytes.Compare(key, c.lower) < 0 {
		c.rest = nil
		return nil, nil, false
	}
	return key, value, true
}
