package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

var errShort = errors.New("the block is cut short")

// fixed is klen 4, vlen 4, seq 8, kind 1, key, value.
type fixed struct{}

const fixedSize = 4 + 4 + 8 + 1

func (fixed) Encode(dst []byte, entries []entry) ([]byte, error) {
	for _, e := range entries {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.Key)))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.Value)))
		dst = binary.LittleEndian.AppendUint64(dst, e.Seq)
		dst = append(dst, kindOf(e))
		dst = append(append(dst, e.Key...), e.Value...)
	}
	return dst, nil
}

func (fixed) Decode(b []byte, each func(entry)) error {
	for len(b) > 0 {
		if len(b) < fixedSize {
			return errShort
		}
		k, v := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
		e := entry{Seq: binary.LittleEndian.Uint64(b[8:]), Delete: b[16] == 0}
		if b = b[fixedSize:]; k+v > uint64(len(b)) {
			return errShort
		}
		e.Key, e.Value = b[:k:k], b[k:k+v:k+v]
		b = b[k+v:]
		each(e)
	}
	return nil
}

func kindOf(e entry) byte {
	if e.Delete {
		return 0
	}
	return 1
}

// uleb is header 1, klen uleb128, vlen uleb128 where a value follows, seq 8, key, value. With
// marker, 4 bytes behind the header say whether a value follows, in place of its bit.
type uleb struct{ marker bool }

const (
	bitSet    = 1 << 0
	bitInline = 1 << 1
)

func (u uleb) Encode(dst []byte, entries []entry) ([]byte, error) {
	for _, e := range entries {
		header := kindOf(e) // bitSet
		if len(e.Value) > 0 {
			header |= bitInline
		}
		if u.marker {
			dst = append(dst, header&bitSet)
			dst = binary.LittleEndian.AppendUint32(dst, uint32(header&bitInline))
		} else {
			dst = append(dst, header)
		}
		dst = binary.AppendUvarint(dst, uint64(len(e.Key)))
		if len(e.Value) > 0 {
			dst = binary.AppendUvarint(dst, uint64(len(e.Value)))
		}
		dst = binary.LittleEndian.AppendUint64(dst, e.Seq)
		dst = append(append(dst, e.Key...), e.Value...)
	}
	return dst, nil
}

func (u uleb) Decode(b []byte, each func(entry)) error {
	for len(b) > 0 {
		header, at := b[0], 1
		if u.marker {
			if len(b) < 5 {
				return errShort
			}
			header |= byte(binary.LittleEndian.Uint32(b[1:])) & bitInline
			at = 5
		}
		k, at, ok := uvarint(b, at)
		v := uint64(0)
		if ok && header&bitInline != 0 {
			v, at, ok = uvarint(b, at)
		}
		if !ok || k+v+8 > uint64(len(b)-at) {
			return errShort
		}
		e := entry{Seq: binary.LittleEndian.Uint64(b[at:]), Delete: header&bitSet == 0}
		b = b[at+8:]
		e.Key, e.Value = b[:k:k], b[k:k+v:k+v]
		b = b[k+v:]
		each(e)
	}
	return nil
}

// uvarint reads a length at b[at:] and returns what follows it; lengths of one byte, which
// nearly all are, come first.
func uvarint(b []byte, at int) (v uint64, next int, ok bool) {
	if at < len(b) && b[at] < 0x80 {
		return uint64(b[at]), at + 1, true
	}
	v, n := binary.Uvarint(b[min(at, len(b)):])
	return v, at + n, n > 0 && v < 1<<32
}

// binaryRead writes and reads a struct of fixed size by reflection.
type binaryRead struct{}

type binaryHead struct {
	Key, Value uint32
	Seq        uint64
	Kind       uint8
}

func (binaryRead) Encode(dst []byte, entries []entry) ([]byte, error) {
	w := bytes.NewBuffer(dst)
	for _, e := range entries {
		if err := binary.Write(w, binary.LittleEndian, binaryHead{uint32(len(e.Key)), uint32(len(e.Value)), e.Seq, kindOf(e)}); err != nil {
			return nil, err
		}
		w.Write(e.Key) // never fails
		w.Write(e.Value)
	}
	return w.Bytes(), nil
}

func (binaryRead) Decode(b []byte, each func(entry)) error {
	r := bytes.NewReader(b)
	for r.Len() > 0 {
		var h binaryHead
		if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
			return err
		}
		at := len(b) - r.Len()
		k, v := int64(h.Key), int64(h.Value)
		if k+v > int64(r.Len()) {
			return errShort
		}
		body := b[at:]
		each(entry{Key: body[:k:k], Value: body[k : k+v : k+v], Seq: h.Seq, Delete: h.Kind == 0})
		if _, err := r.Seek(k+v, io.SeekCurrent); err != nil {
			return err
		}
	}
	return nil
}

// protobuf is, for each entry, a message of fields key 1, value 2, seq 3, delete 4, behind
// its length.
type protobuf struct{}

func (protobuf) Encode(dst []byte, entries []entry) ([]byte, error) {
	for _, e := range entries {
		size := protowire.SizeTag(1) + protowire.SizeBytes(len(e.Key)) + protowire.SizeTag(3) + protowire.SizeVarint(e.Seq)
		if e.Delete {
			size += protowire.SizeTag(4) + 1
		} else {
			size += protowire.SizeTag(2) + protowire.SizeBytes(len(e.Value))
		}
		dst = protowire.AppendVarint(dst, uint64(size))
		dst = protowire.AppendBytes(protowire.AppendTag(dst, 1, protowire.BytesType), e.Key)
		if !e.Delete {
			dst = protowire.AppendBytes(protowire.AppendTag(dst, 2, protowire.BytesType), e.Value)
		}
		dst = protowire.AppendVarint(protowire.AppendTag(dst, 3, protowire.VarintType), e.Seq)
		if e.Delete {
			dst = protowire.AppendVarint(protowire.AppendTag(dst, 4, protowire.VarintType), 1)
		}
	}
	return dst, nil
}

func (protobuf) Decode(b []byte, each func(entry)) error {
	for len(b) > 0 {
		message, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		e, err := consumeMessage(message)
		if err != nil {
			return err
		}
		each(e)
	}
	return nil
}

func consumeMessage(b []byte) (e entry, err error) {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return e, protowire.ParseError(n)
		}
		b = b[n:]
		var bytes []byte
		var v uint64
		if kind == protowire.BytesType {
			bytes, n = protowire.ConsumeBytes(b)
		} else {
			v, n = protowire.ConsumeVarint(b)
		}
		if n < 0 {
			return e, protowire.ParseError(n)
		}
		b = b[n:]
		switch field {
		case 1:
			e.Key = bytes
		case 2:
			e.Value = bytes
		case 3:
			e.Seq = v
		case 4:
			e.Delete = v != 0
		}
	}
	return e, nil
}
