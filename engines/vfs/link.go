package vfs

import (
	"errors"
	"io"
	"syscall"
)

// LinkOrCopy makes newname another name of the file oldname, or, where the two are on
// different file systems or theirs has no such links, a copy of it. Content that was
// durable is durable under the new name after SyncDir. The file must not change
// meanwhile, nor later if neither of its names is to see that.
func LinkOrCopy(fs FS, oldname, newname string) error {
	err := fs.Link(oldname, newname)
	for _, cannot := range []syscall.Errno{syscall.EXDEV, syscall.EPERM, syscall.EOPNOTSUPP, syscall.EMLINK} {
		if errors.Is(err, cannot) {
			return copyFile(fs, oldname, newname)
		}
	}
	return err
}

const copyChunk = 1 << 20 // bytes

func copyFile(fs FS, oldname, newname string) (err error) {
	from, err := fs.Open(oldname)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := fs.Create(newname)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	size, err := from.Size()
	if err != nil {
		return err
	}
	buf := make([]byte, min(copyChunk, size))
	for at := int64(0); at < size; {
		part := buf[:min(int64(len(buf)), size-at)]
		if n, err := from.ReadAt(part, at); n < len(part) {
			if errors.Is(err, io.EOF) {
				return pathError("copy", oldname, io.ErrUnexpectedEOF)
			}
			return err
		}
		if _, err := to.WriteAt(part, at); err != nil {
			return err
		}
		at += int64(len(part))
	}
	return to.Sync()
}
