package sstable

import (
	"bytes"
	"encoding/binary"

	"lsmlab/engines/lsm/ikey"
)

// Properties describe a whole table.
type Properties struct {
	Smallest, Largest []byte // user keys, both inclusive; must not be changed
	MinSeq, MaxSeq    ikey.Seq
	Entries, Deletes  uint64 // how many versions there are, and how many of them are tombstones
	RawKeyBytes       uint64 // of user keys as given to the writer
	RawValueBytes     uint64
	Blocks            uint32
	Compression       Compression

	// FileSize, IndexSize and BloomSize are in bytes. They come from the footer and are
	// not stored a second time.
	FileSize, IndexSize, BloomSize int64
}

// count adds one entry.
func (p *Properties) count(k ikey.Key, valueLen int) {
	p.Entries++
	if k.Trailer.Kind() == ikey.Delete {
		p.Deletes++
	}
	p.RawKeyBytes += uint64(len(k.User))
	p.RawValueBytes += uint64(valueLen)
	p.MinSeq = min(p.MinSeq, k.Trailer.Seq())
	p.MaxSeq = max(p.MaxSeq, k.Trailer.Seq())
}

func (p *Properties) append(dst []byte) []byte {
	le := binary.LittleEndian
	for _, v := range []uint64{p.Entries, p.Deletes, p.RawKeyBytes, p.RawValueBytes, uint64(p.MinSeq), uint64(p.MaxSeq)} {
		dst = le.AppendUint64(dst, v)
	}
	dst = le.AppendUint32(dst, p.Blocks)
	dst = append(dst, byte(p.Compression), 0, 0, 0)
	dst = le.AppendUint32(dst, uint32(len(p.Smallest)))
	dst = le.AppendUint32(dst, uint32(len(p.Largest)))
	dst = append(dst, p.Smallest...)
	return append(dst, p.Largest...)
}

// parseProperties decodes the section b, which begins at offset of the file. The keys
// of the result are copies.
func parseProperties(name string, offset int64, b []byte) (Properties, error) {
	var p Properties
	if len(b) < propertiesMinSize {
		return p, corrupt(name, offset, "properties of %d bytes, want at least %d", len(b), propertiesMinSize)
	}
	p.Entries, p.Deletes = u64(b), u64(b[8:])
	p.RawKeyBytes, p.RawValueBytes = u64(b[16:]), u64(b[24:])
	p.MinSeq, p.MaxSeq = ikey.Seq(u64(b[32:])), ikey.Seq(u64(b[40:]))
	p.Blocks, p.Compression = u32(b[48:]), Compression(b[52])
	smallest, largest := uint64(u32(b[56:])), uint64(u32(b[60:]))
	keys := b[propertiesMinSize:]
	if smallest+largest != uint64(len(keys)) {
		return p, corrupt(name, offset+56, "keys of %d and %d bytes in %d", smallest, largest, len(keys))
	}
	keys = bytes.Clone(keys)
	p.Smallest, p.Largest = keys[:smallest:smallest], keys[smallest:]
	if p.Entries == 0 || p.Deletes > p.Entries || p.MinSeq > p.MaxSeq || p.MaxSeq > ikey.MaxSeq ||
		bytes.Compare(p.Smallest, p.Largest) > 0 {
		return p, corrupt(name, offset, "properties contradict themselves: %d entries, %d deletes, LSN %d..%d, keys %q..%q",
			p.Entries, p.Deletes, p.MinSeq, p.MaxSeq, p.Smallest, p.Largest)
	}
	return p, nil
}
