// Package rbtree is a MemTable: a segmented red-black tree.
//
// The table consists of segments that follow each other in key order. Each segment is a
// red-black tree of at most 1023 entries, takes 16 KiB of the arena, and has a lock for
// writers. A full segment splits. A directory of the segments' lower fences says where
// a search begins.
//
//	directory:  abbreviation | heads of fences, rising | segments
//	segment:    version, lock, abbreviation, root, next, low | slot 0 | ... | slot 1023
//	slot:       head 8 | entry 4, colour and children 4
//	entry:      trailer 8 | sizes 4 | key | value
//
// # Invariants
//
// Let E(s) be the entries of segment s, and x a node of its tree.
//
//  1. low(s) <= e < low(next(s)) for e in E(s). low(s) is itself in E(s), so it is the
//     least of them; it never changes. The first segment has no low, the last no next.
//  2. left subtree of x < x < right subtree of x. The same holds for heads, with <=.
//  3. red(x) implies !red(child(x)); the root is black; each path from the root to a nil
//     link has the same number of black nodes. So depth <= 2*log2(n+1).
//  4. head(a) < head(b) implies a < b, for every choice of abbreviation (abbrev.go).
//  5. Entries are never moved or freed once they are written, nor are segments once they
//     are linked.
//  6. The directory may lack segments, but d.ref(i) never sorts after d.head(i): both
//     only ever fall, ref(i) first. So a search that finds d.head(i) <= k begins at or
//     before the segment of k, and moves right from there.
//
// Segments divide the internal keys, not the user keys. By invariant 1, if a segment
// has no entry at or after (user, seq), then the first such entry is the low of the
// next segment, and nothing more has to be read. So a user key may have more versions
// than a segment has slots.
//
// # Concurrency
//
// A writer locks one segment. A split locks the directory too, after the segment.
// Readers take no lock. They descend, and then compare the segment's version (a
// seqlock) with the version before. A new leaf is published by one store, and readers
// do not look at colours. So readers have to start again only after rotations, of which
// an insert makes at most one, and after splits. After 100 attempts, a reader takes the
// lock. While a tree changes, a reader meets only slots that were written before. So
// each descent stays within bounds and ends after maxDepth steps.
//
// Every word that a reader may read while a writer writes it is accessed atomically by
// both. The iterator copies batches of entries and keeps no position in the tree. Add
// and Get allocate nothing on the Go heap, except for the buffers of the first splits.
//
// # Sources
//
// Bayer, "Symmetric binary B-trees", Acta Informatica 1972; Guibas and Sedgewick, "A
// dichromatic framework for balanced trees", FOCS 1978; Boehm, "Can seqlocks get along
// with programming language memory models?", MSPC 2012; Lehman and Yao (move right),
// TODS 1981; Graefe, "Modern B-tree techniques", 2011 (heads behind a prefix).
//
// # Measured
//
// The figures are processor time for 1M entries with keys of 16 B and values of 100 B,
// on a virtual machine with 2 cores of an Intel Xeon that others kept busy. The ratios
// held over interleaved runs, absolute times did not. Go 1.26, go test -bench MemTable
// -benchtime 1x. Public trees: lsmlab bench --memtables.
//
//   - Memory: an entry takes 128 bytes, and its slot 16 to 24 (144 in order, 151
//     random). A garbage collection takes as long with the table as without it.
//   - Heads, against whole keys: get 2.3 times as fast, insert 2.1 times.
//   - Nodes clustered by cache line (shape.go, freeSlot): 1.4 and 1.45 times, with 4.9
//     instead of almost 9 lines on the path to an entry. Clusters of two adjacent lines:
//     1.7 times slower. No branch on the path: no change.
//   - Trailers as heads where a segment holds one user key: adds to it 2.3 times as
//     fast, gets 3.5 times.
//   - Small first batches of the iterator: a seek is 1.4 times as fast.
//   - Segments of 64 to 4096 slots: gets are alike. Inserts are slow below 1024 slots,
//     because of the stores that shift the directory, and no faster above.
//
// Tried and dropped: 16 hash segments (insert 1.6 times slower, get alike, walk 4
// times, seek 25 times slower; 64 were worse in everything). Not built: path copying in
// place of the seqlock, as 9 to 10 nodes of 16 bytes an insert would double the memory
// of the table.
package rbtree
