package sstable

import (
	"encoding/binary"
	"errors"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
)

// reseal makes all checksums of a damaged table right again, as far as its
// parts can be found, so that the damage reaches the decoders.
func reseal(data []byte) {
	if len(data) < pageSize+footerSize {
		return
	}
	le := binary.LittleEndian
	size := uint64(len(data))
	footer := data[size-footerSize:]
	le.PutUint64(data[32:], size)
	le.PutUint64(footer[64:], size)
	le.PutUint32(data[40:], checksum(data[:40]))
	if offset, length := u64(footer), u64(footer[8:]); offset < size && length < size-offset {
		var x index
		if x.parse(data[offset:offset+length], u32(footer[60:])) {
			for i := range x.n {
				if start, end := x.bounds(i); end <= offset && start+blockHeaderSize <= end {
					resealBlock(data[start:end], uint32(i))
				}
			}
		}
	}
	for i := range 3 {
		offset, length := u64(footer[16*i:]), u64(footer[16*i+8:])
		if offset < size && length < size-offset {
			le.PutUint32(footer[48+4*i:], checksum(data[offset:offset+length]))
		}
	}
	le.PutUint32(footer[92:], checksum(footer[:92]))
}

func resealBlock(block []byte, number uint32) {
	stored := u32(block[4:])
	if stored >= blockHeaderSize && int(stored) <= len(block) {
		binary.LittleEndian.PutUint32(block[12:], number)
		binary.LittleEndian.PutUint32(block, checksum(block[4:stored]))
	}
}

func fuzzKeys() []ikey.Key {
	return []ikey.Key{
		{},
		ikey.SeekKey([]byte("a"), 7), ikey.SeekKey([]byte("key00007"), ikey.MaxSeq),
		ikey.SeekKey([]byte("a common prefix of some length/\x00a"), ikey.MaxSeq), ikey.SeekKey([]byte("\xff\xff\xff"), 1),
	}
}

// FuzzReader reads tables that are damaged at will, with right checksums. What
// must hold: no panic, no hang, and every error wraps kv.ErrCorrupt.
func FuzzReader(f *testing.F) {
	for _, c := range []Compression{None, Zstd} {
		f.Add(tableBytes(f, WriterOptions{Compression: c}, values(80, 60)))
		f.Add(tableBytes(f, WriterOptions{Compression: c, BlockSize: 300}, smallModel()))
		testseed.Damaged(f, 20, tableBytes(f, WriterOptions{Compression: c, BlockSize: 300}, smallModel()))
		f.Add(tableBytes(f, WriterOptions{Compression: c, BloomBitsPerKey: -1}, manyVersions(30)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = append([]byte(nil), data...)
		reseal(data)
		_, errs := inspect(t, data, fuzzKeys())
		for _, err := range errs {
			if err != nil && !errors.Is(err, kv.ErrCorrupt) && !errors.Is(err, kv.ErrUnsupported) {
				t.Fatal(err)
			}
		}
	})
}

// FuzzBlock reads a table of one block whose content is the input.
func FuzzBlock(f *testing.F) {
	for _, model := range [][]kvs{smallModel(), values(40, 30), manyVersions(30), prefixes()[:50]} {
		w := builder{interval: 4}
		var last []byte
		for _, e := range model {
			w.add(e.key, commonPrefix(last, e.key.User), e.value)
			last = e.key.User
		}
		f.Add(w.appendContent(nil, last))
		testseed.Damaged(f, 20, w.appendContent(nil, last))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 1<<20 {
			return
		}
		_, errs := inspect(t, oneBlockTable(content), fuzzKeys())
		for _, err := range errs {
			if err != nil && !errors.Is(err, kv.ErrCorrupt) {
				t.Fatal(err)
			}
		}
	})
}

// oneBlockTable returns a table whose only block has this content.
func oneBlockTable(content []byte) []byte {
	data := append(make([]byte, pageSize+blockHeaderSize), content...)
	sealBlock(data[pageSize:], len(content), 0, None)
	data = append(data, make([]byte, alignUp(len(data), pageSize)-len(data))...)
	end := len(data)
	var x indexBuilder
	x.add(pageSize, ikey.Key{Trailer: separatorAll})
	l := layout{blocks: 1}
	data = x.append(data, int64(end), nil)
	l.index = section{uint64(end), uint64(len(data) - end), checksum(data[end:])}
	l.bloom = section{offset: uint64(len(data))}
	start := len(data)
	data = (&Properties{Entries: 1, Blocks: 1}).append(data)
	l.properties = section{uint64(start), uint64(len(data) - start), checksum(data[start:])}
	l.fileSize = uint64(len(data) + footerSize)
	data = l.appendFooter(data)
	copy(data, l.appendHeader(nil))
	return data
}
