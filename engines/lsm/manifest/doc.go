// Package manifest holds which tables make up the store, and the log that makes
// each change of that set durable and atomic.
//
// # Format
//
// A manifest is a file MANIFEST-NNNNNN (a number of six or more digits): a
// header, then records one after the other. All numbers are little-endian,
// varints are uleb128 of at most 64 bits.
//
//	manifest | header | record | record | ...
//
//	header   | checksum 8 | magic 8 | version 4 | zero 4 | number 8 |
//
//	record   | checksum 8 | length 4 | payload |
//
//	payload  a run of fields, each | tag 1 | value |
//	  1 flushed   | LSN varint |                     Edit.FlushedSeq, if not 0
//	  2 next      | file number varint |             Edit.NextFileID, if not 0
//	  3 removed   | level 1 | ID varint |            one of Edit.Removed
//	  4 added     | level 1 | ID varint | size varint |
//	              | length varint | smallest key | length varint | largest key |
//	              | min LSN varint | max LSN varint |
//	              | entries varint | deletes varint | one of Edit.Added
//	  5 epoch     | varint |                         Edit.Log.Epoch, if not 0
//	  6 secret    | 8 |                              Edit.Log.Secret, if not 0
//
//	magic      "lsmlabMF"
//	version    2; version 1 had no tags above 4, and is still read
//	number     of the file, as in its name
//	length     bytes of the payload
//	checksum   xxhash64 of what follows it, exclusive-or number (for a header), or
//	           exclusive-or number and the record's offset in the file, each by
//	           an odd factor, so that a whole record in a wrong place is not valid
//
// The first record is a snapshot: the edit that makes the version that the
// manifest starts from out of nothing. Each further record is one edit.
//
// The file CURRENT names the manifest that counts:
//
//	MANIFEST-NNNNNN SP hash LF
//
// hash is the xxhash64 of the name before it, in 16 hexadecimal digits, so that
// a damaged digit never picks another manifest that happens to exist.
//
// # Durability
//
// [Create] writes a manifest and CURRENT.tmp, syncs both files, syncs the
// directory, renames CURRENT.tmp to CURRENT and syncs the directory. So whenever
// CURRENT names a manifest, that manifest's entry, header and snapshot are
// durable. [Log.Append] syncs each record before it returns.
//
// Hence what [Load] may find, and what it says:
//
//   - no CURRENT: a new store (fs.ErrNotExist);
//   - CURRENT bad, its manifest missing, header or snapshot bad: corrupt, as no
//     crash leaves this;
//   - a bad record with a good one after it: corrupt, as the bad one was synced
//     before the good one was written;
//   - a bad record with no good one after it: the tail, cut off where an Append
//     was when the crash came. It is ignored: it was not acknowledged.
//
// Damage of the very last record looks like a tail. What it loses is a change of
// the set of tables, and the reader of the store notices: the tables that it
// removed are gone, or the LSNs that it said to be flushed are in no log.
//
// After Load the store starts a new manifest, so a tail is never written to.
//
// A manifest's number may be that of an earlier one whose entry a power failure took.
// No bytes of that one can be taken for records of this one: nothing is appended to a
// manifest before CURRENT names it durably, so what was lost was a header and a
// snapshot, which lie where the new manifest has its own, synced.
package manifest
