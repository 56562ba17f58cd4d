package jump

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cespare/xxhash/v2"

	"lsmlab/engines/kv"
)

// intent is the file batch, which has the one batch across shards that is under way:
//
//	| checksum 8 | length 8 | encoded batch |
//
// with big-endian numbers; the checksum is xxhash64 of the batch. It is empty while there
// is none. What has another checksum or is shorter was not written to the end: no shard has
// any of it. Part of the disk format.
type intent struct {
	f      *os.File
	synced bool // changes are made durable
}

const intentHeader = 16

func openIntent(path string, synced bool) (*intent, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	return &intent{f, synced}, nil
}

// read returns the batch, or nil if there is none.
func (i *intent) read() ([]byte, error) {
	content, err := io.ReadAll(io.NewSectionReader(i.f, 0, intentHeader+kv.MaxBatchSize))
	if err != nil {
		return nil, err
	}
	if len(content) < intentHeader {
		return nil, nil
	}
	encoded := content[intentHeader:]
	length := binary.BigEndian.Uint64(content[8:])
	if length > uint64(len(encoded)) || xxhash.Sum64(encoded[:length]) != binary.BigEndian.Uint64(content) {
		return nil, nil
	}
	return encoded[:length], nil
}

// put writes a batch.
func (i *intent) put(encoded []byte) error {
	header := binary.BigEndian.AppendUint64(make([]byte, 0, intentHeader), xxhash.Sum64(encoded))
	header = binary.BigEndian.AppendUint64(header, uint64(len(encoded)))
	_, err := i.f.WriteAt(encoded, intentHeader)
	if err == nil {
		_, err = i.f.WriteAt(header, 0)
	}
	return i.sync(err)
}

// clear empties the file.
func (i *intent) clear() error { return i.sync(i.f.Truncate(0)) }

func (i *intent) sync(err error) error {
	if err == nil && i.synced {
		err = i.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("batch across shards: %w", err)
	}
	return nil
}

func (i *intent) Close() error { return i.f.Close() }

// refused says whether an error of a store means that it has nothing of a batch and never will.
func refused(err error) bool {
	return errors.Is(err, kv.ErrTooLarge) || errors.Is(err, kv.ErrUnsupported)
}
