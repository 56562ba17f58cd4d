package service

import (
	"context"
	"hash/maphash"
	"math/bits"
	"sync"

	"lsmlab/engines/kv"
)

// locks make Update atomic with respect to all writes of its keys through the same
// store. Each key belongs to one of many locks, by its hash:
//
//  1. Apply takes the locks of its keys shared. So plain writes do not wait for each
//     other, and share syncs as before.
//  2. Update takes the locks of its keys exclusively, from its first read until its
//     write is acknowledged.
//  3. Both take locks in the order of their numbers, so that no deadlock is possible.
//
// Reads take no lock. Writes by other processes, and by code that uses the engine
// directly, are not covered.
type locks struct {
	seed maphash.Seed
	all  [1 << lockBits]sync.RWMutex
}

const lockBits = 10

// lockSet is a set of locks, with one bit for each. Its order is that of the numbers.
type lockSet [1 << lockBits / 64]uint64

func (l *locks) add(set *lockSet, key []byte) {
	n := maphash.Bytes(l.seed, key) >> (64 - lockBits)
	set[n/64] |= 1 << (n % 64)
}

func (l *locks) ofBatch(b *kv.Batch) (set lockSet) {
	for ops := b.Ops(); ops.Next(); {
		l.add(&set, ops.Key)
	}
	return set
}

// each calls do for each lock of the set, in order.
func (l *locks) each(set *lockSet, do func(*sync.RWMutex)) {
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			do(&l.all[i*64+bits.TrailingZeros64(word)])
		}
	}
}

func (l *locks) rlock(set *lockSet)   { l.each(set, (*sync.RWMutex).RLock) }
func (l *locks) runlock(set *lockSet) { l.each(set, (*sync.RWMutex).RUnlock) }
func (l *locks) lock(set *lockSet)    { l.each(set, (*sync.RWMutex).Lock) }
func (l *locks) unlock(set *lockSet)  { l.each(set, (*sync.RWMutex).Unlock) }

// Update calls decide, which may read the store and fill b. Then it applies b, as Apply
// does. No other write through s changes one of the keys meanwhile. decide must write
// only through b, and only the given keys. If decide fails or leaves b empty, nothing
// is written.
func (s *Store) Update(ctx context.Context, keys [][]byte, b *kv.Batch, d kv.Durability, decide func() error) (lsn uint64, err error) {
	var set lockSet
	for _, key := range keys {
		s.locks.add(&set, key)
	}
	s.locks.lock(&set)
	defer s.locks.unlock(&set)
	if err := decide(); err != nil || b.Len() == 0 {
		return 0, err
	}
	return s.apply(ctx, b, d)
}
