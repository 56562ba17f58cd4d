// Package vfs is the file system as the engines see it: the few operations that a
// storage engine needs, each with the durability that it gives. Three file systems
// implement it. [OS] is that of the operating system. [Mem] keeps everything in memory
// and can be crashed. [Inject] passes operations on to another file system, and makes
// those fail that a function selects. One suite, vfstest, judges all three.
//
// A crash may take file content that no Sync or SyncData covered, and directory entries
// (created, renamed, removed) that no SyncDir of their directory covered. Everything
// else survives.
//
// Names are slash-separated paths. Errors match the sentinels of io/fs (fs.ErrNotExist,
// fs.ErrExist) and syscall.Errno by errors.Is, and carry the operation and the path, as
// *fs.PathError does.
package vfs

import "io"

// FS is a file system. It is safe for concurrent use. All sizes and offsets are bytes.
type FS interface {
	// Create makes an empty file, or empties an existing one, and opens it for reading
	// and writing. A new entry is durable after SyncDir of its directory.
	Create(name string) (File, error)
	// Open opens an existing file for reading only.
	Open(name string) (File, error)
	// OpenReadWrite opens an existing file for reading and writing.
	OpenReadWrite(name string) (File, error)
	// OpenDSync opens an existing file for reading and writing such that every WriteAt
	// is durable when it returns (O_DSYNC): both the blocks that it wrote and the size
	// that is needed to read them. A crash during a WriteAt may leave any subset of its
	// blocks. Writes through other handles of the file are not made durable by this.
	OpenDSync(name string) (File, error)
	// Remove removes a file or an empty directory. The removal is durable after
	// SyncDir.
	Remove(name string) error
	// Rename moves oldname over newname, which is replaced if it exists. The move is
	// atomic: a crash leaves newname with the old file or with the new one. It is
	// durable after SyncDir.
	Rename(oldname, newname string) error
	// Link makes newname, which must not exist, another name of the file oldname. The
	// new entry is durable after SyncDir.
	Link(oldname, newname string) error
	// MkdirAll makes a directory and its missing parents.
	MkdirAll(dir string) error
	// List returns the names (not paths) in dir, sorted.
	List(dir string) ([]string, error)
	// Stat returns the size of a file in bytes.
	Stat(name string) (size int64, err error)
	// SyncDir makes the entries of dir durable.
	SyncDir(dir string) error
	// Lock creates name if it is missing, takes an exclusive lock on it that ends with
	// the process, and writes the owner into the file. If somebody else holds the lock,
	// the error wraps kv.ErrInUse and names the holder. Closing the result releases the
	// lock.
	Lock(name string) (io.Closer, error)
}

// File is an open file. Positioned reads and writes may run concurrently. The caller
// closes it once; mappings of it stay valid after that.
type File interface {
	io.ReaderAt
	io.WriterAt // grows the file when it writes past the end
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Allocate reserves space so that the file is at least size bytes long; the new
	// bytes read as zeros. Content is kept. Writes to reserved space need no new
	// blocks, so they do not fail for want of space and change no metadata that a sync
	// must write.
	Allocate(size int64) error
	// Sync makes content and all metadata of the file durable (fsync).
	Sync() error
	// SyncData makes content durable, and of the metadata only what is needed to read
	// that content, such as the size (fdatasync). After an error of either sync nothing
	// is known of what it should have covered.
	SyncData() error
	// Map returns a read-only view of the file as it is now. The view stays valid after
	// the file is closed or removed, until Unmap. It may or may not show writes that
	// are made after the call.
	Map() (Mapping, error)
	// MapWritable returns a shared view of the file at its present size, to which the
	// caller may store; see [WritableMapping]. The file must be open for writing, and
	// must not be made shorter before Unmap.
	MapWritable() (WritableMapping, error)
}

// Mapping is a read-only view of a file's bytes. The file system makes no copy where it
// can do without one. Touching a page that the file no longer has, or that the device
// cannot read, is a memory fault: see [CatchFault].
type Mapping interface {
	// Bytes returns the whole view. The slice belongs to the mapping.
	Bytes() []byte
	// Forget drops the pages that lie wholly within [from, to), offsets in the file,
	// from the memory of the process. They stay valid: the next access reads them
	// again.
	Forget(from, to int64)
	// Unmap ends the view. No slice of Bytes may be touched afterwards.
	Unmap() error
}

// WritableMapping is a shared view of a file's bytes to which the caller may store
// (mmap with MAP_SHARED). A store is in the file at once: reads see it, and it survives
// the end of the process. It does not yet survive a power failure. Until a Sync or
// SyncData of the file returns, each page that was stored to survives or is lost on its
// own, in any order, in any of the states that it went through, and torn at a sector.
// The view stays valid after the file is closed or removed, until Unmap.
//
// Goroutines may store to different bytes concurrently. A memory fault in the view is
// as for [Mapping].
type WritableMapping interface {
	// Bytes returns the view. Its length is the size that the file had at MapWritable.
	Bytes() []byte
	// Forget does what [Mapping] says. Stores to the dropped pages are kept.
	Forget(from, to int64)
	// Populate allocates all pages that [from, to) touches, so that stores to them meet
	// no page fault. Without this, a page is allocated by the first store to it, and
	// all goroutines that store beside that one wait for the fault.
	Populate(from, to int64)
	// Unmap ends the view. It does not sync. No slice of Bytes may be touched
	// afterwards.
	Unmap() error
}
