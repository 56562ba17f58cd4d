package bptree

import "unsafe"

// prefetch has the first bytes of what the n pointers at p point to come into
// the cache, without waiting, which Go itself cannot say.
//
//go:noescape
func prefetch(p *unsafe.Pointer, n int)
