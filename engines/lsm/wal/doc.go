// Package wal is the write-ahead log. It makes batches durable before the tables that
// hold them are.
//
// # Format
//
// A log consists of the files in one directory that are named EEEEEE-NNNNNN.wal: the
// epoch, then the index of the segment within that epoch, each a decimal number of six
// or more digits. Each file is a segment: a header, then records one after the other,
// then bytes without meaning. The latter are zeros where the file was preallocated, and
// the earlier content where the file was recycled. All numbers are little-endian.
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
// A record with count 0 and no operations is an end mark. Close writes it after
// everything else was synced, so its lag is 0 and its first is the next LSN. Bytes of
// the segment behind an end mark do not count. No record spans two segments. A record
// that is larger than a segment gets a segment of its own size.
//
// The epoch counts the openings of the log. The caller makes a new epoch durable before
// the first segment of that epoch is made. So no segment number is ever used twice,
// even where a power cut removed a segment together with its directory entry, and each
// key belongs to exactly one segment. Therefore it is safe to recycle files without
// clearing them, and to put a file on disk blocks that held an earlier segment: no
// record of another segment passes the checks of this one. The claims durable and lag
// tell damage from a torn tail.
//
// The head makes recovery linear. Recovery has to search for records byte by byte
// behind the last record (see Recovery). The bytes there may be anything, including
// values that look like records. A record is hashed whole only if its head is right.
// Somebody who does not know the secret produces a right head only by chance, with odds
// of 2^-32, and the records of the segment do not overlap. So a search hashes each byte
// once.
//
// Version 1 is still read. Its files have no epoch in their names, NNNNNN.wal. Their
// key is 0, their place is mix(number), and their records have no head.
//
// # Writing
//
// Append encodes a record into a buffer. Commit(Buffered) hands the buffer over by one
// positioned write, and Commit(Synced) syncs. Of the goroutines that wait for the same
// thing, one is the leader and does it, and the others share the result. There are two
// buffers that change roles, so a write never stops Append. Once somebody has asked for
// Synced, small positioned writes put zeros ahead of the records, so that a sync finds
// blocks that were written before. If the disk has no room for these zeros, the log
// goes on without them.
//
// With [Mapped] there is no buffer. Reserve gives a record its place, in LSN order.
// Then Place.Store copies the record into a shared mapping of the segment, concurrently
// with other writers; it writes a large record to the file instead. The operating
// system has the record from then on. So records reach the log in any order, and
// whoever commits one must know that all records before it were stored. A store knows
// this from what is visible to its readers. If a crash leaves records behind one that
// was not stored, they are a torn tail, as after a power cut.
//
// Invariants:
//
//  1. synced <= handed <= appended, and none of them ever falls.
//  2. The buffer holds bytes of the current segment only, and they end where the
//     records of that segment end. Whoever changes the current segment empties the
//     buffer first. With Mapped, records of earlier segments may still be stored.
//     Those segments stay mapped until tables hold all of their records, and they are
//     synced again if a sync came before such a record.
//  3. At most one goroutine hands the buffer over or changes segments (the field
//     writing), and at most one syncs (the field syncing). The two may run
//     concurrently.
//  4. synced rises to N in two cases only. First: all up to N was handed over, then
//     every segment with bytes that were never synced was synced, in order, and then
//     the directory was, if a segment was created or renamed since its last sync.
//     Second: tables durably hold all up to N, and the log has no segment left. So
//     every record that was acknowledged as Synced, and every record before it, is in
//     a synced file under a synced name.
//  5. A claim (durable, lag) is written only after 4 made it true, or after the caller
//     said, by Obsolete, that tables durably hold all up to it. A claim that is too low
//     is harmless.
//  6. A segment is recycled or removed only when the manifest durably says that tables
//     hold all its LSNs. The rename, the new header and the new records may then reach
//     the disk in any order and part. Under the old name, the segment holds nothing
//     that is needed. Under the new name, a record counts only if the header and all
//     records before it are there too, and no record is acknowledged as Synced
//     before 4.
//  7. Segment numbers rise, and none is used twice: the writer counts within an epoch,
//     and the epoch rises, durably, with each opening. The content of the directory
//     does not matter for this, as a power cut may have removed entries. A segment of
//     an epoch later than that of the last opening is damage: somebody put back an
//     earlier copy of what the caller keeps.
//  8. The first error of a write or sync ends the log (see [Writer]), except for the
//     errors under "Running out".
//
// # Running out
//
// Some operations fail only because the system was out of space, descriptors or memory
// (vfs.Exhausted). After these, the log goes on as soon as the system has some again:
//
//   - A segment could not be made. No record got a place. A file that was new is
//     removed. A recycled file goes back to the pool under the name that it has by
//     then; the next try renames it to a greater number. A crash in between leaves what
//     a crash in the middle of making a segment leaves: a file without a sound header,
//     or, if the write of the header failed, perhaps with a sound one. Because of the
//     latter, the segment before it gets no more records, so that the header stays true.
//   - The buffer could not be written, or only in part. It keeps its records, and later
//     ones are appended behind them. The next try writes the same bytes at the same
//     place. So a torn record is never followed by a sound one that was acknowledged,
//     and nothing is appended until that try succeeds. Then the writes whose Commit
//     failed are in the log too, in LSN order; those who made them saw an error and may
//     find them later. Records that were handed over before can be synced meanwhile:
//     the bytes behind them that are no whole record are a torn tail.
//   - The directory could not be opened for its sync. Nothing was synced yet.
//
// All other errors are final: any other errno; an error of a sync, as the kernel may
// have dropped the data that the sync had to cover; an error of a write with ODSync,
// which includes a sync; an error of the write of a large record of a mapped segment,
// because other records were already stored behind it; and a fault in the mapping.
//
// # Recovery
//
// Let flushed be the LSN up to which tables hold everything. Recovery reads the
// segments in order of number. It begins with the last segment whose header is sound
// and whose after is <= flushed; the segments before that one hold nothing that is
// needed. Let reached be the LSN up to which everything is there; it starts at flushed.
// A record or header is sound if its length, its checksum and its own fields fit. It
// continues the log if its first LSN (after+1 for a header) is <= reached+1.
//
//  1. A sound record that continues the log belongs to it. It is replayed if it has an
//     LSN > flushed.
//  2. If bytes are no record, and the next segment begins after the last LSN that was
//     found, then the segment ends there. Otherwise recovery searches the segment byte
//     by byte for the next record. If that record, or else the header of the next
//     segment, continues the log, then the damaged bytes held nothing that is needed
//     and are skipped. A power cut can leave such bytes in a log that was not synced
//     and of which tables hold a part.
//  3. The records of a segment without a sound header never belong to the log: either
//     no sync covered that segment, or its header is damaged. They still say what was
//     synced.
//  4. If anything sound claims that an LSN > reached was synced while reached+1 is not
//     there, then a synced record was lost, and the log is corrupt. The loss of a whole
//     segment is found in this way too. The error names the missing LSNs. Nothing more
//     is replayed, and nothing is changed.
//  5. Otherwise, if something sound does not continue the log, then reached+1 was lost
//     in a power cut that kept later bytes, or was not stored yet when a crash came.
//     Nothing later was acknowledged at the durability level that outlives the crash.
//     So everything from there on is the torn tail, which must never come back behind
//     new records.
//
// Afterwards the log on disk is changed to what was replayed, in this order. Segments
// without LSNs > flushed and segments of the tail are removed. The last segment that
// stays is cut off after its last record. All that stay are synced, because after a
// process crash they may be in the page cache only. Then the directory is synced. No
// step changes what the rules above find, as each removes only what did not count. So
// recovery may be interrupted anywhere, any number of times. Segments that recovery
// found are recycled only later, when a running writer no longer needs them: where a
// crash left two names for one file, one of them is obsolete and removed.
//
// One kind of damage looks like a torn tail: damage to the last records of a log that
// was not closed, if nothing later claims that they were synced.
package wal
