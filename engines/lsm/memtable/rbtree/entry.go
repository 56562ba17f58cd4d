package rbtree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable/internal/entry"
)

// newEntry copies a version into the arena.
func (t *table) newEntry(k ikey.Key, value []byte) arena.Ref {
	ref := t.mem.Alloc(entry.Size(k, value))
	t.entry(ref).Write(k, value)
	return ref
}

func (t *table) entry(ref arena.Ref) *entry.Entry { return (*entry.Entry)(t.mem.Pointer(ref)) }
