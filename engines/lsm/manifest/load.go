package manifest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
)

// maxFileSize is the largest manifest, in bytes, that Load reads into memory.
const maxFileSize = 1 << 30

// Limits of the bytes that findRecord may sum: a constant, and a multiple of the file's
// size.
const (
	sumLimit       = 64 << 20
	sumLimitFactor = 16
)

// Load returns the version in force and the number of its manifest. It changes nothing
// on disk. If there is no CURRENT, which means a new store, the error wraps
// fs.ErrNotExist. An error of damage wraps kv.ErrCorrupt and says where. For a format
// that this program does not know, the error wraps kv.ErrUnsupported. The package
// comment says what is damage and what is the tail of a crash.
func Load(fsys vfs.FS, dir string) (v *Version, fileNum uint64, err error) {
	fileNum, err = readCurrent(fsys, dir)
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

// replay returns the version that the content of a manifest describes, or the error and
// the offset of the bad record.
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
		e, err := decodeEdit(payload)
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
	if versionOf(data) < floorVersion {
		v.Past.Floor = v.FlushedSeq // nothing says what the tables lack
	}
	return v, offset, nil
}

// judgeTail returns nil if the bad record at offset is where a crash cut off the
// manifest. Otherwise it returns why the record is damage.
func judgeTail(data []byte, fileNum uint64, offset int64, bad error) error {
	if offset == headerSize {
		return fmt.Errorf("%w: snapshot: %w", kv.ErrCorrupt, bad)
	}
	if follows := findRecord(data, fileNum, offset+1); follows != nil {
		return fmt.Errorf("%w: %w, and %w", kv.ErrCorrupt, bad, follows)
	}
	return nil
}

// findRecord reports, as an error, where the first good record at or after offset is.
// It returns nil if there is none. The checksum depends on the offset, so the odds of a
// false find are 2^-64.
//
// Every byte may begin a record that is as long as the rest, so the work could be
// quadratic in the size. Bytes that cannot be an edit, by their first tag, are not
// summed, and the sums are limited. No crash leaves megabytes of plausible lengths and
// tags, so a file that reaches the limit is damaged.
func findRecord(data []byte, fileNum uint64, offset int64) error {
	limit := sumLimit + sumLimitFactor*int64(len(data))
	for ; offset+recordHeaderSize <= int64(len(data)); offset++ {
		if at := offset + recordHeaderSize; at < int64(len(data)) && (data[at] < tagFlushed || data[at] > lastTag) {
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
