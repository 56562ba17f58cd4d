// Package arena allocates memory that the garbage collector never scans, for MemTables
// and other users that need much memory for a while. An arena consists of chunks
// outside the Go heap. References of 32 bits address its memory, and all of it is
// released at once. Offsets in place of pointers are an idea of the arena skiplists of
// Pebble and Badger.
//
// Invariants:
//
//  1. A reference is given out once and stays valid, at the same address, until
//     Release.
//  2. chunks[i] is written before any reference into chunk i is given out, and never
//     afterwards. So whoever got a reference may read chunks[i] without a lock.
//  3. A chunk belongs to one arena, to the pool or to the reserve. Release moves each
//     chunk of its arena exactly once.
//
// If the system refuses memory, arenas take it from a reserve: see [Refill].
//
// Memory is not cleared: an arena may get chunks that another arena released. Builds
// with the race detector take chunks from the Go heap, because the detector sees no
// other accesses.
package arena

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Ref addresses memory of an arena, in units of [Align] bytes. 0 stands for no memory.
type Ref uint32

const (
	// Align is the alignment of all memory given out, in bytes.
	Align = 8

	alignBits = 3
	// chunkSize is the size of a huge page, so that one TLB entry serves a chunk.
	chunkSize  = 2 << 20
	chunkBits  = 21 - alignBits
	chunkUnits = 1 << chunkBits
	unitMask   = chunkUnits - 1
	maxChunks  = 4096 // 8 GiB; the array of chunks costs 32 KiB an arena
	// growing is the number of chunks from which an arena is expected to take more.
	growing = 2
)

// Arena is a bump allocator: it only ever moves the end of the used memory. Alloc,
// Bytes, Pointer and Size are safe for concurrent use.
type Arena struct {
	next   atomic.Uint64 // unit after the last one given out in the current chunk; 0 before the first chunk
	full   atomic.Int64  // bytes of all chunks except the current one
	_      [112]byte     // separates the cache lines that each Alloc writes from those that each read needs
	chunks [maxChunks]unsafe.Pointer

	mu       sync.Mutex // guards the fields below, and growth
	used     int        // how many elements of chunks are in use
	owned    []memory
	released bool
}

// New returns an empty arena. It takes its first chunk at the first Alloc.
func New() *Arena { return &Arena{} }

// Alloc returns size bytes of undefined content, aligned to [Align]. It panics if the
// arena would exceed 8 GiB, which MemTables never approach: they are frozen long
// before.
func (a *Arena) Alloc(size int) Ref {
	units := uint64(size+Align-1) >> alignBits
	for {
		off := a.next.Load()
		// next is never at offset 0 of the first chunk, so 0 can mean "no chunk yet".
		if off&unitMask == 0 || off&unitMask+units > chunkUnits {
			if ref := a.grow(units); ref != 0 {
				return ref
			}
			continue
		}
		if a.next.CompareAndSwap(off, off+units) {
			return Ref(off)
		}
	}
}

// grow makes room for units: a new current chunk, or separate chunks in a row for a
// size that exceeds one chunk. It returns 0 if another goroutine made room first.
func (a *Arena) grow(units uint64) Ref {
	a.mu.Lock()
	defer a.mu.Unlock()
	off := a.next.Load()
	if off&unitMask != 0 && off&unitMask+units <= chunkUnits {
		return 0
	}
	// The first unit of a chunk stays unused. So reference 0 is free to mean nil, and
	// "the chunk is exactly full" differs from "there is no chunk".
	n := int((units + 1 + unitMask) >> chunkBits)
	if a.used+n > maxChunks || a.released {
		panic(fmt.Sprintf("arena: %d chunks in use, %d more asked for, at most %d (released: %v)",
			a.used, n, maxChunks, a.released))
	}
	mem := takeChunks(n, a.used >= growing)
	a.owned = append(a.owned, mem)
	bytes := mem.bytes
	first := uint64(a.used)<<chunkBits + 1
	for i := range n {
		a.chunks[a.used+i] = unsafe.Pointer(&bytes[i*chunkSize])
	}
	a.used += n
	if n == 1 {
		if off != 0 {
			a.full.Add(chunkSize)
		}
		a.next.Store(first + units)
	} else {
		a.full.Add(int64(n) * chunkSize)
	}
	return Ref(first)
}

// Pointer returns the address of ref, which stays valid until Release.
func (a *Arena) Pointer(ref Ref) unsafe.Pointer {
	return unsafe.Add(a.chunks[(ref>>chunkBits)%maxChunks], uintptr(ref&unitMask)<<alignBits)
}

// Bytes returns the size bytes at ref as a view, which is valid until Release.
func (a *Arena) Bytes(ref Ref, size int) []byte {
	return unsafe.Slice((*byte)(a.Pointer(ref)), size)
}

// Size returns the bytes given out, including the waste of alignment and of chunk ends.
func (a *Arena) Size() int64 {
	full := a.full.Load()
	off := a.next.Load() & unitMask
	if off == 0 && a.next.Load() != 0 {
		off = chunkUnits // the current chunk is exactly full
	}
	return full + int64(off)<<alignBits
}

// Release gives all memory back. Nothing that the arena gave out may be touched
// afterwards. A second Release panics.
func (a *Arena) Release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.released {
		panic("arena: released twice")
	}
	a.released = true
	for _, mem := range a.owned {
		giveChunks(mem)
	}
	a.owned = nil
	clear(a.chunks[:a.used])
}
