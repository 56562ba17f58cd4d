// Package wal is the write-ahead log: it makes batches durable before the
// tables that hold them are.
//
// # Format
//
// A log is the files of one directory whose names are a number of six or more
// digits and ".wal". Each is a segment: a header, records one after the other,
// and then bytes without meaning (zeros where the file was preallocated, the
// rest of an earlier life where it was recycled). All numbers are
// little-endian.
//
//	segment  | header | record | record | ... | anything |
//
//	header   | checksum 8 | magic 4 | version 4 | number 8 | after 8 | durable 8 |
//
//	record   | checksum 8 | length 4 | payload |
//	payload  | first 8 | count 4 | lag 4 | operations |
//
//	magic       0x4c41576c, "lWAL" in the file
//	version     1
//	number      of the segment, as in its name; rises with each segment made
//	after       the last LSN of the log when the segment was made
//	durable     every LSN up to it was synced when the header was made
//	length      bytes of the payload
//	first       LSN of the first operation
//	count       of operations; they have the LSNs first to first+count-1
//	lag         every LSN up to first-1-lag was synced when the record was made
//	operations  the encoding of kv.Batch
//	checksum    of a header: xxhash64 of the 32 bytes after it;
//	            of a record: xxhash64 of length and payload, exclusive-or
//	            mix(number), where mix is the bijection of splitmix64
//
// A record with count 0 and no operations is an end mark: Close leaves it after
// it has synced all, so its lag is 0 and its first is the next LSN. No record
// spans two segments; one that is too large gets a segment of its own size.
//
// The number in the checksum is what makes recycling safe without clearing the
// file: a file is only ever renamed to a greater number than all before, so no
// record of an earlier life has the checksum that the new number asks for, for
// certain. The claims durable and lag are what tells damage from a torn tail.
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
//  7. Numbers rise with every segment made, also over recoveries: the next is
//     above all that the directory had. A directory without segments starts
//     again, and then has no file with bytes of an earlier life.
//  8. The first error of a write or sync ends the log (see [Writer]).
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
//  2. Bytes that are no record are followed by a search, byte by byte, for the
//     next record of the segment. If that one, or else the next segment's
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
// that was not closed, if nothing later claims that they were synced. And a
// value that holds a copy of a record of a greater LSN, from another log with
// the same number, may be taken for a record by the search of rule 2, if the
// record around it is damaged.
package wal
