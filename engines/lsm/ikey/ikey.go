// Package ikey defines the internal key: the form that a user key has inside the core.
// Every version of a user key is one internal key,
//
//	(user key, sequence number, kind)
//
// Internal keys are ordered by user key ascending, then by sequence number descending.
// So the newest version of a key comes first, and the newest version that is not newer
// than S is the first internal key at or after (user, S).
//
// Sequence numbers (LSNs) are dense: every operation of every batch takes the next
// number, so a batch owns a contiguous run of numbers. No two versions have the same
// number.
package ikey

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Seq is a sequence number, the LSN of one operation. 0 precedes all writes.
type Seq uint64

// MaxSeq is the largest sequence number. A read at MaxSeq sees the newest state.
const MaxSeq Seq = 1<<56 - 1

// Kind says what a version holds. Part of the disk format; do not renumber.
type Kind uint8

// The kinds of version.
const (
	Delete Kind = 0 // a tombstone: the key has no value at this version
	Set    Kind = 1
)

// Trailer packs seq<<8 | kind. Of two versions of a user key, the newer has the greater
// trailer. Part of the disk format.
type Trailer uint64

// newTrailer packs seq and kind.
func newTrailer(seq Seq, kind Kind) Trailer { return Trailer(seq)<<8 | Trailer(kind) }

// Seq returns the sequence number.
func (t Trailer) Seq() Seq { return Seq(t >> 8) }

// Kind returns the kind.
func (t Trailer) Kind() Kind { return Kind(t) }

// Compare orders versions of one user key, newer first: -1, 0 or +1.
func (t Trailer) Compare(u Trailer) int {
	switch {
	case t > u:
		return -1
	case t < u:
		return +1
	}
	return 0
}

// Key is an internal key. User is a view; the owner of its bytes says how long it is
// valid.
type Key struct {
	User    []byte
	Trailer Trailer
}

// New returns the internal key of (user, seq, kind).
func New(user []byte, seq Seq, kind Kind) Key { return Key{user, newTrailer(seq, kind)} }

// SeekKey returns the internal key at which the versions of user begin that a reader at
// seq may see. It sorts at or before each of them and after all newer versions.
func SeekKey(user []byte, seq Seq) Key { return Key{user, newTrailer(seq, 0xff)} }

// End returns a key that sorts after all others. It is a view that must not be changed.
func End() Key { return Key{User: end} }

var end = bytes.Repeat([]byte{0xff}, 64<<10+1) // a byte longer than the longest user key

// Before returns the internal key right before k: a version is smaller than k if and only
// if it is at or before that key. The first key of a user key, at which no version is, is
// returned as it is.
func (k Key) Before() Key {
	k.Trailer = max(k.Trailer, k.Trailer+1)
	return k
}

// Compare orders internal keys: -1, 0 or +1.
func Compare(a, b Key) int {
	if c := bytes.Compare(a.User, b.User); c != 0 {
		return c
	}
	return a.Trailer.Compare(b.Trailer)
}

// String shows the key for people, not for storage.
func (k Key) String() string {
	kind := "set"
	if k.Trailer.Kind() == Delete {
		kind = "del"
	}
	return fmt.Sprintf("%q#%d,%s", k.User, k.Trailer.Seq(), kind)
}

// Head returns 8 bytes of a user key, from offset off on, as a big-endian number padded
// with zeros. It is an abbreviated key (Graefe, "Modern B-Tree Techniques", 2011,
// section 3.2). For keys that share their first off bytes, Head(a) < Head(b) implies a
// < b, so most comparisons need not read the keys. Equal heads say nothing about the
// order.
func Head(user []byte, off int) uint64 {
	if off+8 <= len(user) {
		return binary.BigEndian.Uint64(user[off:])
	}
	return shortHead(user, off)
}

// shortHead is Head for keys that end within these 8 bytes.
func shortHead(user []byte, off int) uint64 {
	n := len(user)
	if off >= n {
		return 0
	}
	if n >= 8 {
		return binary.BigEndian.Uint64(user[n-8:]) << (8 * (off + 8 - n))
	}
	var b [8]byte
	copy(b[:], user[off:])
	return binary.BigEndian.Uint64(b[:])
}

// Iterator visits internal keys in order. MemTables and tables provide it, and merging
// consumes it. It starts before the first key. One goroutine at a time may use it, and
// Next may be called only while the iterator is at an entry.
type Iterator interface {
	First() bool
	SeekGE(k Key) bool // moves to the first entry >= k
	Next() bool
	Key() Key      // view, valid until the next move
	Value() []byte // view, valid until the next move
	// Close releases the iterator and returns the first error that it met. An error
	// ends the iteration as the end of the entries does, so callers must check it here.
	Close() error
}

// ReverseIterator visits internal keys in descending order; else it is as [Iterator]. So
// of the versions of a user key, it visits the oldest first. The last key of all is
// before [End].
type ReverseIterator interface {
	SeekLT(k Key) bool // moves to the last entry < k
	Prev() bool
	Key() Key // view, valid until the next move
	// Value returns a view that is valid as long as the MemTable or table is open: who
	// looks for the newest version of a key keeps the value of one, and goes on.
	Value() []byte
	Close() error // as that of Iterator
}
