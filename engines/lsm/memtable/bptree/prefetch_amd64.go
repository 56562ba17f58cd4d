package bptree

import "unsafe"

// prefetch loads the first bytes at each of the n pointers at p into the cache, without
// waiting. Go has no way to say this.
//
//go:noescape
func prefetch(p *unsafe.Pointer, n int)
