// Package vfs is the file system as the engines see it: the few operations that
// a storage engine needs, each with the durability that it gives. [OS] is the
// real one, [Mem] keeps all in memory and can be crashed, [Inject] makes
// operations fail by predicate. All three pass the one suite in vfstest.
//
// What a crash may take (see powerfail): file content not covered by Sync or
// SyncData, and directory entries (create, rename, remove) not covered by
// SyncDir of their directory.
//
// Names are slash-separated paths. Errors match io/fs sentinels
// (fs.ErrNotExist, fs.ErrExist) and syscall.Errno with errors.Is, and carry
// operation and path as *fs.PathError does.
package vfs

import "io"

// FS is a file system. It is safe for concurrent use.
type FS interface {
	// Create makes an empty file, or empties an existing one, and opens it for
	// reading and writing. The new entry is durable after SyncDir.
	Create(name string) (File, error)
	// Open opens an existing file for reading only.
	Open(name string) (File, error)
	// OpenReadWrite opens an existing file for reading and writing.
	OpenReadWrite(name string) (File, error)
	// OpenDSync opens an existing file for reading and writing such that every
	// WriteAt is durable when it returns (O_DSYNC): the blocks it wrote, and the
	// size needed to read them. A crash during a WriteAt may leave any subset of
	// its blocks. Writes through other handles stay unsynced.
	OpenDSync(name string) (File, error)
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// Rename moves oldname over newname, which is replaced if it exists.
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
	// Lock creates name if it is missing, takes an exclusive lock on it that
	// ends with the process, and notes the owner in it. If somebody else holds
	// it, the error wraps kv.ErrInUse and names the holder. Close releases it.
	Lock(name string) (io.Closer, error)
}

// File is an open file. Positioned reads and writes may run concurrently.
type File interface {
	io.ReaderAt
	io.WriterAt // grows the file when it writes past the end
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	// Allocate reserves space so that the file is at least size bytes long; the
	// new bytes read as zeros. Content is kept.
	Allocate(size int64) error
	// Sync makes content and all metadata of the file durable (fsync).
	Sync() error
	// SyncData makes content durable, and of the metadata what reading it needs
	// (fdatasync).
	SyncData() error
	// Map returns a read-only view of the file as it is now. It stays valid
	// after the file is closed or removed, until Unmap. Whether it shows writes
	// made after the call is not said.
	Map() (Mapping, error)
	// MapWritable returns a shared view of the file at its present size that may
	// be stored to; see [WritableMapping]. The file must be open for writing, and
	// must not shrink while the view lives.
	MapWritable() (WritableMapping, error)
}

// Mapping is a read-only view of a file's bytes, without a copy where the file
// system can do so. Touching a page that the file has lost, or that the device
// cannot read, is a fault: see [CatchFault].
type Mapping interface {
	Bytes() []byte
	// Forget takes the pages within [from, to), offsets in the file, out of the
	// memory of the process. They stay valid: one that is touched comes back.
	Forget(from, to int64)
	// Unmap ends the view; no slice of Bytes may be touched after.
	Unmap() error
}

// WritableMapping is a shared view of a file's bytes that may be stored to (mmap
// with MAP_SHARED). A store is in the file at once: reads see it, and it survives
// the end of the process. A power failure is another matter: until a Sync or
// SyncData of the file returns, each page stored to survives or not on its own,
// in any order, in any of the states it went through, torn at a sector. It stays
// valid after the file is closed or removed, until Unmap.
//
// Stores by different goroutines to different bytes may run concurrently. A
// fault in it is as for [Mapping].
type WritableMapping interface {
	// Bytes returns the view; its length is the file's size at MapWritable.
	Bytes() []byte
	// Forget is that of [Mapping]; what was stored stays.
	Forget(from, to int64)
	// Populate makes the pages of [from, to), whole ones, ready for stores at once.
	// Each of them would be else, at its first store, and goroutines that store
	// beside each other would all wait for it.
	Populate(from, to int64)
	// Unmap ends the view, without a sync; no slice of Bytes may be touched
	// after.
	Unmap() error
}
