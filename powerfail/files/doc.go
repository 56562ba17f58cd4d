// Package files is crash testing at the level of files, for any program: what it does
// to a directory is recorded over FUSE, and the crash states are made afterwards, in
// memory, by the model that tier 1 has of a file system.
//
//	program ──► directory over FUSE ──► plain directory
//	   │                └─► operation log ◄── marks: acknowledgements
//	operation log ──► vfs.Mem at each operation ──► crash state ──► plain files ──► judge
//
// Nothing is mounted when states are judged, so a state costs no more than its judge. The
// log holds all: it is explored again under other profiles and seeds, and a finding
// is shown again from it, without the program.
//
// # What is seen
//
// Each call that changes a file, an entry or what of them is durable is one entry of
// the log, in the order in which the calls took effect, one after the other. The
// kernel caches what is read, and no writes: a write is in the log when it returns,
// whichever process made it.
//
// Stores to a mapping are seen when the kernel writes their pages back: at msync,
// fsync or the last munmap, or when memory is short. So a crash finds a page as it
// was at one of these, torn at sectors, and nothing between; a store that is
// acknowledged without any of them is not in the log, and is found missing.
//
// Of sync(2) and syncfs(2) the kernel tells a FUSE file system nothing: a filter of
// the program's system calls does ([Watched]). Not seen are RWF_DSYNC of pwritev2, and
// what other programs sync for it. A program that relies on these loses what it was
// promised here, and not in reality: use the tier of disks for it. Extended
// attributes, O_TMPFILE and inserted or collapsed ranges are refused, as by file
// systems without them; sockets, pipes and devices work and are not part of a state.
// Owners and times are not kept, permissions are and are never lost.
//
// # Acknowledgements
//
// A line is noted when it was read, behind whatever the program did meanwhile: late,
// never early. So a loss in that moment may go unseen, and none is made up.
package files
