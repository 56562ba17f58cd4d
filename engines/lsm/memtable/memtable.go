// Package memtable is the contract of the in-memory tables that take the core's
// newest writes, before they are flushed to disk in order. The variants
// (skiplist, rbtree, bptree) stand in their own packages below; memtabletest is
// the one suite that judges them all.
//
// A MemTable only grows: versions are added, never changed or removed, and its
// memory goes back all at once. That is what makes readers cheap.
package memtable

import (
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
)

// MemTable is an ordered in-memory set of versions. All methods but Release
// are safe for concurrent use.
type MemTable interface {
	// Add inserts one version and copies k.User and value. (User, seq) pairs
	// are unique: the caller numbers its writes.
	Add(k ikey.Key, value []byte)
	// Get returns the newest version of user that is not newer than seq. value
	// is a view, valid until Release. It sees every Add that returned before.
	Get(user []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool)
	// NewIterator returns an iterator that sees at least all that was added
	// before the call. Its keys and values are views, valid until Release.
	NewIterator() ikey.Iterator
	// Size returns the bytes held: entries, structure, and arena overhead.
	Size() int64
	// Release gives the memory back. It is called exactly once, when no reader,
	// iterator or view of this table is left; no method may be called after.
	Release()
}

// Ops reads the operations of a batch.
type Ops = kv.Ops

// BatchAdder is a MemTable that adds the versions of a batch together faster than
// one by one.
type BatchAdder interface {
	MemTable
	// AddBatch is what the function of that name does.
	AddBatch(first ikey.Seq, ops Ops)
}

// AddBatch adds each of ops to t; they have the LSNs first, first+1 and so on.
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
	// SizeHint is the size in bytes at which the caller will freeze the table.
	// A table must take more than that: the hint only chooses allocation sizes.
	SizeHint int64
}

// Factory makes an empty MemTable.
type Factory func(Options) MemTable
