package blocklog

import (
	"encoding/binary"
	"fmt"
	"os"

	"github.com/cespare/xxhash/v2"

	"lsmlab/engines/kv"
)

// ReadFile reads a whole log file. Its data stays in memory as long as the log.
func ReadFile(name string) (*Log, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	l, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

// Decode reads a log out of data, which the log then shares. Damage of any kind,
// also an end that is missing, wraps kv.ErrCorrupt and says where; a version
// that this program does not know wraps kv.ErrUnsupported.
func Decode(data []byte) (*Log, error) {
	size, err := checkHeader(data)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	d := decoder{log: &Log{Size: size}}
	offset := int64(headerSize)
	for !d.ended {
		kind, body, next, err := readRecord(data, offset)
		if err == nil {
			err = d.add(kind, body)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: byte %d of %d: %w", kv.ErrCorrupt, offset, len(data), err)
		}
		offset = next
	}
	if rest := int64(len(data)) - offset; rest != 0 {
		return nil, fmt.Errorf("%w: byte %d of %d: %d bytes after the end", kv.ErrCorrupt, offset, len(data), rest)
	}
	return d.log, nil
}

func checkHeader(data []byte) (size int64, err error) {
	if len(data) < headerSize {
		return 0, fmt.Errorf("%w: %d bytes, want %d", kv.ErrCorrupt, len(data), headerSize)
	}
	body := data[8:headerSize]
	if got := string(body[:len(magic)]); got != magic {
		return 0, fmt.Errorf("%w: magic %q, want %q: this is no block log", kv.ErrCorrupt, got, magic)
	}
	if got, want := binary.LittleEndian.Uint64(data), xxhash.Sum64(body); got != want {
		return 0, fmt.Errorf("%w: checksum %016x, want %016x", kv.ErrCorrupt, got, want)
	}
	if v := binary.LittleEndian.Uint32(body[8:]); v != formatVersion {
		return 0, fmt.Errorf("%w: format version %d, this program knows %d", kv.ErrUnsupported, v, formatVersion)
	}
	size = int64(binary.LittleEndian.Uint64(body[16:]))
	if size < 0 || binary.LittleEndian.Uint32(body[12:]) != 0 {
		return 0, fmt.Errorf("%w: size %d", kv.ErrCorrupt, size)
	}
	return size, nil
}

// readRecord returns kind and body of the record at offset, and the offset after it.
func readRecord(data []byte, offset int64) (kind OpKind, body []byte, next int64, err error) {
	rest := data[offset:]
	if len(rest) < recordHeaderSize {
		return 0, nil, 0, fmt.Errorf("record header of %d bytes, want %d: the recorder did not end its log", len(rest), recordHeaderSize)
	}
	length := int64(binary.LittleEndian.Uint32(rest[8:]))
	if have := int64(len(rest) - recordHeaderSize); length > have || length == 0 {
		return 0, nil, 0, fmt.Errorf("record of %d bytes, of which %d are there", length, have)
	}
	end := recordHeaderSize + length
	if got, want := binary.LittleEndian.Uint64(rest), xxhash.Sum64(rest[8:end])^placeSum(offset); got != want {
		return 0, nil, 0, fmt.Errorf("record checksum %016x, want %016x", got, want)
	}
	return OpKind(rest[recordHeaderSize]), rest[recordHeaderSize+1 : end : end], offset + end, nil
}

// decoder turns records into a log.
type decoder struct {
	log   *Log
	ended bool
}

// add takes one record, or says why it can't stand here.
func (d *decoder) add(kind OpKind, body []byte) error {
	l := d.log
	position := l.End + 1
	switch kind {
	case Write, Zero, Flush:
		op, err := decodeOp(kind, body, l.Size)
		if err != nil {
			return err
		}
		op.Issued, op.Done = position, Never
		l.Ops = append(l.Ops, op)
	case recordDone:
		op, err := number(body)
		if err != nil {
			return err
		}
		if op >= int64(len(l.Ops)) || l.Ops[op].Done != Never {
			return fmt.Errorf("operation %d completed, of %d issued, or a second time", op, len(l.Ops))
		}
		l.Ops[op].Done = position
	case recordMark:
		l.Marks = append(l.Marks, Mark{Text: string(body), Position: position})
	case recordEnd:
		events, err := number(body)
		if err != nil {
			return err
		}
		if events != l.End {
			return fmt.Errorf("end after %d events, it says %d", l.End, events)
		}
		d.ended = true
		return nil
	default:
		return fmt.Errorf("record of kind %d", kind)
	}
	l.End = position
	return nil
}

func decodeOp(kind OpKind, body []byte, size int64) (Op, error) {
	if kind == Flush {
		if len(body) != 0 {
			return Op{}, fmt.Errorf("flush with %d bytes", len(body))
		}
		return Op{Kind: Flush}, nil
	}
	if len(body) < 9 || body[0] > flagFUA {
		return Op{}, fmt.Errorf("%s of %d bytes", kind, len(body))
	}
	op := Op{Kind: kind, FUA: body[0] == flagFUA, Offset: int64(binary.LittleEndian.Uint64(body[1:]))}
	rest := body[9:]
	if kind == Write {
		op.Data, op.Length = rest, int64(len(rest))
	} else {
		length, err := number(rest)
		if err != nil {
			return Op{}, err
		}
		op.Length = length
	}
	if op.Offset < 0 || op.Offset > size || op.Length > size-op.Offset {
		return Op{}, fmt.Errorf("%s, on a disk of %d", op, size)
	}
	return op, nil
}

// number reads a body that is one number.
func number(body []byte) (int64, error) {
	if len(body) != 8 {
		return 0, fmt.Errorf("number of %d bytes", len(body))
	}
	n := int64(binary.LittleEndian.Uint64(body))
	if n < 0 {
		return 0, fmt.Errorf("number %d", n)
	}
	return n, nil
}
