package blocklog

import (
	"bytes"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// seal puts the checksums right, as far as the lengths lead.
func seal(data []byte) []byte {
	data = bytes.Clone(data)
	if len(data) < headerSize {
		return data
	}
	binary.LittleEndian.PutUint64(data, xxhash.Sum64(data[8:headerSize]))
	for at := int64(headerSize); at+recordHeaderSize < int64(len(data)); {
		end := at + recordHeaderSize + int64(binary.LittleEndian.Uint32(data[at+8:]))
		if end > int64(len(data)) {
			break
		}
		binary.LittleEndian.PutUint64(data[at:], xxhash.Sum64(data[at+8:end])^placeSum(at))
		at = end
	}
	return data
}

// rewrite records what a log says, event by event.
func rewrite(l *Log) []byte {
	var file bytes.Buffer
	r := NewRecorder(&file, l.Size)
	type event func()
	events := map[int64]event{}
	for i, op := range l.Ops {
		events[op.Issued] = func() {
			switch op.Kind {
			case Write:
				r.Write(op.Offset, op.Data, op.FUA)
			case Zero:
				r.Zero(op.Offset, op.Length, op.FUA)
			case Flush:
				r.Flush()
			}
		}
		events[op.Done] = func() { r.Done(int64(i)) }
	}
	for _, m := range l.Marks {
		events[m.Position] = func() { r.Mark(m.Text) }
	}
	for p := int64(1); p <= l.End; p++ {
		events[p]()
	}
	_ = r.Close() // a buffer never fails
	return file.Bytes()
}
