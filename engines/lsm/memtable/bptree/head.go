package bptree

import (
	"math/bits"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// A skip says how the keys of one node are abbreviated to a head of 64 bits (inner
// nodes) or 32 bits (leaves), such that head(a) < head(b) implies a < b for all keys in
// the range of the node. The head consists of the bits of the user key behind the first
// skip bits, which all keys between the two fences share (Bayer and Unterauer, "Prefix
// B-trees", TODS 1977). If both fences are versions of one user key, then so is every
// key between them, and the head consists of bits of the inverted trailer.
type skip uint16

const (
	sameUser skip = 1 << 15
	maxSkip       = 1<<15 - 1 // bits; a smaller skip than possible is correct too
)

// head64 returns the head of k for an inner node.
func (s skip) head64(k ikey.Key) uint64 {
	if s&sameUser != 0 {
		return uint64(^k.Trailer) << (s & 63)
	}
	return ikey.Head(k.User, int(s>>3)) << (s & 7)
}

// head32 returns the head of k for a leaf.
func (s skip) head32(k ikey.Key) uint64 { return s.head64(k) >> 32 }

// fenceSkip returns the largest skip for keys in [low, high). It is 0 if a fence is
// missing, because the keys then share nothing.
func (t *tree) fenceSkip(low, high arena.Ref) skip {
	if low == 0 || high == 0 {
		return 0
	}
	a, b := t.key(low), t.key(high)
	n := min(len(a.User), len(b.User))
	for i := range n {
		if x := a.User[i] ^ b.User[i]; x != 0 {
			return skip(min(i*8+bits.LeadingZeros8(x), maxSkip))
		}
	}
	if len(a.User) == len(b.User) {
		return sameUser | skip(bits.LeadingZeros64(uint64(a.Trailer^b.Trailer)))
	}
	return skip(min(n*8, maxSkip))
}

// worthwhile says whether heads by next resolve so much more than heads by s that a
// node should be encoded again. This is so when the range of the node was halved 8
// times.
func (s skip) worthwhile(next skip) bool {
	return (next^s)&sameUser != 0 || next >= s+8
}
