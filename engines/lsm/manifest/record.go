package manifest

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"

	"lsmlab/engines/kv"
)

// Part of the disk format; do not change.
const (
	magic         = "lsmlabMF"
	formatVersion = 3
	floorVersion  = 3 // the first one that knows the floor
	rangeVersion  = 4 // with tags above 10
	firstVersion  = 1 // without tags 5 and 6; read, never written

	headerSize       = 32 // bytes
	recordHeaderSize = 12 // bytes: checksum, length

	numberFactor = 0x9e3779b97f4a7c15 // odd, so that no two numbers collide
	offsetFactor = 0xbf58476d1ce4e5b9
)

func appendHeader(dst []byte, fileNum uint64, version uint32) []byte {
	body := binary.LittleEndian.AppendUint32([]byte(magic), version)
	body = binary.LittleEndian.AppendUint32(body, 0)
	body = binary.LittleEndian.AppendUint64(body, fileNum)
	dst = binary.LittleEndian.AppendUint64(dst, xxhash.Sum64(body)^fileNum*numberFactor)
	return append(dst, body...)
}

// checkHeader returns why data does not begin with the header of manifest fileNum, or
// nil.
func checkHeader(data []byte, fileNum uint64) error {
	if len(data) < headerSize {
		return fmt.Errorf("%w: header of %d bytes, want %d", kv.ErrCorrupt, len(data), headerSize)
	}
	body := data[8:headerSize]
	if got := string(body[:len(magic)]); got != magic {
		return fmt.Errorf("%w: magic %q, want %q", kv.ErrCorrupt, got, magic)
	}
	if want, got := xxhash.Sum64(body)^fileNum*numberFactor, binary.LittleEndian.Uint64(data); got != want {
		return fmt.Errorf("%w: header checksum %016x, want %016x", kv.ErrCorrupt, got, want)
	}
	if v := versionOf(data); v < firstVersion || v > rangeVersion {
		return fmt.Errorf("%w: manifest format version %d, this program knows %d to %d", kv.ErrUnsupported, v, firstVersion, rangeVersion)
	}
	if n := binary.LittleEndian.Uint64(body[16:]); n != fileNum {
		return fmt.Errorf("%w: it says to be file %d, want %d", kv.ErrCorrupt, n, fileNum)
	}
	return nil
}

// versionOf returns the format version of a header that was checked.
func versionOf(header []byte) uint32 { return binary.LittleEndian.Uint32(header[16:]) }

// appendRecord appends payload to dst, framed as the record at offset of a manifest.
func appendRecord(dst, payload []byte, fileNum uint64, offset int64) ([]byte, error) {
	if uint64(len(payload)) > math.MaxUint32 {
		return dst, fmt.Errorf("%w: manifest record of %d bytes", kv.ErrTooLarge, len(payload))
	}
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = append(dst, payload...)
	binary.LittleEndian.PutUint64(dst[start:], recordSum(dst[start+8:], fileNum, offset))
	return dst, nil
}

func recordSum(summed []byte, fileNum uint64, offset int64) uint64 {
	return xxhash.Sum64(summed) ^ fileNum*numberFactor ^ uint64(offset)*offsetFactor
}

// readRecord returns the payload of the record at offset of a whole manifest, and the
// offset behind the record. If there is no sound record, bad says why, for the caller
// to wrap.
func readRecord(data []byte, fileNum uint64, offset int64) (payload []byte, next int64, bad error) {
	rest := data[offset:]
	if len(rest) < recordHeaderSize {
		return nil, 0, fmt.Errorf("record header of %d bytes, want %d", len(rest), recordHeaderSize)
	}
	length := int64(binary.LittleEndian.Uint32(rest[8:]))
	if have := int64(len(rest) - recordHeaderSize); length > have {
		return nil, 0, fmt.Errorf("record of %d bytes, of which %d are there", length, have)
	}
	end := recordHeaderSize + length
	if got, want := binary.LittleEndian.Uint64(rest), recordSum(rest[8:end], fileNum, offset); got != want {
		return nil, 0, fmt.Errorf("record checksum %016x, want %016x", got, want)
	}
	return rest[recordHeaderSize:end:end], offset + end, nil
}
