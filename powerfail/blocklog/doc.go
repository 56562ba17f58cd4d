// Package blocklog records what a disk was asked to do, in order: writes with their data,
// flushes, and marks that tie events of the workload to these. From such a log it makes
// the states in which a power cut may leave the disk. All recorders (a file served over
// FUSE, a network block device) share this package, and it knows none of them.
//
// # Model
//
// Every event has a position: the number of events up to it and with it. An
// operation is two events, its issue and its completion, and may stay without
// the second. A cut at position P comes after the event of that position and
// before the next. At that cut an operation is
//
//   - not there, if it was issued after P;
//   - durable, if it completed before a flush was issued that completed by P, or
//     if it has forced unit access (FUA) and completed by P;
//   - pending otherwise: the disk may have done all of it, none, or a prefix of
//     whole sectors, whatever it did of the others.
//
// A flush promises nothing about a write that was still under way when the flush
// was issued. Of two operations on one sector the later one wins if it was
// issued after the earlier one completed; if they overlapped in time, either may.
//
// # Format
//
// A log file is a header, records one after the other, the last of which is the
// end. All numbers are little-endian.
//
//	file     | header | record | record | ... | end |
//
//	header   | checksum 8 | magic 8 | version 4 | zero 4 | size 8 |
//
//	record   | checksum 8 | length 4 | kind 1 | body |
//	  1 write    | flags 1 | offset 8 | data |        an issue
//	  2 zero     | flags 1 | offset 8 | length 8 |    an issue
//	  3 flush    |                                    an issue
//	  4 done     | operation 8 |                      a completion
//	  5 mark     | text |
//	  6 end      | events 8 |
//
//	magic      "lsmlabBL"
//	version    1
//	size       of the disk, in bytes
//	length     bytes of kind and body
//	flags      bit 0: FUA
//	offset     in bytes, of the disk
//	operation  number of the write, zero or flush that completed: issues are
//	           numbered from 0 in the order of the file
//	events     number of the records before the end
//	checksum   xxhash64 of what follows it, exclusive-or, for a record, its own
//	           offset in the file by an odd factor, so that a whole record in a
//	           wrong place is not valid
//
// A file without an end is damaged: its recorder died, and what it would have
// said next is not known. [Decode] accepts nothing that [Recorder] does not write.
package blocklog
