// Package hotmap holds concurrent hash maps that differ in the granularity of their locks:
// for caches of rows and of hot keys.
//
//	Global     one RWMutex over one map
//	Segmented  64 maps, each behind an RWMutex of its own
//	Hybrid     reads take no lock; writes take the lock of one of 64 segments; a key that
//	           writers meet at is promoted to a cell of its own, which is written by
//	           compare-and-swap
//
// All are safe for concurrent use and are linearizable for each key. A value is kept as it
// is given: who stores a slice must not change it afterwards. Keys are copied.
package hotmap

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// Map is a concurrent hash map.
type Map[V any] interface {
	Get(key []byte) (v V, ok bool)
	Set(key []byte, v V)
	Delete(key []byte)
	// Contended returns how many operations had to wait for another: those that found a
	// lock taken, or whose compare-and-swap failed.
	Contended() int64
}

// segments is how many locks Segmented and Hybrid have.
const segments = 64

// lock is an RWMutex that counts who had to wait.
type lock struct {
	mu        sync.RWMutex
	contended atomic.Int64
}

func (l *lock) lock() (waited bool) {
	if l.mu.TryLock() {
		return false
	}
	l.contended.Add(1)
	l.mu.Lock()
	return true
}

func (l *lock) rlock() {
	if !l.mu.TryRLock() {
		l.contended.Add(1)
		l.mu.RLock()
	}
}

// global is a map behind one lock.
type global[V any] struct {
	lock
	m map[string]V
}

// NewGlobal returns a map behind one RWMutex.
func NewGlobal[V any]() Map[V] { return &global[V]{m: map[string]V{}} }

func (g *global[V]) Get(key []byte) (V, bool) {
	g.rlock()
	v, ok := g.m[string(key)]
	g.mu.RUnlock()
	return v, ok
}

func (g *global[V]) Set(key []byte, v V) {
	g.lock.lock()
	g.m[string(key)] = v
	g.mu.Unlock()
}

func (g *global[V]) Delete(key []byte) {
	g.lock.lock()
	delete(g.m, string(key))
	g.mu.Unlock()
}

func (g *global[V]) Contended() int64 { return g.contended.Load() }

// segmented is many maps, each behind a lock; a key's hash says which.
type segmented[V any] struct {
	seed  maphash.Seed
	parts [segments]struct {
		global[V]
		_ [64]byte // two locks never share a cache line
	}
}

// NewSegmented returns a map of 64 segments, each behind an RWMutex.
func NewSegmented[V any]() Map[V] {
	s := &segmented[V]{seed: maphash.MakeSeed()}
	for i := range s.parts {
		s.parts[i].m = map[string]V{}
	}
	return s
}

func (s *segmented[V]) of(key []byte) *global[V] {
	return &s.parts[maphash.Bytes(s.seed, key)%segments].global
}

func (s *segmented[V]) Get(key []byte) (V, bool) { return s.of(key).Get(key) }
func (s *segmented[V]) Set(key []byte, v V)      { s.of(key).Set(key, v) }
func (s *segmented[V]) Delete(key []byte)        { s.of(key).Delete(key) }

func (s *segmented[V]) Contended() (n int64) {
	for i := range s.parts {
		n += s.parts[i].Contended()
	}
	return n
}
