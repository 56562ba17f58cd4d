package bptree

import (
	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable/internal/entry"
)

// newEntry copies a version to ref, where entry.Size bytes must be free, and returns
// ref.
func (t *tree) newEntry(ref arena.Ref, k ikey.Key, value []byte) arena.Ref {
	t.entry(ref).Write(k, value)
	return ref
}

func (t *tree) entry(ref arena.Ref) *entry.Entry { return (*entry.Entry)(t.mem.Pointer(ref)) }

func (t *tree) key(ref arena.Ref) ikey.Key { return t.entry(ref).Key() }

// compare orders the entry at ref against k: -1, 0 or +1.
func (t *tree) compare(ref arena.Ref, k ikey.Key) int { return t.entry(ref).Compare(k) }
