// Package manifest keeps which tables make up the store, and the log that makes each
// change of this set durable and atomic.
//
// # Format
//
// A manifest is a file MANIFEST-NNNNNN, where NNNNNN is a number of six or more digits.
// It has a header, then records one after the other. All numbers are little-endian. A
// varint is a uleb128 of at most 64 bits.
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
//	  7 floor     | LSN varint |                     Edit.Past.Floor, if not 0
//	  8 ends      | LSN varint | number varint |
//	              | size varint | count varint | ..  one of Edit.Past.Ends
//	  9 marks     | number varint |
//	              | time varint | LSN varint | ..    Edit.Past.Marks, if there are any
//	 10 hidden    | held varint | past varint |
//	              | due LSN varint |                 Hidden of the table that is added before
//	                                                 it, if not all 0
//	 11 swept     | LSN varint |                     Swept of the table that is added before
//	                                                 it, if not 0
//	 12 range     | LSN varint |
//	              | length varint | start |
//	              | length varint | end |            one of Edit.Ranges; an end of no
//	                                                 bytes stands for none
//	 13 clear     | |                                Edit.ClearRanges
//
//	magic      "lsmlabMF"
//	version    3, or 4 where tags above 10 may come; version 1 had no tags above 4,
//	           version 2 none above 6, and both are still read: their floor is what they
//	           call flushed
//	number     of the file, as in its name
//	time       in nanoseconds since 1970, signed (the lowest bit is the sign). Each
//	           mark gives the differences of its time and LSN to the mark before
//	length     bytes of the payload
//	checksum   xxhash64 of what follows it, exclusive-or number (for a header), or
//	           exclusive-or number and the record's offset in the file, each by
//	           an odd factor, so that a whole record in a wrong place is not valid
//
// The first record is a snapshot: the edit that makes, from nothing, the version with
// which the manifest starts. Each further record is one edit.
//
// The file CURRENT names the manifest in force:
//
//	MANIFEST-NNNNNN SP hash LF
//
// hash is the xxhash64 of the name before it, in 16 hexadecimal digits. So a damaged
// digit never selects another manifest that happens to exist.
//
// # Durability
//
// [Create] writes a manifest and CURRENT.tmp, syncs both files, syncs the directory,
// renames CURRENT.tmp to CURRENT and syncs the directory again. So whenever CURRENT
// names a manifest, the entry, the header and the snapshot of that manifest are
// durable. [Log.Append] syncs each record before it returns.
//
// Hence [Load] decides as follows:
//
//   - If there is no CURRENT, the store is new (fs.ErrNotExist).
//   - If CURRENT is bad, or its manifest is missing, or the header or the snapshot is
//     bad, the store is corrupt, as no crash leaves this.
//   - If a good record follows a bad one, the store is corrupt, as the bad one was
//     synced before the good one was written.
//   - If no good record follows a bad one, the bad one is the tail, where a crash cut
//     off an Append. It is ignored: it was not acknowledged.
//
// Damage of the very last record looks like a tail. It loses a change of the set of
// tables, and then the reader of the store notices: tables that the record removed are
// gone, or LSNs that it called flushed are in no log.
//
// After Load the store starts a new manifest, so nothing is ever written behind a tail.
//
// A manifest may have the number of an earlier one whose directory entry a power
// failure removed. No bytes of the earlier one can be taken for records of the new one.
// Nothing is appended to a manifest before CURRENT names it durably. So the earlier one
// had only a header and a snapshot, and these lie where the new manifest has its own,
// synced ones.
package manifest
