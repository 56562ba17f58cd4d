package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/cespare/xxhash/v2"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// maxCurrentSize is how many bytes of a CURRENT file are read at most. Every sound one
// is shorter.
const maxCurrentSize = 100

func encodeCurrent(fileNum uint64) []byte {
	name := FileName(fileNum)
	return fmt.Appendf(nil, "%s %016x\n", name, xxhash.Sum64String(name))
}

func decodeCurrent(data []byte) (fileNum uint64, ok bool) {
	name, _, _ := strings.Cut(string(data), " ")
	fileNum, ok = ParseFileName(name)
	return fileNum, ok && string(data) == string(encodeCurrent(fileNum))
}

// readCurrent returns the number of the manifest that CURRENT names. If there is no
// CURRENT, the error wraps fs.ErrNotExist; if it is damaged, kv.ErrCorrupt.
func readCurrent(fsys vfs.FS, dir string) (fileNum uint64, err error) {
	name := path.Join(dir, CurrentName)
	data, err := readFile(fsys, name, maxCurrentSize)
	if err != nil {
		return 0, err
	}
	fileNum, ok := decodeCurrent(data)
	if !ok {
		return 0, fmt.Errorf("%w: %s: %q is not the name of a manifest and its hash", kv.ErrCorrupt, name, data)
	}
	return fileNum, nil
}

// setCurrent makes CURRENT name manifest fileNum, durably. The manifest must be synced
// already; its directory entry is made durable here, before CURRENT names it. renamed
// says whether CURRENT may name it already, also after an error.
func setCurrent(fsys vfs.FS, dir string, fileNum uint64) (renamed bool, err error) {
	tmp := path.Join(dir, currentTmpName)
	if err := writeFile(fsys, tmp, encodeCurrent(fileNum)); err != nil {
		return false, err
	}
	if err := fsys.SyncDir(dir); err != nil {
		return false, err
	}
	if err := fsys.Rename(tmp, path.Join(dir, CurrentName)); err != nil {
		return !vfs.Exhausted(err), err
	}
	return true, fsys.SyncDir(dir)
}

// writeFile creates a file and syncs its content. It does not sync the directory.
func writeFile(fsys vfs.FS, name string, data []byte) error {
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// readFile returns the content of a file. A file of more than limit bytes is corrupt.
func readFile(fsys vfs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // an error of closing does not matter after reads
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, want at most %d", kv.ErrCorrupt, name, size, limit)
	}
	data := make([]byte, size)
	if _, err := f.ReadAt(data, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return data, nil
}

// missing turns "no such file" into an error of damage, for files that must exist.
func missing(err error, name string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s, which %s names, is missing", kv.ErrCorrupt, name, CurrentName)
	}
	return err
}
