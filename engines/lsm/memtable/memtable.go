// Package memtable is the contract of the in-memory tables that take the core's newest
// writes until these are flushed to disk in order. The variants (skiplist, rbtree,
// bptree) have packages of their own below this one. One suite, memtabletest, judges
// them all.
//
// A MemTable only grows: versions are added, never changed or removed, and all memory
// is released at once. This makes readers cheap, because nothing that they found can go
// away.
package memtable

import (
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
)

// MemTable is an ordered in-memory set of versions. All methods except Release are safe
// for concurrent use.
type MemTable interface {
	// Add inserts one version. It copies k.User and value. (User, seq) pairs must be
	// unique; the caller ensures this by numbering its writes.
	Add(k ikey.Key, value []byte)
	// Get returns the newest version of user that is not newer than seq. It sees every
	// Add that returned before the call. value is a view, valid until Release.
	Get(user []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool)
	// NewIterator returns an iterator. It sees at least all versions that were added
	// before the call. Its keys and values are views, valid until Release.
	NewIterator() ikey.Iterator
	// NewReverseIterator is NewIterator, downwards.
	NewReverseIterator() ikey.ReverseIterator
	// Size returns the bytes held: entries, structure, and the overhead of the arena.
	Size() int64
	// Release gives the memory back. The caller must call it exactly once, when no
	// reader, iterator or view of this table is left, and must call no method
	// afterwards.
	Release()
}

// Ops reads the operations of a batch, one after the other.
type Ops = kv.Ops

// BatchAdder is a MemTable that adds the versions of a batch together faster than one
// by one.
type BatchAdder interface {
	MemTable
	// AddBatch does what the function AddBatch says.
	AddBatch(first ikey.Seq, ops Ops)
}

// AddBatch adds each operation of ops to t. They get the LSNs first, first+1 and so on.
func AddBatch(t MemTable, first ikey.Seq, ops Ops) {
	if t, ok := t.(BatchAdder); ok {
		t.AddBatch(first, ops)
		return
	}
	for seq := first; ops.Next(); seq++ {
		t.Add(ikey.New(ops.Key, seq, ikey.Kind(ops.Kind)), ops.Value)
	}
}

// Options tune a new MemTable.
type Options struct {
	// SizeHint is the size, in bytes, at which the caller will freeze the table. A
	// table must be able to grow beyond it: the hint only chooses the size of
	// allocations.
	SizeHint int64
}

// Factory makes an empty MemTable.
type Factory func(Options) MemTable
