// Package prefetch asks the processor to load memory that is about to be read, which Go
// has no way to say. A prefetch does not wait. For memory that is not mapped it does
// nothing: it cannot fault.
package prefetch

import "unsafe"

const lineSize = 64 // bytes of a cache line

// Bytes prefetches the cache lines of b.
func Bytes(b []byte) { lines(unsafe.SliceData(b), (len(b)+lineSize-1)/lineSize) }
