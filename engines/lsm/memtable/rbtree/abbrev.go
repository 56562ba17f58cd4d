package rbtree

import (
	"bytes"
	"math"
	"sync/atomic"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// abbrev says how keys are abbreviated to heads of 8 bytes, such that head(a) < head(b)
// implies a < b for all keys. The head consists of the 8 bytes behind a prefix. A key
// that lacks the prefix gets the least or the greatest head. So the choice of the
// prefix matters for speed only; it should be what most keys share. If all keys are
// versions of one user key, then the prefix is that user key, and the head is the
// inverted trailer.
type abbrev struct {
	prefix atomic.Uint64                // see prefix
	words  [maxInline / 8]atomic.Uint64 // the bytes of the prefix, big-endian, padded with zeros
}

// prefix is the first bytes of an entry's user key:
//
//	| whole key 1 | size 31 | entry 32 |
type prefix uint64

const (
	wholeKey prefix = 1 << 63
	// maxInline is the length, in bytes, of the longest prefix that is compared without
	// reading the entry.
	maxInline = 24
)

func (p prefix) size() int        { return int(p &^ wholeKey >> 32) }
func (p prefix) entry() arena.Ref { return arena.Ref(p) }

// prefixOf returns the prefix that all keys between two entries share.
func (t *table) prefixOf(low, high arena.Ref) prefix {
	a, b := t.entry(low).User(), t.entry(high).User()
	n, size := 0, min(len(a), len(b))
	for n < size && a[n] == b[n] {
		n++
	}
	p := prefix(n)<<32 | prefix(low)
	if n == len(a) && n == len(b) {
		p |= wholeKey
	}
	return p
}

// fits says whether user has the prefix p, or is the whole key if p is one.
func (t *table) fits(p prefix, user []byte) bool {
	return bytes.HasPrefix(user, t.prefixBytes(p)) && (p&wholeKey == 0 || len(user) == p.size())
}

func (t *table) prefixBytes(p prefix) []byte { return t.entry(p.entry()).User()[:p.size()] }

// set makes a abbreviate by prefix p.
func (t *table) set(a *abbrev, p prefix) {
	b := t.prefixBytes(p)
	a.prefix.Store(uint64(p))
	for i := range a.words {
		a.words[i].Store(ikey.Head(b, 8*i))
	}
}

// same says whether a already abbreviates by prefix p.
func (t *table) same(a *abbrev, p prefix) bool {
	old := prefix(a.prefix.Load())
	if old>>32 != p>>32 {
		return false
	}
	return p.size() == 0 || bytes.Equal(t.prefixBytes(old), t.prefixBytes(p))
}

// head returns the head of k.
func (t *table) head(a *abbrev, k ikey.Key) uint64 {
	p := prefix(a.prefix.Load())
	size := p.size()
	if size > maxInline || p&wholeKey != 0 {
		return t.rareHead(p, k)
	}
	for i := 0; i < size; i += 8 {
		w, want := ikey.Head(k.User, i), a.words[i/8].Load()
		if size-i < 8 {
			w &^= math.MaxUint64 >> (8 * (size - i))
		}
		if w != want {
			return outside(w < want)
		}
	}
	if len(k.User) < size {
		return 0 // the rest of the prefix is zeros
	}
	return ikey.Head(k.User, size)
}

// rareHead is head for a prefix that is long or that is a whole key.
func (t *table) rareHead(p prefix, k ikey.Key) uint64 {
	if !t.fits(p, k.User) {
		return outside(bytes.Compare(k.User, t.prefixBytes(p)) < 0)
	}
	if p&wholeKey != 0 {
		return uint64(^k.Trailer)
	}
	return ikey.Head(k.User, p.size())
}

// outside returns the head of a key that lacks the prefix. before says that the key
// sorts before all keys with the prefix.
func outside(before bool) uint64 {
	if before {
		return 0
	}
	return math.MaxUint64
}
