package rbtree

import (
	"bytes"
	"encoding/binary"
	"math"
	"sync/atomic"

	"lsmlab/engines/internal/arena"
)

// abbrev says how keys are abbreviated to 8-byte heads, such that
// head(a) < head(b) implies a < b for all keys: by the 8 bytes behind a prefix.
// A key that lacks the prefix gets the least or the greatest head. So the choice
// of the prefix matters for speed only; it should be what most keys share.
type abbrev struct {
	prefix atomic.Uint64                // size<<32 | an entry whose key begins with the prefix
	words  [maxInline / 8]atomic.Uint64 // the prefix, big-endian, padded with zeros
}

// maxInline is the longest prefix, in bytes, that is compared without a look at
// the entry.
const maxInline = 24

// learn sets a for keys between those of two entries, and says whether heads are
// not what they were before.
func (t *table) learn(a *abbrev, low, high arena.Ref) (changed bool) {
	user := t.entry(low).user()
	size := sharedPrefix(user, t.entry(high).user())
	old := a.prefix.Load()
	if int(old>>32) == size && bytes.Equal(t.entry(arena.Ref(old)).user()[:size], user[:size]) {
		return false
	}
	a.prefix.Store(uint64(size)<<32 | uint64(low))
	for i := range a.words {
		a.words[i].Store(head(user[:size], 8*i))
	}
	return true
}

// copy sets a, which nobody else sees yet.
func (a *abbrev) copy(b *abbrev) {
	a.prefix.Store(b.prefix.Load())
	for i := range a.words {
		a.words[i].Store(b.words[i].Load())
	}
}

func sharedPrefix(a, b []byte) int {
	n, size := 0, min(len(a), len(b))
	for n < size && a[n] == b[n] {
		n++
	}
	return n
}

// head abbreviates user.
func (t *table) head(a *abbrev, user []byte) uint64 {
	prefix := a.prefix.Load()
	size := int(prefix >> 32)
	if size > maxInline {
		p := t.entry(arena.Ref(prefix)).user()[:size]
		if !bytes.HasPrefix(user, p) {
			return outside(bytes.Compare(user, p) < 0)
		}
		return head(user, size)
	}
	for i := 0; i < size; i += 8 {
		w, p := head(user, i), a.words[i/8].Load()
		if size-i < 8 {
			w &^= math.MaxUint64 >> (8 * (size - i))
		}
		if w != p {
			return outside(w < p)
		}
	}
	if len(user) < size {
		return 0 // the prefix ends in zeros
	}
	return head(user, size)
}

// outside returns the head of a key that lacks the prefix.
func outside(before bool) uint64 {
	if before {
		return 0
	}
	return math.MaxUint64
}

// head returns the 8 bytes of user from off on as a big-endian number, padded
// with zeros.
func head(user []byte, off int) uint64 {
	if off+8 <= len(user) {
		return binary.BigEndian.Uint64(user[off:])
	}
	return lastBytes(user, off)
}

func lastBytes(user []byte, off int) uint64 {
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
