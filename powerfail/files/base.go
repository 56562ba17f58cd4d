package files

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// chunk is the most data in one entry.
const chunk = 1 << 20

// base logs the files that the plain directory has at first, as operations that are all
// durable. So a log can be replayed without any other file.
func (w *logWriter) base(behind string) error {
	known := map[uint64]string{} // files by number, for hard links
	var dirs []string
	err := filepath.WalkDir(behind, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path, err := filepath.Rel(behind, name)
		if err != nil {
			return err
		}
		if path == "." {
			dirs = append(dirs, "")
			return nil
		}
		switch d.Type() {
		case fs.ModeDir:
			dirs = append(dirs, path)
			w.add(Entry{Kind: Mkdir, Path: path})
		case fs.ModeSymlink:
			target, err := os.Readlink(name)
			w.add(Entry{Kind: Symlink, Path: path, To: target})
			return err
		case 0:
			return w.baseFile(name, path, known)
		}
		return nil
	})
	for _, dir := range dirs {
		w.add(Entry{Kind: SyncDir, Path: dir})
	}
	return errors.Join(err, w.err)
}

func (w *logWriter) baseFile(name, path string, known map[uint64]string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err != nil {
		return err
	}
	id := info.Sys().(*syscall.Stat_t).Ino
	if first, ok := known[id]; ok {
		w.add(Entry{Kind: Link, Path: first, To: path})
		return nil
	}
	known[id] = path
	w.add(Entry{Kind: Create, Path: path, File: id, Mode: uint32(info.Mode().Perm())})
	w.add(Entry{Kind: Allocate, File: id, Length: info.Size()})
	for at := int64(0); ; at += chunk {
		data := make([]byte, chunk)
		n, err := f.ReadAt(data, at)
		if data = bytes.TrimRight(data[:n], "\x00"); len(data) > 0 {
			w.add(Entry{Kind: Write, File: id, Offset: at, Data: data})
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	w.add(Entry{Kind: Sync, File: id})
	return nil
}
