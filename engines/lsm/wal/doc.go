// Package wal is the write-ahead log: it makes batches durable before the
// tables that hold them are.
//
// # Format
//
// A log is the files of one directory named EEEEEE-NNNNNN.wal: the epoch, then
// which segment of that epoch it is, each a decimal number of six or more digits.
// Each is a segment: a header, records one after the other, and then bytes without
// meaning (zeros where the file was preallocated, what the file held before where it
// was recycled). All numbers are little-endian.
//
//	segment  | header | record | record | ... | anything |
//
//	header   | checksum 8 | magic 4 | version 4 | number 8 | after 8 | durable 8 |
//
//	record   | checksum 8 | length 4 | payload |
//	payload  | first 8 | count 4 | lag 4 | head 4 | operations |
//
//	magic       0x4c41576c, "lWAL" in the file
//	version     2
//	number      of the segment: the epoch times 2^32, plus the second number of the name
//	after       the last LSN of the log when the segment was made
//	durable     every LSN up to it was synced when the header was made
//	length      bytes of the payload
//	first       LSN of the first operation
//	count       of operations; they have the LSNs first to first+count-1
//	lag         every LSN up to first-1-lag was synced when the record was made
//	head        the low 32 bits of: xxhash64 of length, first, count and lag,
//	            exclusive-or place
//	operations  the encoding of kv.Batch
//	checksum    of a header: xxhash64 of the 32 bytes after it, exclusive-or key;
//	            of a record: xxhash64 of length and payload, exclusive-or place
//	key         mix(secret + number), where mix is the bijection of splitmix64
//	            and secret belongs to the log; the caller keeps it, see Options
//	place       mix(key + offset of the record in the segment)
//
// A record with count 0 and no operations is an end mark: Close leaves it after
// it has synced all, so its lag is 0 and its first is the next LSN. Nothing of the
// segment that is behind it counts. No record spans two segments; one that is too
// large gets a segment of its own size.
//
// The epoch counts the openings of the log, and the caller makes it durable before
// the first segment of it is made. So no number is ever given twice, also where a
// power cut took a segment together with its directory entry, and a key belongs to
// one segment for certain. That is what makes it safe to recycle files without
// clearing them, and to make a file on disk blocks that held an earlier segment: no
// record of another segment passes the checks of this one. The claims durable and lag
// are what tells damage from a torn tail.
//
// The head is what makes recovery linear. The end of the log has to be searched for
// records byte by byte (see Recovery), and there may be anything, also values that
// look like records. Only what has the right head is hashed whole. Who does not know
// the secret makes one by chance, with odds of 2^-32, and the segment's own records do
// not overlap: so a search hashes each byte once.
//
// Version 1 is still read. Its files have no epoch in their name, NNNNNN.wal, their
// key is 0, their place is mix(number), and their records have no head.
//
// # Writing
//
// Append encodes into a buffer. Commit(Buffered) hands that over by one positioned
// write, and Commit(Synced) syncs; of those who wait one leads, and the others share
// what it does. Two buffers change places, so a write never stops Append. Once
// somebody has asked for Synced, small positioned writes put zeros ahead of the
// records, so that a sync finds blocks that were written before; if the disk has no
// room for them, the log ends a little before it had to.
//
// With [Mapped] there is no buffer: Reserve gives a record its place, in LSN order,
// and Place.Store copies it into a shared mapping of the segment, or writes past that
// what is large, beside other writers. The operating system has it then. So records
// come into the log in any order, and who commits one must know that all before it
// were stored: a store knows that from what is visible. What a crash leaves behind a
// record that was not stored is a torn tail, as after a power cut.
//
// Invariants:
//
//  1. synced <= handed <= appended, and none ever falls.
//  2. The buffer holds bytes of the current segment only, and they end where it
//     ends. Whoever changes the current segment empties the buffer first. With Mapped
//     records of earlier segments may still be stored: those stay mapped until
//     tables hold all of them, and are synced again if a sync came before a record.
//  3. At most one goroutine hands the buffer over or changes segments (writing),
//     and at most one syncs (syncing). The two run beside each other.
//  4. synced rises to N only after: all up to N was handed over, then every
//     segment with bytes that were never synced was synced, in order, then the
//     directory if a segment was created or renamed since its last sync; or
//     after tables durably hold all up to N and the log has no segment left. So
//     every record that was acknowledged as Synced, and every one before it,
//     is in a synced file under a synced name.
//  5. A claim (durable, lag) is written only after 4 made it true, or Obsolete
//     was told that tables durably hold all up to it. A claim too low is harmless.
//  6. A segment is recycled or removed only when the manifest durably says that
//     tables hold all its LSNs. The rename, the new header and the new records
//     may then reach the disk in any order and part: under the old name the
//     segment holds nothing that is needed; under the new name a record counts
//     only if its header and all before it are there too, and nothing in it is
//     acknowledged as Synced before 4.
//  7. Numbers rise with every segment made, and none is given twice: within an
//     epoch the writer counts, and the epoch rises, durably, with each opening. What
//     the directory shows does not matter, as a power cut may have taken entries. A
//     segment of a later epoch than the last opening's is damage: what the caller
//     keeps was put back to an earlier time.
//  8. The first error of a write or sync ends the log (see [Writer]), but for those
//     of "Running out".
//
// # Running out
//
// Where an operation failed only because the system was out of space, descriptors or
// memory (vfs.Exhausted), the log goes on once there is some again:
//
//   - A segment could not be made. No record was placed. What was made of a new file is
//     removed; a recycled one goes back to the pool under the name that it has by then,
//     to be renamed to a greater number the next time. A crash between leaves what a
//     crash in the middle of making a segment leaves: a file without a sound header, or,
//     if the header's own write failed, perhaps with one. Then the segment before it gets
//     no more records, so that the header stays true.
//   - The buffer could not be written, or only in part. It stays, with what was appended
//     meanwhile behind it, and the next try writes the same bytes at the same place. So
//     no torn record is ever followed by a sound one that was acknowledged, and nothing
//     is appended until that try succeeds. The writes whose Commit failed so are in the
//     log after it, in LSN order; those who made them saw an error and may find them.
//     What was handed over before can be synced meanwhile: bytes behind it that are no
//     whole record are a torn tail.
//   - The directory could not be opened for its sync. Nothing was synced yet.
//
// All else is final: any other errno; a sync, as the kernel may have dropped what it was
// to cover; a write with ODSync, which is one; a large record of a mapped segment, behind
// whose place others were stored already; and a fault in the mapping.
//
// # Recovery
//
// Let flushed be the LSN up to which tables hold everything. The segments are
// read in order of number, from the last whose header is sound and whose after
// is <= flushed; those before it hold nothing that is needed. reached, the LSN
// up to which all is there, starts at flushed. A record or header is sound if
// length, checksum and its own fields fit; it continues the log if its first
// LSN (after+1 for a header) is <= reached+1.
//
//  1. A sound record that continues the log belongs to it, and is replayed if
//     it has an LSN > flushed.
//  2. Where bytes are no record and the next segment begins after the last
//     LSN that was found, the segment ends there. Else the search is for the
//     next record of the segment, byte by byte. If that one, or else the next segment's
//     header, continues the log, then what was damaged held nothing that is
//     needed, and is skipped. An unsynced log of which tables hold a part can
//     look so after a power cut.
//  3. The records of a segment without a sound header never belong to the log:
//     no sync covered that segment, or its header is damaged. They still say
//     what was synced.
//  4. If anything sound claims that an LSN > reached was synced while reached+1
//     is not there, then a synced record was lost: the log is corrupt. Also a
//     lost segment is found so, and the error names the missing LSNs. Nothing
//     is replayed further, nothing is changed.
//  5. Otherwise, if something sound does not continue the log, reached+1 was
//     lost in a power cut that kept later bytes, or not stored yet when a crash
//     came. None of what is later was acknowledged at the rung that outlives the
//     crash: all from there on is the torn tail, and must never come back behind
//     new records.
//
// Then the log on disk is made what was replayed: segments without LSNs >
// flushed and segments of the tail are removed, the last that stays is cut off
// after its last record, all that stay are synced (after a process crash they
// may be in the page cache only), and then the directory is. None of these steps
// changes what the rules above find, each only takes away what did not count,
// so recovery may be cut short anywhere, any number of times. Segments found
// are never recycled as they are found, only when a running writer lets them
// go: where a crash left two names for one file, one is obsolete and removed.
//
// What cannot be told from a torn tail: damage to the last records of a log
// that was not closed, if nothing later claims that they were synced.
package wal
