// Package prefetch asks the processor for memory that is about to be read, which
// Go itself cannot say. A prefetch does not wait, and of memory that is not
// there it does nothing: it cannot fault.
package prefetch

import "unsafe"

const lineSize = 64 // bytes of a cache line

// Bytes asks for the cache lines of b.
func Bytes(b []byte) { lines(unsafe.SliceData(b), (len(b)+lineSize-1)/lineSize) }
