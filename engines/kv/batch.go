package kv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// OpKind says what one operation of a batch does. Part of the disk format; do
// not renumber.
type OpKind uint8

// The kinds of operation.
const (
	OpDelete      OpKind = 0
	OpSet         OpKind = 1
	OpDeleteRange OpKind = 2
)

// Batch is a list of writes that [Engine.Apply] applies as one. The zero value
// is empty and ready; Reset makes it empty again and keeps its memory. It is
// used by one goroutine at a time and copies what it is given.
//
// Its encoding, also the body of a WAL record, is a run of operations:
//
//	| kind 1 | key length uleb128 | key | value length uleb128 | value |   OpSet
//	| kind 1 | key length uleb128 | key |                                OpDelete
//	| kind 1 | lower length uleb128 | lower | upper length uleb128 | upper |   OpDeleteRange
//
// An upper bound of no bytes stands for none, as a range below the empty key is empty
// and never encoded: 0 < upper length means lower < upper.
type Batch struct {
	data   []byte
	count  int
	ranges int   // operations that are OpDeleteRange
	err    error // the first refused operation; reported by Check
}

// Set adds "key has value".
func (b *Batch) Set(key, value []byte) {
	k, v := b.SetDeferred(len(key), len(value))
	copy(k, key)
	copy(v, value)
}

// SetDeferred adds "key has value" of the given sizes and returns the batch's own
// memory of both, with any content, for the caller to fill before the next change
// or use of b: what is made there need not be copied there (Pebble's
// Batch.SetDeferred).
func (b *Batch) SetDeferred(keySize, valueSize int) (key, value []byte) {
	if keySize > MaxKeySize || valueSize > MaxValueSize {
		b.refuse(keySize, valueSize)
		return nil, nil
	}
	d := b.data
	if most := keySize + valueSize + opOverhead; cap(d)-len(d) < most { // Grow is a call
		d = slices.Grow(d, most)
	}
	d = appendLength(append(d, byte(OpSet)), keySize)
	keyEnd := len(d) + keySize
	d = appendLength(d[:keyEnd], valueSize)
	end := len(d) + valueSize
	b.data = d[:end]
	b.count++
	return d[keyEnd-keySize : keyEnd : keyEnd], d[end-valueSize : end : end]
}

// opOverhead is what an operation takes beside key and value, at most.
const opOverhead = 1 + 2*binary.MaxVarintLen32

func appendLength(d []byte, n int) []byte {
	if n < 0x80 { // AppendUvarint is a call
		return append(d, byte(n))
	}
	return binary.AppendUvarint(d, uint64(n))
}

// Delete adds "key has no value".
func (b *Batch) Delete(key []byte) {
	if len(key) > MaxKeySize {
		b.refuse(len(key), 0)
		return
	}
	b.data = append(appendLength(append(b.data, byte(OpDelete)), len(key)), key...)
	b.count++
}

// DeleteRange adds "no key of [lower, upper) has a value", as far as operations before
// it gave one; nil means unbounded, as in [Reader.Scan]. A range that is empty, because
// upper is not above lower, adds nothing. Bounds are limited as keys are. Engines without
// range deletes refuse the whole batch with [ErrUnsupported].
func (b *Batch) DeleteRange(lower, upper []byte) {
	if len(lower) > MaxKeySize || len(upper) > MaxKeySize {
		b.refuse(max(len(lower), len(upper)), 0)
		return
	}
	if upper != nil && bytes.Compare(lower, upper) >= 0 {
		return
	}
	d := append(appendLength(append(b.data, byte(OpDeleteRange)), len(lower)), lower...)
	b.data = append(appendLength(d, len(upper)), upper...)
	b.count++
	b.ranges++
}

// HasRangeDeletes says whether b has an [OpDeleteRange]. An engine that does not know
// them refuses such a batch.
func (b *Batch) HasRangeDeletes() bool { return b.ranges > 0 }

func (b *Batch) refuse(keySize, valueSize int) {
	if b.err == nil {
		b.err = sizeError(keySize, valueSize)
	}
}

func sizeError(keySize, valueSize int) error {
	return fmt.Errorf("%w: key of %d bytes (at most %d), value of %d bytes (at most %d)",
		ErrTooLarge, keySize, MaxKeySize, valueSize, MaxValueSize)
}

// Check returns why the batch must be refused as a whole, or nil. Engines call
// it first in Apply.
func (b *Batch) Check() error {
	if b.err == nil && len(b.data) > MaxBatchSize {
		return fmt.Errorf("%w: batch of %d bytes (at most %d)", ErrTooLarge, len(b.data), MaxBatchSize)
	}
	return b.err
}

