package lsm

import (
	"fmt"
	"sync/atomic"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

// memState is the stage that a MemTable has reached. It moves by CAS, only
// forward: active -> immutable -> flushed.
type memState int32

const (
	memActive    memState = iota // takes writes
	memImmutable                 // frozen, waits for its flush or is being flushed
	memFlushed                   // its entries are durable in L0
)

// memHandle is a MemTable with its place in the LSN order and its owners.
//
// Invariants:
//  1. Tables own disjoint, rising LSN runs (first, last].
//  2. Only a writer that found the table active under the commit lock adds to
//     it; all of them are done once the published LSN reaches last.
//  3. refs counts the read states that hold the table; at 0 its memory goes back
//     to the arena pool, exactly once.
type memHandle struct {
	table  memtable.MemTable
	ranges memRanges
	// before is the last LSN of the table before this one.
	before ikey.Seq
	// last is the last LSN assigned to this table; written under the commit
	// lock, fixed once immutable.
	last atomic.Uint64
	// full says that the table has reached the size at which it is to be frozen.
	full atomic.Bool
	// assignedBytes counts the encoded batches assigned; under the commit lock.
	assignedBytes int64

	state atomic.Int32
	refs  atomic.Int32
}

// newMemHandle returns an active table without a reference. Each read state that lists
// the table takes one.
func newMemHandle(o Options, before ikey.Seq) *memHandle {
	m := &memHandle{table: o.MemTable(memtable.Options{SizeHint: o.MemTableSize}), before: before}
	m.last.Store(uint64(before))
	return m
}

// add adds the batch whose first operation has the LSN first. The table is full when it
// has size bytes. The writers of the table set the flag after they have left the commit
// lock: the size is changed by all writers, so a look at it under the lock would take
// longer than all the other work there.
func (m *memHandle) add(first ikey.Seq, b *kv.Batch, size int64) {
	ops := b.Ops()
	if b.HasRangeDeletes() {
		m.addApart(first, &ops, 0)
	} else {
		memtable.AddBatch(m.table, first, ops)
	}
	if m.table.Size() >= size && !m.full.Load() {
		m.full.Store(true)
	}
}

func (m *memHandle) lastSeq() ikey.Seq { return ikey.Seq(m.last.Load()) }

func (m *memHandle) empty() bool { return m.lastSeq() == m.before }

// entries returns the number of versions that the table was given.
func (m *memHandle) entries() int64 { return int64(m.lastSeq() - m.before) }

func (m *memHandle) advance(from, to memState) {
	if !m.state.CompareAndSwap(int32(from), int32(to)) {
		panic(fmt.Sprintf("lsm: MemTable in state %d, want %d", m.state.Load(), from))
	}
}

func (m *memHandle) ref() { m.refs.Add(1) }

func (m *memHandle) unref() {
	if m.refs.Add(-1) == 0 {
		m.table.Release()
	}
}
