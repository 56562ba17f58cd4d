package vfs

import (
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// Mem is a file system in memory that knows which part of it is durable, so that it can
// be crashed: see [Mem.CrashClone]. In everything else it is an ordinary [FS], safe for
// concurrent use. What is not known to be durable is lost only in clones.
//
// The durable part is the content and size of each file as of its last Sync or SyncData
// (or of each WriteAt, after OpenDSync), and the entries of each directory as of its
// last SyncDir. Stores to a writable mapping cannot be observed as they happen. So Mem
// compares the mapping with the content that it saw last, whenever a sync or a clone
// needs to know.
//
// Names are cleaned and are relative to the root, which always exists. There are no
// permissions, and space never ends: [Inject] makes operations fail.
type Mem struct {
	// OnOp, if not nil, is called before every operation that mutates (see
	// [OpKind.Mutates]). No lock is held then, so it may call CrashClone. Set it while
	// no operation runs.
	OnOp func(Op)

	// mu guards all fields below, except ops, and the content of all files and
	// directories.
	mu     sync.RWMutex
	root   *memDir
	ops    atomic.Uint64
	lastID uint64 // the id given out last, to a file or directory
	seq    uint64 // number of the last entry operation
	logged uint64 // entry operations up to this number are in the journal; see CrashOptions.Strict
	gen    uint64 // number of the last clone

	// freed holds one page of each of the files that were removed last. These pages
	// never change. A block that is allocated to a new file may hold such stale bytes.
	freed []*page
}

var _ FS = (*Mem)(nil)

// NewMem returns an empty file system.
func NewMem() *Mem {
	return &Mem{root: &memDir{name: "/", entries: map[string]memEntry{}}}
}

// note counts an operation that is about to run, reports it to OnOp, and returns its
// number.
func (m *Mem) note(op Op) uint64 {
	op.Number = m.ops.Add(1)
	if m.OnOp != nil {
		m.OnOp(op)
	}
	return op.Number
}

// walk returns the directory called name. The caller holds m.mu.
func (m *Mem) walk(name string) (*memDir, error) {
	d := m.root
	for part := range strings.SplitSeq(path.Clean("/" + name)[1:], "/") {
		if part == "" {
			continue // the root itself
		}
		e := d.entries[part]
		switch {
		case !e.exists():
			return nil, syscall.ENOENT
		case e.dir == nil:
			return nil, syscall.ENOTDIR
		}
		d = e.dir
	}
	return d, nil
}

// lookup returns the directory that holds name, the last part of name, and the entry of
// that part, which may be empty. The caller holds m.mu.
func (m *Mem) lookup(name string) (*memDir, string, memEntry, error) {
	dirName, base := path.Split(path.Clean("/" + name))
	if base == "" {
		return nil, "", memEntry{}, syscall.EISDIR // the root
	}
	d, err := m.walk(dirName)
	if err != nil {
		return nil, "", memEntry{}, err
	}
	return d, base, d.entries[base], nil
}

// Create implements [FS].
func (m *Mem) Create(name string) (File, error) {
	made := m.note(Op{Kind: OpCreate, Path: name})
	m.mu.Lock()
	defer m.mu.Unlock()
	f, err := m.ensure(made, name)
	if err != nil {
		return nil, pathError("create", name, err)
	}
	f.fold()
	f.truncate(made, 0)
	return &memHandle{m: m, f: f, name: name, writable: true}, nil
}

// ensure returns the file called name. If it is missing, operation number made creates
// it.
func (m *Mem) ensure(made uint64, name string) (*memFile, error) {
	d, base, e, err := m.lookup(name)
	switch {
	case err != nil:
		return nil, err
	case e.dir != nil:
		return nil, syscall.EISDIR
	case e.link != nil:
		return nil, syscall.ELOOP
	case e.file != nil:
		return e.file, nil
	}
	m.lastID++
	f := &memFile{id: m.lastID, name: path.Join(d.name, base)}
	m.change(OpCreate, made, entryChange{d, base, memEntry{file: f}})
	return f, nil
}

// Open implements [FS].
func (m *Mem) Open(name string) (File, error) { return m.open(name, false, false) }

// OpenReadWrite implements [FS].
func (m *Mem) OpenReadWrite(name string) (File, error) {
	return m.open(name, true, false)
}

// OpenDSync implements [FS].
func (m *Mem) OpenDSync(name string) (File, error) {
	return m.open(name, true, true)
}

// open opens an existing file. Symbolic links are not followed, so they do not count as
// files.
func (m *Mem) open(name string, writable, dsync bool) (File, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	_, _, e, err := m.lookup(name)
	switch {
	case err != nil:
		return nil, pathError("open", name, err)
	case e.dir != nil:
		return nil, pathError("open", name, syscall.EISDIR)
	case e.file == nil:
		return nil, pathError("open", name, syscall.ENOENT)
	}
	return &memHandle{m: m, f: e.file, name: name, writable: writable, dsync: dsync}, nil
}

// Remove implements [FS].
func (m *Mem) Remove(name string) error {
	made := m.note(Op{Kind: OpRemove, Path: name})
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, e, err := m.lookup(name)
	switch {
	case err != nil:
	case !e.exists():
		err = syscall.ENOENT
	case e.dir != nil && len(e.dir.entries) > 0:
		err = syscall.ENOTEMPTY
	}
	if err != nil {
		return pathError("remove", name, err)
	}
	m.free(e.file)
	m.change(OpRemove, made, entryChange{dir: d, name: base})
	return nil
}

// maxFreed is how many pages of removed files are kept.
const maxFreed = 2

// free keeps the first page of f, which is about to be removed. It does nothing if f is
// nil.
func (m *Mem) free(f *memFile) {
	if f == nil || len(f.pages) == 0 || f.pages[0] == nil {
		return
	}
	p := f.pages[0]
	if f.dirty[0] != nil {
		p = clonePage(p)
	}
	if m.freed = append(m.freed, p); len(m.freed) > maxFreed {
		m.freed = slices.Clone(m.freed[1:])
	}
}

// Rename implements [FS].
func (m *Mem) Rename(oldname, newname string) error {
	made := m.note(Op{Kind: OpRename, Path: oldname, To: newname})
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.rename(made, oldname, newname); err != nil {
		return pathError("rename", oldname, err)
	}
	return nil
}

// rename is Rename without the lock. The caller holds m.mu.
func (m *Mem) rename(made uint64, oldname, newname string) error {
	from, fromBase, e, err := m.lookup(oldname)
	if err != nil {
		return err
	}
	to, toBase, old, err := m.lookup(newname)
	switch {
	case err != nil:
		return err
	case !e.exists():
		return syscall.ENOENT
	case e == old:
		return nil
	case e.dir == nil && old.dir != nil:
		return syscall.EISDIR
	case e.dir != nil && old.exists() && old.dir == nil:
		return syscall.ENOTDIR
	case old.dir != nil && len(old.dir.entries) > 0:
		return syscall.ENOTEMPTY
	case e.dir != nil && within(newname, oldname):
		return syscall.EINVAL // a directory cannot move into itself
	}
	m.free(old.file)
	if e.file != nil {
		e.file.name = path.Join(to.name, toBase)
	}
	m.change(OpRename, made, entryChange{dir: from, name: fromBase}, entryChange{to, toBase, e})
	return nil
}

// within says whether name lies below dir.
func within(name, dir string) bool {
	return strings.HasPrefix(path.Clean("/"+name), path.Clean("/"+dir)+"/")
}

// MkdirAll implements [FS].
func (m *Mem) MkdirAll(dir string) error {
	made := m.note(Op{Kind: OpMkdirAll, Path: dir})
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.root
	for part := range strings.SplitSeq(path.Clean("/" + dir)[1:], "/") {
		if part == "" {
			continue
		}
		e := d.entries[part]
		if e.file != nil || e.link != nil {
			return pathError("mkdir", dir, syscall.ENOTDIR)
		}
		if e.dir == nil {
			m.lastID++
			e.dir = &memDir{id: m.lastID, name: path.Join(d.name, part), entries: map[string]memEntry{}}
			m.change(OpMkdirAll, made, entryChange{d, part, e})
		}
		d = e.dir
	}
	return nil
}

// List implements [FS].
func (m *Mem) List(dir string) ([]string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	d, err := m.walk(dir)
	if err != nil {
		return nil, pathError("list", dir, err)
	}
	return slices.Sorted(maps.Keys(d.entries)), nil
}

// Stat implements [FS]. The size of a directory is 0.
func (m *Mem) Stat(name string) (int64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if _, err := m.walk(name); err == nil {
		return 0, nil
	}
	_, _, e, err := m.lookup(name)
	if err == nil && e.file == nil {
		err = syscall.ENOENT
	}
	if err != nil {
		return 0, pathError("stat", name, err)
	}
	return e.file.size, nil
}

// SyncDir implements [FS].
func (m *Mem) SyncDir(dir string) error {
	m.note(Op{Kind: OpSyncDir, Path: dir})
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.walk(dir)
	if err != nil {
		return pathError("syncdir", dir, err)
	}
	d.syncThrough(m.seq)
	m.logged = m.seq
	return nil
}

// Lock implements [FS]. Every Mem stands for one machine, so a clone holds no locks.
func (m *Mem) Lock(name string) (io.Closer, error) {
	made := m.note(Op{Kind: OpLock, Path: name})
	m.mu.Lock()
	defer m.mu.Unlock()
	f, err := m.ensure(made, name)
	if err != nil {
		return nil, pathError("lock", name, err)
	}
	if f.locked {
		return nil, inUse(readerAt(f.readerAt), name)
	}
	f.locked = true
	if note := lockNote(); !f.holds(note) {
		f.truncate(made, 0)
		f.write(made, note, 0)
	}
	return &memLock{m: m, f: f}, nil
}

// memLock is a lock on a file of a [Mem]. Closing it releases the lock.
type memLock struct {
	m *Mem
	f *memFile // nil after the release
}

// Close releases the lock. A second Close is an error.
func (l *memLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	if l.f == nil {
		return fs.ErrClosed
	}
	l.f.locked, l.f = false, nil
	return nil
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}
