package manifest

import (
	"fmt"
	"path"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// maxFileSize bounds, in bytes, the manifest that Load reads into memory.
const maxFileSize = 1 << 30

// Load returns the version in force and the number of its manifest. It changes
// nothing. Without a CURRENT, which means a new store, the error wraps
// fs.ErrNotExist; damage wraps kv.ErrCorrupt and says where; a format that this
// program does not know wraps kv.ErrUnsupported. See the package comment for
// what is damage and what is the tail of a crash.
func Load(fsys vfs.FS, dir string) (v *Version, fileNum uint64, err error) {
	fileNum, err = ReadCurrent(fsys, dir)
	if err != nil {
		return nil, 0, err
	}
	name := path.Join(dir, FileName(fileNum))
	data, err := readFile(fsys, name, maxFileSize)
	if err != nil {
		return nil, 0, missing(err, name)
	}
	v, offset, err := replay(data, fileNum)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: byte %d of %d: %w", name, offset, len(data), err)
	}
	return v, fileNum, nil
}

// replay returns the version that a manifest's content gives, or the error and
// the offset of the record that it is in.
func replay(data []byte, fileNum uint64) (v *Version, offset int64, err error) {
	if err := checkHeader(data, fileNum); err != nil {
		return nil, 0, err
	}
	v, offset = &Version{}, headerSize
	for offset < int64(len(data)) || offset == headerSize {
		payload, next, bad := readRecord(data, fileNum, offset)
		switch {
		case bad != nil && offset == headerSize:
			return nil, offset, fmt.Errorf("%w: snapshot: %w", kv.ErrCorrupt, bad)
		case bad != nil:
			if good := findRecord(data, fileNum, offset+1); good >= 0 {
				return nil, offset, fmt.Errorf("%w: %w, and a good record follows at byte %d",
					kv.ErrCorrupt, bad, good)
			}
			return v, offset, nil // the tail
		}
		e, err := DecodeEdit(payload)
		if err != nil {
			return nil, offset, err
		}
		if v, err = v.Apply(e); err != nil {
			return nil, offset, fmt.Errorf("%w: %w", kv.ErrCorrupt, err)
		}
		offset = next
	}
	return v, offset, nil
}

// findRecord returns the offset of the first good record at or after offset, or
// -1. Its checksum depends on the offset, so a false find has odds of 2^-64.
func findRecord(data []byte, fileNum uint64, offset int64) int64 {
	for ; offset+recordHeaderSize <= int64(len(data)); offset++ {
		if _, _, bad := readRecord(data, fileNum, offset); bad == nil {
			return offset
		}
	}
	return -1
}
