package sstable

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/cespare/xxhash/v2"

	"lsmlab/engines/kv"
)

// Part of the disk format; do not renumber. See the package comment.
const (
	magic         = 0x53535462 // "SSTb"
	formatVersion = 1
	headerSize    = 44
	footerSize    = 96
	pageSize      = 4096
	sectionAlign  = 64

	blockHeaderSize   = 20
	contentHeaderSize = 24
	restartSize       = 16 // head, entry offset, value offset

	indexHeaderSize   = 16
	indexEntrySize    = 16 // head, block offset
	propertiesMinSize = 64

	maxContent = 1 << 25 // bytes; over the largest entry and its page rounding
)

// Compression of a block. Part of the disk format; do not renumber.
type Compression uint8

// The compressions.
const (
	None Compression = 0
	Zstd Compression = 1
)

// String returns the name used by options and reports.
func (c Compression) String() string {
	switch c {
	case None:
		return "none"
	case Zstd:
		return "zstd"
	}
	return fmt.Sprintf("compression(%d)", uint8(c))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// Hash returns the hash of a user key, as [Reader.MayContain] takes it. It is xxhash64.
// Part of the disk format.
func Hash(user []byte) uint64 { return xxhash.Sum64(user) }

func u32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
func u64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// corrupt returns an error of damage in the file called name, at an offset in bytes.
func corrupt(name string, offset int64, format string, args ...any) error {
	return fmt.Errorf("%w: %s offset %d: %s", kv.ErrCorrupt, name, offset, fmt.Sprintf(format, args...))
}

// section is one of the parts behind the blocks. It is in bytes of the file.
type section struct {
	offset, length uint64
	sum            uint32
}

// layout is what the header and the footer say about the place of every part.
type layout struct {
	index, bloom, properties section
	blocks                   uint32
	fileSize                 uint64
}

// appendHeader appends the header, without its padding, to dst.
func (l *layout) appendHeader(dst []byte) []byte {
	start := len(dst)
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, magic)
	dst = le.AppendUint32(dst, formatVersion)
	dst = le.AppendUint64(dst, pageSize)
	dst = le.AppendUint64(dst, l.index.offset)
	dst = le.AppendUint32(dst, footerSize)
	dst = le.AppendUint32(dst, 0)
	dst = le.AppendUint64(dst, l.fileSize)
	return le.AppendUint32(dst, checksum(dst[start:]))
}

// appendFooter appends the footer to dst.
func (l *layout) appendFooter(dst []byte) []byte {
	start := len(dst)
	le := binary.LittleEndian
	for _, s := range []section{l.index, l.bloom, l.properties} {
		dst = le.AppendUint64(dst, s.offset)
		dst = le.AppendUint64(dst, s.length)
	}
	for _, v := range []uint32{l.index.sum, l.bloom.sum, l.properties.sum, l.blocks} {
		dst = le.AppendUint32(dst, v)
	}
	dst = le.AppendUint64(dst, l.fileSize)
	dst = append(dst, make([]byte, 16)...)
	dst = le.AppendUint32(dst, magic)
	return le.AppendUint32(dst, checksum(dst[start:]))
}

// parseLayout decodes the header and the footer of a file of size bytes. It checks that
// they agree with each other and with the size.
func parseLayout(name string, size int64, header, footer []byte) (layout, error) {
	var l layout
	footerAt := size - footerSize
	if got := u32(header); got != magic {
		return l, corrupt(name, 0, "magic %08x, want %08x", got, uint32(magic))
	}
	if got, want := u32(header[40:]), checksum(header[:40]); got != want {
		return l, corrupt(name, 40, "header checksum %08x, want %08x", got, want)
	}
	if got := u32(header[4:]); got != formatVersion {
		return l, fmt.Errorf("%w: %s has format version %d, this program reads %d",
			kv.ErrUnsupported, name, got, formatVersion)
	}
	if got := u64(header[32:]); got != uint64(size) {
		return l, corrupt(name, 32, "file has %d bytes, header says %d", size, got)
	}
	if got := u64(header[8:]); got != pageSize {
		return l, corrupt(name, 8, "data offset %d, want %d", got, pageSize)
	}
	if got := u32(header[24:]); got != footerSize {
		return l, corrupt(name, 24, "footer size %d, want %d", got, footerSize)
	}
	if got, want := u32(footer[92:]), checksum(footer[:92]); got != want {
		return l, corrupt(name, footerAt+92, "footer checksum %08x, want %08x", got, want)
	}
	if got := u32(footer[88:]); got != magic {
		return l, corrupt(name, footerAt+88, "footer magic %08x, want %08x", got, uint32(magic))
	}
	for i, s := range []*section{&l.index, &l.bloom, &l.properties} {
		*s = section{u64(footer[16*i:]), u64(footer[16*i+8:]), u32(footer[48+4*i:])}
	}
	l.blocks = u32(footer[60:])
	l.fileSize = u64(footer[64:])
	return l, l.check(name, header, footerAt)
}

// check verifies that the sections lie in order between the blocks and the footer.
func (l *layout) check(name string, header []byte, footerAt int64) error {
	if l.fileSize != uint64(footerAt)+footerSize {
		return corrupt(name, footerAt+64, "footer says %d bytes, file has %d", l.fileSize, footerAt+footerSize)
	}
	if got := u64(header[16:]); got != l.index.offset {
		return corrupt(name, 16, "index offset %d in the header, %d in the footer", got, l.index.offset)
	}
	end := uint64(pageSize)
	for i, s := range []section{l.index, l.bloom, l.properties} {
		if s.offset < end || s.offset > uint64(footerAt) || s.length > uint64(footerAt)-s.offset {
			return corrupt(name, footerAt+int64(16*i), "section of %d bytes at %d is not in %d..%d",
				s.length, s.offset, end, footerAt)
		}
		end = s.offset + s.length
	}
	if l.blocks == 0 {
		return corrupt(name, footerAt+60, "no blocks")
	}
	return nil
}

// alignUp returns n rounded up to a multiple of align, a power of two.
func alignUp(n, align int) int { return (n + align - 1) &^ (align - 1) }
