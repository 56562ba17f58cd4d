// Package files is crash testing at the level of files, for any program. It records over
// FUSE what the program does to a directory. Afterwards it makes the crash states in
// memory, by the same model of a file system that tier 1 uses.
//
//	program ──► directory over FUSE ──► plain directory
//	   │                └─► operation log ◄── marks: acknowledgements
//	operation log ──► vfs.Mem at each operation ──► crash state ──► plain files ──► judge
//
// Nothing is mounted when states are judged, so a state costs no more than its judge. The
// log alone is enough to explore again under other profiles and seeds, and to show a finding
// again, without the program.
//
// # What is seen
//
// A call is logged if it changes a file, changes a directory entry, or makes something
// durable. Each such call is one entry of the log. Entries are in the order in which the
// calls took effect, one after the other. The kernel caches reads but no writes, so each
// write is in the log when it returns, whichever process made it.
//
// Stores to a mapping are seen when the kernel writes their pages back: at msync, fsync
// or the last munmap, or when memory is short. So a crash state has a page as it was at
// one of these moments, perhaps torn at sectors, but never as it was between two of them.
// A store that the program acknowledges before any of them is not in the log, and is found
// missing.
//
// The kernel does not tell a FUSE file system of sync(2) and syncfs(2). A filter of the
// program's system calls does ([Watched]). Two things are not seen: RWF_DSYNC of pwritev2,
// and syncs that other programs make. A program that relies on these loses data here that
// it would not lose in reality, so use the tier of disks for it. Extended attributes,
// O_TMPFILE and inserted or collapsed ranges are refused, as by file systems without them.
// Sockets, pipes and devices work, but are not part of a state. Owners and times are not
// kept. Permissions are kept, and are never lost.
//
// # Acknowledgements
//
// An acknowledgement is marked in the log when its line was read. By then the program may
// have done more, so the mark may come late but never early. A loss in between may go
// unseen, but no loss is reported that did not happen.
package files
