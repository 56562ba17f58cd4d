package files

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"

	"lsmlab/engines/vfs"
)

// writeTree makes dir and writes the content of a file system in memory into it, as plain files.
// modes are the permissions of files by their ID.
func writeTree(m *vfs.Mem, dir string, modes map[uint64]uint32) error {
	t := tree{m, dir, modes, map[uint64]string{}}
	return t.dir("/")
}

type tree struct {
	m     *vfs.Mem
	to    string
	modes map[uint64]uint32
	known map[uint64]string // files written, for hard links
}

func (t *tree) dir(name string) error {
	if err := os.MkdirAll(filepath.Join(t.to, name), 0o755); err != nil {
		return err
	}
	names, err := t.m.List(name)
	for _, base := range names {
		err = errors.Join(err, t.entry(path.Join(name, base)))
	}
	return err
}

func (t *tree) entry(name string) error {
	info, err := t.m.Lstat(name)
	to := filepath.Join(t.to, name)
	switch {
	case err != nil:
		return err
	case info.Dir:
		return t.dir(name)
	case info.Target != "":
		return os.Symlink(info.Target, to)
	}
	if first, ok := t.known[info.ID]; ok {
		return os.Link(first, to)
	}
	t.known[info.ID] = to
	return t.file(name, to, info)
}

func (t *tree) file(name, to string, info vfs.Info) error {
	from, err := t.m.Open(name)
	if err != nil {
		return err
	}
	mode := os.FileMode(cmp.Or(t.modes[info.ID], 0o644))
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	data := from.(vfs.MemFile)
	for at := int64(0); at < info.Size && err == nil; {
		begin, end := data.NextData(at)
		run := make([]byte, min(end-begin, chunk))
		if _, err = data.ReadAt(run, begin); err == nil || err == io.EOF {
			_, err = f.WriteAt(run, begin)
		}
		at = begin + int64(len(run))
		if len(run) == 0 {
			err = f.Truncate(info.Size)
			break
		}
	}
	return errors.Join(err, f.Close(), from.Close())
}
