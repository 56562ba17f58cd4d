// Package sstable is the sorted table on disk. It holds internal keys and values in
// order. A [Writer] writes it once. Any number of goroutines read it through a
// [Reader], directly from the mapped file.
//
// # File
//
// All numbers are little-endian. A "uleb" is an unsigned LEB128 number of at most 64
// bits. Checksums are CRC-32C of the named bytes.
//
//	| header, padded to 4096 | block | block | ... | index | bloom | properties | footer |
//
// Sections after the blocks begin on multiples of 64, so that a line of the filter is a
// line of the cache. Bytes between sections and after a block are zero.
//
// Header:
//
//	offset size
//	     0    4  magic 0x53535462
//	     4    4  format version, 1
//	     8    8  data offset: of the first block
//	    16    8  index offset
//	    24    4  footer size
//	    28    4  zero
//	    32    8  file size
//	    40    4  checksum of bytes 0 to 39
//
// The index offset is known only at the end, so the header is written last, by one
// positioned write of the first page. This is safe in crashes, because no manifest
// names a table before [Writer.Finish] has synced it, and a file that no manifest names
// is removed without being read. In any case, a file without the header is not taken
// for a table, because the magic is missing.
//
// Footer, the last 96 bytes:
//
//	 0    8  index offset        8    8  index length
//	16    8  bloom offset       24    8  bloom length, 0 without a filter
//	32    8  properties offset  40    8  properties length
//	48    4  index checksum     52    4  bloom checksum
//	56    4  properties checksum
//	60    4  block count
//	64    8  file size          72   16  zero
//	88    4  magic              92    4  checksum of bytes 0 to 91
//
// # Block
//
//	| checksum 4 | stored 4 | raw 4 | number 4 | compression 1 | zero 3 | content | zeros |
//
// The checksum covers everything from "stored" to the end of the content as stored,
// including the compression byte. "stored" counts the bytes from the checksum to the
// end of the content, "raw" those of the content after decompression. "number" counts
// blocks from 0, so that a block which the device put in the wrong place is detected.
// The checksum is CRC-32C instead of xxhash64 because 4 KiB cost 0.20 us instead of
// 0.39 us (Xeon with SSE 4.2, Go 1.26).
//
// The blocks of an uncompressed table begin on page boundaries. A block closes when the
// next entry would not fit in the page. A large entry takes several pages. Where
// closing would waste more than 1/16 of the block, as with values of 1 KB, the block
// grows by a page instead. A block of a zstd table is copied by decompression anyway,
// so these blocks are packed without alignment and are larger (16 KiB).
//
// Content:
//
//	| base 8 | entries 4 | restarts 4 | values offset 4 | prefix 4 |
//	| head 8 | ... one a restart
//	| entry offset 4 | value offset 4 | ... one a restart
//	| entries | values |
//
// Keys and values are separate (like the columns of PAX, Ailamaki et al., 2001). A
// search reads densely packed keys, which are a few cache lines, and touches one value.
// An iterator copies the part with the keys (some 600 of 4096 bytes) from the mapping
// once a block. Offsets count from the start of the content. "prefix" is the length of
// the prefix that all keys of the block share. A restart's head is the 8 bytes of its
// key after that prefix ([ikey.Head]), so that the binary search over restarts rarely
// reads a key.
//
// Entry:
//
//	| flags 1 | shared uleb, if flags>>3 = 31 | unshared uleb | value length uleb, if bit 1 | LSN uleb, if bit 2 | key bytes |
//
//	flags bit 0     kind: 0 delete, 1 set
//	      bit 1     a value is inline: its length follows, its bytes are in values
//	      bit 2     the LSN differs from base: the zigzag difference follows
//	      bits 3-7  bytes shared with the key before, 0 to 30; 31: a uleb follows
//
// The inline bit saves tombstones and empty values their length, where a fixed field
// would take 4 bytes. The LSN bit saves the trailer of every entry of the bottom level,
// where LSNs are 0. Base is the LSN of the block's first entry, because the smallest
// LSN of the table is not known while blocks are written. "shared" is always the
// longest possible, and 0 at a restart; the search depends on this.
//
// # Index
//
//	| count 4 | prefix length 4 | key bytes 4 | zero 4 |
//	| head 8, block offset 8 | ...  count + 1, the last has all ones and the end of the blocks
//	| key offset 4 | ...  count + 1, padded to 8
//	| prefix | trailer 8, key | trailer 8, key | ...
//
// Separator i sorts after all entries of block i-1, and not after those of block i. It
// is the shortest such prefix of the block's first key, with the largest trailer. If
// versions of one user key lie on both sides of the boundary, it is the first key with
// its own trailer. Separators are stored without the prefix that all keys of the table
// share, so that their heads tell "user0000123" from "user0000456". A search decodes
// nothing: it compares heads in the view, and reads a separator only where heads are
// equal. Key offsets count from the start of the prefix.
//
// # Bloom
//
// See package bloom; the hash is [Hash] of the user key.
//
// # Properties
//
//	| entries 8 | deletes 8 | key bytes 8 | value bytes 8 | smallest LSN 8 | largest LSN 8 |
//	| blocks 4 | compression 1 | zero 3 | smallest length 4 | largest length 4 | smallest | largest |
//
// # Checks
//
// [Open] checks the header, footer, index, filter and properties. A block is checked at
// the first access after Open, which a bitmap records. Later reads trust the page cache
// as they trust any memory. This gives up some protection against memory that decays
// while the table is open, and saves 0.2 us a read. [Reader.Verify] checks everything
// every time. Decoding checks bounds even where checksums hold: damaged input gives an
// error that wraps [lsmlab/engines/kv.ErrCorrupt], never a panic, an endless loop, or
// an allocation above the largest legal block.
//
// # Faults
//
// A page of a mapping can be lost while the table is open: the file was cut short, or
// the device fails. Every method that touches the mapping turns such a memory fault
// into an error. [Iter.Next] touches it only between blocks, where it copies the keys.
// The view that [Iter.Value] returns is not covered: code that reads this view guards
// it (vfs.CatchFault), or copies it under a guard, as [Reader.Get] does.
package sstable
