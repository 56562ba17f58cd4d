package skiplist

import (
	"bytes"
	"sync/atomic"
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// node is one entry. It lies in the arena with its links before it and its key
// and value behind it, a multiple of 8 bytes in all:
//
//	| link h-1 8 | ... | link 0 8 | trailer 8 | sizes 4 | key | value |
//	                              ^ reference
//
// Sizes that do not fit 32 bits are a wide word of their own, and the key then
// starts at 24.
type node struct {
	trailer ikey.Trailer
	sizes   uint32 // key size << 22 | value size, or wideSizes
	_       uint32 // first bytes of the key, or unused
}

const (
	keyOffset     = 12
	wideKeyOffset = 24

	valueSizeBits = 22
	wideSizes     = 1<<32 - 1
)

// newNode writes an entry of the given height, with links unset.
func newNode(a *arena.Arena, height int, k ikey.Key, value []byte) (arena.Ref, *node) {
	keySize, valueSize := len(k.User), len(value)
	sizes, offset := uint32(keySize<<valueSizeBits|valueSize), keyOffset
	if keySize >= 1<<(32-valueSizeBits)-1 || valueSize >= 1<<valueSizeBits {
		sizes, offset = wideSizes, wideKeyOffset
	}
	ref := a.Alloc(height*linkSize+offset+keySize+valueSize) + arena.Ref(height*linkSize/arena.Align)
	n := nodeAt(a, ref)
	n.trailer = k.Trailer
	n.sizes = sizes
	if sizes == wideSizes {
		*n.wide() = uint64(keySize)<<32 | uint64(valueSize)
	}
	copy(n.bytes(offset, keySize), k.User)
	copy(n.bytes(offset+keySize, valueSize), value)
	return ref, n
}

func nodeAt(a *arena.Arena, ref arena.Ref) *node { return (*node)(a.Pointer(ref)) }

func (n *node) wide() *uint64 { return (*uint64)(unsafe.Add(unsafe.Pointer(n), 16)) }

func (n *node) bytes(offset, size int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(n), offset)), size)
}

// link returns the link of the given level, below n's height.
func (n *node) link(level int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Add(unsafe.Pointer(n), -linkSize*(level+1)))
}

func (n *node) user() []byte {
	if n.sizes != wideSizes {
		return n.bytes(keyOffset, int(n.sizes>>valueSizeBits))
	}
	return n.bytes(wideKeyOffset, int(*n.wide()>>32))
}

func (n *node) value() []byte {
	if n.sizes != wideSizes {
		return n.bytes(keyOffset+int(n.sizes>>valueSizeBits), int(n.sizes&(1<<valueSizeBits-1)))
	}
	w := *n.wide()
	return n.bytes(wideKeyOffset+int(w>>32), int(uint32(w)))
}

// before says whether n sorts before k.
func (n *node) before(k ikey.Key) bool {
	c := bytes.Compare(n.user(), k.User)
	return c < 0 || c == 0 && n.trailer > k.Trailer
}
