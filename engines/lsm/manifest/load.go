package manifest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// maxFileSize bounds, in bytes, the manifest that Load reads into memory.
const maxFileSize = 1 << 30

// Bytes that findRecord may sum: a constant, and so many times the file's size.
const (
	sumLimit       = 64 << 20
	sumLimitFactor = 16
)

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
	b := newBuilder()
	offset = headerSize
	for offset < int64(len(data)) || offset == headerSize {
		payload, next, bad := readRecord(data, fileNum, offset)
		if bad != nil {
			if err := judgeTail(data, fileNum, offset, bad); err != nil {
				return nil, offset, err
			}
			break
		}
		e, err := DecodeEdit(payload)
		if err != nil {
			return nil, offset, err
		}
		if err := b.add(e); err != nil {
			return nil, offset, fmt.Errorf("%w: %w", kv.ErrCorrupt, err)
		}
		offset = next
	}
	if v, err = b.version(); err != nil {
		return nil, offset, fmt.Errorf("%w: %w", kv.ErrCorrupt, err)
	}
	return v, offset, nil
}

// judgeTail returns nil if the bad record at offset is where the manifest was
// cut off by a crash, or else why it is damage.
func judgeTail(data []byte, fileNum uint64, offset int64, bad error) error {
	if offset == headerSize {
		return fmt.Errorf("%w: snapshot: %w", kv.ErrCorrupt, bad)
	}
	if follows := findRecord(data, fileNum, offset+1); follows != nil {
		return fmt.Errorf("%w: %w, and %w", kv.ErrCorrupt, bad, follows)
	}
	return nil
}

// findRecord returns where the first good record at or after offset is, as an
// error, or nil if there is none. The checksum depends on the offset, so a false
// find has odds of 2^-64.
//
// Every byte may begin a record as long as the rest, so the work could be the
// square of the size. What can't be an edit by its first tag is not summed, and
// sums are limited: no crash leaves megabytes made of likely lengths and tags,
// so whoever uses up the limit is damage as well.
func findRecord(data []byte, fileNum uint64, offset int64) error {
	limit := sumLimit + sumLimitFactor*int64(len(data))
	for ; offset+recordHeaderSize <= int64(len(data)); offset++ {
		if at := offset + recordHeaderSize; at < int64(len(data)) && (data[at] < tagFlushed || data[at] > tagSecret) {
			continue
		}
		length := int64(binary.LittleEndian.Uint32(data[offset+8:]))
		if length > int64(len(data))-offset-recordHeaderSize {
			continue
		}
		if limit -= length; limit < 0 {
			return errors.New("more that may be a record follows than can be checked")
		}
		if _, _, bad := readRecord(data, fileNum, offset); bad == nil {
			return fmt.Errorf("a good record follows at byte %d", offset)
		}
	}
	return nil
}
