// Package lsm is lsmlab's own storage engine: a log-structured merge tree whose
// MemTable is a variant, over one shared core of WAL, SSTables and compaction.
//
// A write goes to the WAL and the active MemTable (commit.go), is frozen with it
// (memhandle.go), flushed to L0 (flush.go), and sinks to the deepest level (compact.go).
// A read takes one immutable readState (readstate.go) and looks from the newest
// place to the oldest (get.go, iterator.go). Work in the background is begun in
// schedule.go, becomes part of the store in edit.go, and leaves files to remove.go.
//
// Range deletes stand beside MemTables and tables (ranges.go).
//
// A transaction reads at the LSN that it pins (pin.go), with its own writes on top
// (txn.go, txniter.go), and is one batch when it commits. Whether it may is decided in
// conflict.go.
//
// Locks, in the order in which they are taken:
//
//	work.manual  one manual compaction at a time
//	writes.mu    the commit lock; numbers writes: assigned, mem, and the WAL's order
//	edits.mu     one change of the set of tables at a time, with its manifest I/O
//	mu           the in-memory state; held for moments, never across I/O
//
// Reads take none of them, and neither do snapshots, nor transactions before they
// commit. What a read sees of writes that are not durable yet stands in durable.go.
//
// What holds across a crash: the manifest names every table that counts; each
// was synced, with its directory entry, before the manifest named it. All LSNs
// up to the manifest's FlushedSeq are in tables, all later ones in the WAL,
// which is recycled only after the manifest is durable. A table's file goes only
// after the manifest that no longer names it is durable. What a store does not need
// any more goes at Compact, at Close, and by the ticker (idle.go).
//
// What happens when disk, descriptors or memory run out stands in shortage.go.
package lsm