// Admit returns why b would be refused with another operation of these sizes, or nil. It
// is for those who collect writes and want to say so at once.
func (b *Batch) Admit(keySize, valueSize int) error {
	switch after := len(b.data) + keySize + valueSize + opOverhead; {
	case b.err != nil:
		return b.err
	case keySize > MaxKeySize || valueSize > MaxValueSize:
		return sizeError(keySize, valueSize)
	case after > MaxBatchSize:
		return fmt.Errorf("%w: batch of %d bytes (at most %d)", ErrTooLarge, after, MaxBatchSize)
	}
	return nil
}

// Len returns the number of operations.
func (b *Batch) Len() int { return b.count }

// Bytes returns the encoding, a view that is valid until the next change of b.
func (b *Batch) Bytes() []byte { return b.data }

// Ops returns a reader of the operations, in the order they were added.
func (b *Batch) Ops() Ops { return ReadAllOps(b.data) }

// Reset makes b empty and keeps its memory.
func (b *Batch) Reset() { b.data, b.count, b.ranges, b.err = b.data[:0], 0, 0, nil }

// Ops reads the operations of an encoded batch:
//
//	for ops := b.Ops(); ops.Next(); { use(ops.Kind, ops.Key, ops.Value) }
//
// Key and Value are views into the encoding. It never panics on damaged input:
// Next returns false and Err says what is wrong.
type Ops struct {
	Kind OpKind
	most OpKind // kinds above it are damage
	Key  []byte // of OpDeleteRange the lower bound
	// Value is nil for OpDelete, and the upper bound of OpDeleteRange, where nil is none.
	Value []byte
	rest  []byte
	err   error
}

// ReadOps returns a reader of an encoded batch of single keys, as found in a WAL record
// of format 1: a range delete is damage there.
func ReadOps(encoded []byte) Ops { return Ops{rest: encoded, most: OpSet} }

// ReadAllOps returns a reader of an encoded batch, range deletes included.
func ReadAllOps(encoded []byte) Ops { return Ops{rest: encoded, most: OpDeleteRange} }

// Next moves to the next operation and says whether there is one.
func (o *Ops) Next() bool {
	if len(o.rest) == 0 {
		return false
	}
	// Nearly all operations set a value and have lengths of one byte: 9 ns in place
	// of 13 (2-core Xeon VM).
	if b := o.rest; len(b) > 2 && b[0] == byte(OpSet) && b[1] < 0x80 {
		if at := 2 + int(b[1]); at < len(b) && b[at] < 0x80 {
			if end := at + 1 + int(b[at]); end <= len(b) {
				o.Kind, o.Key, o.Value, o.rest = OpSet, b[2:at:at], b[at+1:end:end], b[end:]
				return true
			}
		}
	}
	kind, rest := OpKind(o.rest[0]), o.rest[1:]
	if kind > o.most {
		return o.fail("operation kind %d", kind)
	}
	key, rest, ok := cutBytes(rest, MaxKeySize)
	if !ok {
		return o.fail("key runs over the end")
	}
	var value []byte
	switch kind {
	case OpSet:
		if value, rest, ok = cutBytes(rest, MaxValueSize); !ok {
			return o.fail("value runs over the end")
		}
	case OpDeleteRange:
		if value, rest, ok = cutBytes(rest, MaxKeySize); !ok {
			return o.fail("upper bound runs over the end")
		}
		if len(value) == 0 {
			value = nil
		} else if bytes.Compare(key, value) >= 0 {
			return o.fail("range delete without a range")
		}
	}
	o.Kind, o.Key, o.Value, o.rest = kind, key, value, rest
	return true
}

// Left returns how many bytes of the encoding Next has not read.
func (o *Ops) Left() int { return len(o.rest) }

// Err returns the damage that ended the reading, wrapping [ErrCorrupt], or nil.
func (o *Ops) Err() error { return o.err }

func (o *Ops) fail(format string, args ...any) bool {
	o.err = fmt.Errorf("%w: batch: %s, %d bytes before its end",
		ErrCorrupt, fmt.Sprintf(format, args...), len(o.rest))
	o.rest = nil
	return false
}

// cutBytes splits a length-prefixed slice off b.
func cutBytes(b []byte, limit uint64) (field, rest []byte, ok bool) {
	if len(b) > 0 && int(b[0]) < min(len(b), 0x80) { // a length of one byte
		end := 1 + int(b[0])
		return b[1:end:end], b[end:], true
	}
	n, w := binary.Uvarint(b)
	if w <= 0 || n > limit || n > uint64(len(b)-w) {
		return nil, b, false
	}
	end := w + int(n)
	return b[w:end:end], b[end:], true
}
