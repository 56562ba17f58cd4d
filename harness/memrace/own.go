package memrace

import (
	"lsmlab/engines/lsm/memtable/bptree"
	"lsmlab/engines/lsm/memtable/rbtree"
	"lsmlab/engines/lsm/memtable/skiplist"
)

// Own returns the MemTable variants of the core.
func Own() []Table {
	return []Table{
		FromMemTable("skiplist", "lock-free skiplist in an arena outside the Go heap", skiplist.New),
		FromMemTable("rbtree", "segmented red-black tree in an arena outside the Go heap", rbtree.New),
		FromMemTable("bptree", "B+ tree in an arena outside the Go heap, optimistic readers", bptree.New),
	}
}
