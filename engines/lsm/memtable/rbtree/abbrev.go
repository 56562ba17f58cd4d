package rbtree

import (
	"bytes"
	"encoding/binary"
	"math"

	"lsmlab/engines/internal/arena"
)

// abbrev says how keys are abbreviated to 8-byte heads, such that
// head(a) < head(b) implies a < b for all keys: by the 8 bytes behind a prefix.
// A key that lacks the prefix gets the least or the greatest head. So the choice
// of the prefix matters for speed only; it should be what all keys share.
//
// The prefix is the first bytes of an entry's key: size<<32 | entry.
type abbrev uint64

func (t *table) newAbbrev(low, high arena.Ref) abbrev {
	a, b := t.entry(low).user(), t.entry(high).user()
	n, size := 0, min(len(a), len(b))
	for n < size && a[n] == b[n] {
		n++
	}
	return abbrev(n)<<32 | abbrev(low)
}

// fits says whether user has the prefix.
func (t *table) fits(a abbrev, user []byte) bool {
	return bytes.HasPrefix(user, t.entry(arena.Ref(a)).user()[:a>>32])
}

func (t *table) head(a abbrev, user []byte) uint64 {
	size := int(a >> 32)
	if size == 0 {
		return head(user, 0)
	}
	prefix := t.entry(arena.Ref(a)).user()[:size]
	if len(user) < size || !bytes.Equal(user[:size], prefix) {
		if bytes.Compare(user, prefix) < 0 {
			return 0
		}
		return math.MaxUint64
	}
	return head(user, size)
}

// head returns the 8 bytes of user from off on as a big-endian number, padded
// with zeros: ikey.Head(user[off:]), without a copy if only the end is short.
func head(user []byte, off int) uint64 {
	n := len(user)
	switch {
	case off+8 <= n:
		return binary.BigEndian.Uint64(user[off:])
	case off >= n:
		return 0
	case n >= 8:
		return binary.BigEndian.Uint64(user[n-8:]) << (8 * (off + 8 - n))
	}
	var b [8]byte
	copy(b[:], user[off:])
	return binary.BigEndian.Uint64(b[:])
}
