// Package rbtree is the segmented red-black tree MemTable.
//
// The table is cut by key into segments that follow on each other. Each is a
// red-black tree of at most 1023 entries in 16 KiB of the arena, with a lock for
// writers; a full one splits. A directory of the segments' lower fences says where
// to begin.
//
//	directory:  abbreviation | heads of fences, rising | segments
//	segment:    version, lock, abbreviation, root, next, low | slot 0 | ... | slot 1023
//	slot:       head 8 | entry 4, colour and children 4
//	entry:      trailer 8 | sizes 4 | key | value
//
// # Invariants
//
// For a segment s with entries E(s), and nodes x of its tree:
//
//  1. low(s) <= e < low(next(s)) for e in E(s). low(s) is itself in E(s), so it is
//     the least; it never changes. The first segment has no low, the last no next.
//  2. left subtree of x < x < right subtree of x; heads alike, with <=.
//  3. red(x) implies !red(child(x)); the root is black; each way from the root to
//     a nil link has the same number of black nodes. So depth <= 2*log2(n+1).
//  4. head(a) < head(b) implies a < b, for every choice of abbreviation (abbrev.go).
//  5. Entries, once written, and segments, once linked, are never moved or freed.
//  6. The directory may lack segments, but d.ref(i) never sorts after d.head(i): both
//     only ever fall, ref(i) first. So a search that finds d.head(i) <= k begins at
//     or before the segment of k, and goes right from there.
//
// The cut is by internal key, not by user key: by 1, if a segment has no entry at
// or after (user, seq), the next one's low is the first, and no more need be read.
// So a user key may have more versions than a segment has slots.
//
// # Concurrency
//
// Writers lock one segment; a split locks the directory too, in that order.
// Readers lock nothing: they descend and then compare the version (a seqlock) with
// the one before. A new leaf is published by one store and a change of colour is
// invisible to readers, so that only rotations, at most one an insert, and splits
// make them start again; after 100 attempts they take the lock. What a reader may meet in a tree while it changes are slots that were
// written before, so each descent stays in bounds and ends after maxDepth steps.
// Every word that a reader may read while a writer writes it is accessed
// atomically by both. The iterator copies batches of entries and keeps no place in
// the tree. Add and Get allocate nothing on the Go heap, but for the larger buffers
// of the first splits.
//
// # Sources
//
// Bayer, "Symmetric binary B-trees", Acta Informatica 1972; Guibas and Sedgewick,
// "A dichromatic framework for balanced trees", FOCS 1978; Boehm, "Can seqlocks get
// along with programming language memory models?", MSPC 2012; Lehman and Yao (move
// right), TODS 1981; Graefe, "Modern B-tree techniques", 2011 (heads behind a
// prefix).
//
// # Measured
//
// 1M entries of 16 B keys and 100 B values, processor time, on a virtual machine
// with 2 cores of an Intel Xeon that others kept busy: the ratios held over
// interleaved runs, absolute times did not. Go 1.26,
// go test -bench MemTable -benchtime 1x. Public trees: lsmlab bench --memtables.
//
//   - Memory: 128 bytes of entry and 16 to 24 of slots (144 in order, 151 random).
//     A collection takes as long with the table as without.
//   - Heads, against whole keys: get 2.3 times as fast, insert 2.1.
//   - Nodes clustered by cache line (shape.go, freeSlot): 1.4 and 1.45, for 4.9
//     lines on the way to an entry instead of almost 9. Clusters of two adjacent
//     lines: 1.7 times slower. No branch on the way down: no change.
//   - Trailers as heads where a segment holds one user key: its adds 2.3 times as
//     fast, its gets 3.5.
//   - Small first batches of the iterator: a seek 1.4 times as fast.
//   - Segments of 64 to 4096 slots: gets alike; inserts slow below 1024, for the
//     stores that shift the directory, and no faster above.
//
// Tried and dropped: 16 hash segments (insert 1.6 times slower, get alike, walk 4
// times, seek 25 times slower; 64 were worse in all); path copying in place of the
// seqlock, not built: 9 to 10 nodes of 16 bytes an insert would double the memory of
// the table.
package rbtree
