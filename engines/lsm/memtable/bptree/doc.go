// Package bptree is a MemTable: an in-memory B+ tree. Its entries are in sorted leaves
// of 256 bytes, and the structure takes 14 bytes an entry. Readers take no lock and
// never wait.
//
// # Structure
//
// A version is written once, as an entry (package entry). A leaf has one word for each
// of its entries: a 32-bit abbreviation of the key, which is called its head, and the
// reference of the entry. An inner node has three things for each child: the child's
// lower fence, which is an entry; the 64-bit head of that fence; and the child. Heads
// decide almost all comparisons. Full comparisons follow only where heads are equal, so
// that even keys that all look alike cost O(log n). All memory belongs to one arena and
// holds no pointers.
//
// Invariants:
//
//  1. An entry is written before its reference is stored in a node. It is never
//     changed, moved or freed afterwards.
//  2. A node holds the entries in [low, high), which are its fences. low never changes.
//     high only falls, namely when a split gives [new high, old high) to a new right
//     sibling. Nodes are never merged or freed. So if k >= low, then k is reached from
//     the node by moving right, however old the path to the node is (B-link tree).
//  3. Within a node, keys rise, and heads rise with them. A head is made by the node's
//     skip (head.go), which is valid for all keys in [low, high).
//  4. A node's high fence and right sibling change in one store. This store follows the
//     completion of the sibling, and precedes the overwriting of what moved there. The
//     sibling's low equals that fence.
//  5. Each node except the root is, or soon will be, a child in the level above, under
//     its lower fence. A parent that does not list it yet sends readers to a node
//     further left, from which they move right by 2.
//  6. Only the holder of a node's lock writes to the node, and unlocking raises its
//     version. A reader that finds the same unlocked meta word before and after reading
//     saw one state.
//  7. In a locked leaf, entries move in one direction only, and each is copied before it
//     is overwritten. A reader that goes against that direction, and one slot further,
//     meets every entry at least once. Stale slots hold only entries >= high.
//
// # Concurrency
//
// Readers validate what they read by invariant 6. If a node is locked, they do not
// wait. In an inner node, each word says itself whether its child is good enough (2),
// and a leaf is copied by 7. Readers try again only when a writer made progress.
// Writers search without a lock, then take the lock of the leaf by a CAS that fails if
// the leaf has changed since. A writer holds one lock at a time. Every word that may be
// read while it is written is accessed by sync/atomic on both sides.
//
// Iterators copy the references of a leaf together with its link. The copy is the
// content of [low, high) at one moment, and the next copy begins at that high.
//
// # Memory
//
// An entry takes 12 bytes, the key and the value, rounded up to 8. The structure takes
// 14 bytes an entry after random inserts (leaves are two thirds full, inner nodes take
// 1 byte an entry), and 9.5 after rising ones.
//
// # Sources
//
// Lehman and Yao, "Efficient Locking for Concurrent Operations on B-Trees", TODS 1981
// (links); Leis et al., "The ART of Practical Synchronization", DaMoN 2016 (optimistic
// locks); Hwang et al., "Endurable Transient Inconsistency in Byte-Addressable
// Persistent B+-Tree", FAST 2018 (reading against shifts); Graefe, "Modern B-Tree
// Techniques", 2011 (heads, prefixes by fences); Raman et al., "QuIT", EDBT 2025 (the
// last leaf as start of inserts).
//
// # Measured
//
// The figures are thread CPU time with 1M keys of 16 bytes and values of 100, the best
// of interleaved runs on a busy 2-core Xeon (Go 1.26.8). Differences below 10% cannot
// be told apart there.
//
//   - Kept: all lines of a leaf are read at once, before its meta word says which are
//     live: get 584 -> 488 ns.
//   - Kept: a search counts the words below the bound. A binary search without branches
//     has fewer loads, but each waits for the one before: get 488 -> 699 ns. With
//     branches: 712 ns.
//   - Kept: iterators copy one leaf ahead and prefetch its entries, by three lines of
//     assembly: walk after random inserts 60 -> 44 ns an entry (25 ns in order of
//     insertion). Reading a byte of each entry instead of prefetching gains nothing
//     beyond noise.
//   - Kept: slots of 8 bytes instead of 8-byte heads and 4-byte references. Shifting
//     them towards the nearer end, each by an atomic store, costs 16% of an insert. So
//     an indirection that saves the shifts (a permutation word over at most 15 slots, as
//     in Masstree) has little to win, and it doubles the splits.
//   - Kept: inserts begin at the last leaf: rising keys 340 -> 223 ns an insert.
//   - Kept: the last leaf is split at the new key if that is near its end, not only at
//     its end: with keys up to 4 places out of order, the structure takes 12.7 instead
//     of 18.3 bytes an entry.
//   - Dropped: inner nodes of 62 instead of 30 children: no difference.
package bptree
