package files

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"lsmlab/engines/vfs"
)

// replay puts a log on a file system in memory, entry by entry. It is used by one
// goroutine at a time.
type replay struct {
	log  *Log
	lies bool // syncs do nothing
	mem  *vfs.Mem
	at   int // entries that have taken effect

	files map[uint64]vfs.MemFile // by Entry.File
	names map[uint64]string      // their paths now, or last
	modes map[uint64]uint32      // permissions, by ID in mem
	made  []int32                // operation of mem -> entry
}

// splitSize is the size, in bytes, of the parts into which a write is split. A kernel stores a
// write page by page, and a crash may find the pages and the size up to any of them.
const splitSize = 4096

func newReplay(l *Log, lies bool) *replay {
	r := &replay{
		log: l, lies: lies, mem: vfs.NewMem(),
		files: map[uint64]vfs.MemFile{}, names: map[uint64]string{}, modes: map[uint64]uint32{},
	}
	r.mem.OnOp = func(op vfs.Op) {
		for uint64(len(r.made)) <= op.Number {
			r.made = append(r.made, -1)
		}
		r.made[op.Number] = int32(r.at)
	}
	return r
}

// to applies entries up to a position, which must not lie before the present one.
func (r *replay) to(position int) error {
	for r.at < position {
		if err := r.apply(&r.log.Entries[r.at]); err != nil {
			return fmt.Errorf("entry %d of the log, %s: %w", r.at+1, r.describe(r.at), err)
		}
		r.at++
	}
	return nil
}

// describe returns entry i as text. i must not lie after the next entry.
func (r *replay) describe(i int) string {
	e := &r.log.Entries[i]
	return e.describe(r.names[e.File])
}

func (r *replay) apply(e *Entry) error {
	switch e.Kind {
	case Mark:
		return nil
	case Create:
		return r.create(e)
	case Mkdir:
		return r.mem.MkdirAll(e.Path)
	case Symlink:
		return r.mem.Symlink(e.To, e.Path)
	case Link:
		return r.mem.Link(e.Path, e.To)
	case Remove:
		return r.mem.Remove(e.Path)
	case Rename:
		r.rename(e.Path, e.To)
		return r.mem.Rename(e.Path, e.To)
	case Exchange:
		const aside = "\x00" // no name has it
		r.rename(e.Path, aside)
		r.rename(e.To, e.Path)
		r.rename(aside, e.To)
		return r.mem.Exchange(e.Path, e.To)
	case SyncAll:
		return r.syncAll("/")
	case SyncDir:
		if r.lies || e.Errno != 0 {
			return nil
		}
		return r.mem.SyncDir("/" + e.Path)
	}
	f := r.files[e.File]
	if f == nil {
		return fmt.Errorf("no file %d", e.File)
	}
	return r.content(f, e)
}

// syncAll makes everything from a directory on durable.
func (r *replay) syncAll(dir string) (err error) {
	if r.lies {
		return nil
	}
	if dir == "/" {
		for _, f := range r.files {
			err = errors.Join(err, f.Sync())
		}
	}
	names, e := r.mem.List(dir)
	err = errors.Join(err, e, r.mem.SyncDir(dir))
	for _, base := range names {
		name := path.Join(dir, base)
		if info, e := r.mem.Lstat(name); e != nil || info.Dir {
			err = errors.Join(err, e, r.syncAll(name))
		}
	}
	return err
}

// content applies what changes a file, or how much of it is durable.
func (r *replay) content(f vfs.MemFile, e *Entry) error {
	switch e.Kind {
	case Truncate:
		return f.Truncate(e.Length)
	case Allocate:
		return f.Allocate(e.Length)
	case Write:
		return split(f, e.Data, e.Offset)
	case Zero:
		size, err := f.Size()
		if err != nil || e.Offset >= size {
			return err
		}
		return split(f, make([]byte, min(e.Length, size-e.Offset)), e.Offset)
	case Sync, SyncData:
		switch {
		case r.lies:
			return nil
		case e.Errno != 0:
			f.FailSync()
			return nil
		case e.Length > 0:
			return f.SyncRange(e.Offset, e.Length)
		case e.Kind == Sync:
			return f.Sync()
		}
		return f.SyncData()
	case Chmod:
		info, err := r.mem.Lstat(r.names[e.File])
		if err == nil { // without a name its mode is of no account
			r.modes[info.ID] = e.Mode
		}
		return nil
	}
	return fmt.Errorf("no operation %q", e.Kind)
}

func split(f vfs.MemFile, data []byte, offset int64) error {
	for len(data) > 0 {
		n := min(int64(len(data)), splitSize-offset%splitSize)
		if _, err := f.WriteAt(data[:n], offset); err != nil {
			return err
		}
		data, offset = data[n:], offset+n
	}
	return nil
}

func (r *replay) create(e *Entry) error {
	f, err := r.mem.Create(e.Path)
	if err != nil {
		return err
	}
	info, err := r.mem.Lstat(e.Path)
	r.files[e.File], r.names[e.File], r.modes[info.ID] = f.(vfs.MemFile), e.Path, e.Mode
	return err
}

// rename notes the new path of a file or directory, and of everything below it.
func (r *replay) rename(from, to string) {
	for id, name := range r.names {
		if rest, ok := strings.CutPrefix(name, from); ok && (rest == "" || rest[0] == '/') {
			r.names[id] = path.Clean(to + rest)
		}
	}
}
