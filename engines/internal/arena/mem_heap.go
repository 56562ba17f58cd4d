//go:build race

package arena

import "unsafe"

// mapMemory returns size bytes of the Go heap, where the race detector sees accesses.
func mapMemory(size int) ([]byte, error) {
	words := make([]uint64, size/8) // aligned for atomics
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size), nil
}

func populate([]byte) {}

func unmapMemory([]byte) {}
