package skiplist

import (
	"sync/atomic"
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable/internal/entry"
)

// node is one entry. It lies in the arena with its links before it, which take a
// multiple of 8 bytes:
//
//	| link h-1 8 | ... | link 0 8 | entry |
//	                              ^ reference
type node struct{ entry.Entry }

// newNode writes an entry and makes room for height links, which are not set.
func newNode(a *arena.Arena, height int, k ikey.Key, value []byte) (arena.Ref, *node) {
	links := height * linkSize
	ref := a.Alloc(links+entry.Size(k, value)) + arena.Ref(links/arena.Align)
	n := nodeAt(a, ref)
	n.Write(k, value)
	return ref, n
}

func nodeAt(a *arena.Arena, ref arena.Ref) *node { return (*node)(a.Pointer(ref)) }

// link returns the link of the given level, which must be below n's height.
func (n *node) link(level int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Add(unsafe.Pointer(n), -linkSize*(level+1)))
}
