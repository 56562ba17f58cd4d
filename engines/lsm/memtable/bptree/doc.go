// Package bptree is the MemTable that is an in-memory B+ tree: entries in
// sorted leaves of 256 bytes, 14 bytes of structure an entry; readers take no
// lock and never wait.
//
// # Structure
//
// A version is written once as an entry (package entry). A leaf has for each entry one
// word: a 32-bit abbreviation of its key, the head, and the reference of the
// entry. An inner node has for each child its lower fence, which is an entry,
// the 64-bit head of that, and the child. Heads decide almost all comparisons;
// equal heads are followed by full ones, so that keys that all look alike still
// cost O(log n). All memory is that of one arena and free of pointers.
//
// Invariants:
//  1. An entry is written before its reference is stored in a node, and never
//     changed, moved or freed.
//  2. A node holds what lies in [low, high), its fences. low never changes. high
//     only falls: when a split gives [new high, old high) to a new right sibling.
//     Nodes are never merged or freed. So if k >= low then k is reached from the
//     node by moving right, however old the way to it is (B-link tree).
//  3. Within a node keys rise, and so do heads; a head is made by the node's skip
//     (head.go), which is valid for all keys in [low, high).
//  4. A node's high fence and right sibling change in one store, after the
//     sibling is complete and before what moved is overwritten. The sibling's low
//     is that fence.
//  5. Each node but the root is, or soon will be, a child in the level above,
//     under its lower fence. A parent that does not know it yet sends readers to
//     a node further left, see 2.
//  6. Only the holder of a node's lock writes to it, and its unlocking raises the
//     version: who finds the same unlocked meta word before and after reading saw
//     one state.
//  7. In a locked leaf, entries move in one direction only, each copied before it
//     is overwritten. Who reads against that direction, and one slot further,
//     meets every entry at least once. Stale slots hold only entries >= high.
//
// # Concurrency
//
// Readers validate what they read by 6. If a node is locked they do not wait:
// an inner node's words say themselves whether their child is good enough (2),
// and a leaf is copied by 7. They try again only when a writer made progress.
// Writers search without a lock, then take the lock of the leaf by a CAS that
// fails if the leaf changed since; they hold one lock at a time. Every word
// that is read while it may be written is accessed by sync/atomic on both sides.
//
// Iterators copy the references of a leaf and its link together: that is
// [low, high) at one moment, and the next copy begins at that high.
//
// # Memory
//
// An entry takes 12 bytes, key and value, rounded up to 8. The structure takes
// 14 bytes an entry after random inserts (leaves two thirds full, inner nodes
// 1 byte an entry), 9.5 after rising ones.
//
// # Sources
//
// Lehman and Yao, "Efficient Locking for Concurrent Operations on B-Trees", TODS
// 1981 (links); Leis et al., "The ART of Practical Synchronization", DaMoN 2016
// (optimistic locks); Hwang et al., "Endurable Transient Inconsistency in
// Byte-Addressable Persistent B+-Tree", FAST 2018 (reading against shifts);
// Graefe, "Modern B-Tree Techniques", 2011 (heads, prefixes by fences); Raman et
// al., "QuIT", EDBT 2025 (the last leaf as start of inserts).
//
// # Measured
//
// With 1M keys of 16 bytes and values of 100, thread CPU time, best of interleaved
// runs on a busy 2-core Xeon (Go 1.26.8); differences below 10% are not told
// apart there.
//
//   - Kept: reading all lines of a leaf at once, before its meta word says which
//     are live: get 584 -> 488 ns.
//   - Kept: counting the words below the bound. A binary search without branches
//     has fewer loads but they wait for each other: get 488 -> 699 ns. With
//     branches: 712 ns.
//   - Kept: iterators copy one leaf ahead and prefetch its entries, by three lines
//     of assembly: walk after random inserts 60 -> 44 ns an entry (in order of
//     insertion 25 ns). Reading a byte of each entry in place of prefetching:
//     no gain beyond noise.
//   - Kept: 8-byte slots in place of 8-byte heads and 4-byte references. Shifting
//     them, each by an atomic store, towards the nearer end costs 16% of an
//     insert; so an indirection that saves it (a permutation word over at most 15
//     slots, as in Masstree) has little to win and doubles the splits.
//   - Kept: the last leaf as start of inserts: rising keys 340 -> 223 ns an insert.
//   - Kept: splitting the last leaf at the new key if that is near its end, not
//     only at its end: with keys up to 4 places out of order the structure takes
//     12.7 in place of 18.3 bytes an entry.
//   - Dropped: inner nodes of 62 children in place of 30: no difference.
package bptree
