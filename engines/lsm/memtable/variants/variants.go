// Package variants is the one list of MemTables. The table of engines, the races of
// bare tables, crash runs and the suites of the core take it from here, so a new
// MemTable is one line. ADDING.md, in the parent folder, shows how.
package variants

import (
	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/bptree"
	"lsmlab/engines/lsm/memtable/rbtree"
	"lsmlab/engines/lsm/memtable/skiplist"
)

// Variant is one MemTable by name.
type Variant struct {
	Name  string // of the bare table; the engine with it is called "lsm-" plus this name
	Kind  string // what it is, with an article: "a lock-free skiplist"
	About string // one line about the bare table
	New   memtable.Factory
}

// All returns the MemTables in the order in which pages and commands show them.
func All() []Variant {
	return []Variant{
		{"skiplist", "a lock-free skiplist", "lock-free skiplist in an arena outside the Go heap", skiplist.New},
		{"rbtree", "a segmented red-black tree", "segmented red-black tree in an arena outside the Go heap", rbtree.New},
		{"bptree", "an in-memory B+ tree", "B+ tree in an arena outside the Go heap, optimistic readers", bptree.New},
	}
}
