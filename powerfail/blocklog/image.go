package blocklog

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// BlockSize is the unit, in bytes, in which an [Image] shares content.
const BlockSize = 4096

// block is immutable once an image has it, so that images share blocks.
type block struct {
	sum  uint64 // of number and data: see Image.sum
	data [BlockSize]byte
}

// Image is the content of a disk. Its zero blocks take no memory, and a clone
// shares all blocks with its origin. It is used by one goroutine at a time.
type Image struct {
	size   int64
	blocks []*block // nil: zeros
	sum    uint64   // exclusive-or of the sums of all blocks
}

// NewImage returns a disk of size bytes, all zero.
func NewImage(size int64) *Image {
	return &Image{size: size, blocks: make([]*block, (size+BlockSize-1)/BlockSize)}
}

// Clone returns a copy that changes by itself.
func (m *Image) Clone() *Image {
	c := *m
	c.blocks = append([]*block(nil), m.blocks...)
	return &c
}

// Size returns the bytes of the disk.
func (m *Image) Size() int64 { return m.size }

// Fingerprint returns a hash of the content: equal for equal content, however
// it came about.
func (m *Image) Fingerprint() uint64 { return m.sum }

// Block returns the content of block i, which the caller must not change, or
// nil if it is zero. The last block is padded with zeros.
func (m *Image) Block(i int) []byte {
	if b := m.blocks[i]; b != nil {
		return b.data[:]
	}
	return nil
}

// Blocks returns the number of blocks.
func (m *Image) Blocks() int { return len(m.blocks) }

// ReadAt fills p with the content at offset, within the disk.
func (m *Image) ReadAt(p []byte, offset int64) {
	for len(p) > 0 {
		from := offset % BlockSize
		n := int(min(int64(len(p)), BlockSize-from))
		if b := m.blocks[offset/BlockSize]; b != nil {
			copy(p[:n], b.data[from:])
		} else {
			clear(p[:n])
		}
		p, offset = p[n:], offset+int64(n)
	}
}

// WriteAt stores data at offset, within the disk. Data stays the caller's.
func (m *Image) WriteAt(data []byte, offset int64) {
	for len(data) > 0 {
		i, from := offset/BlockSize, offset%BlockSize
		b := &block{}
		if old := m.blocks[i]; old != nil {
			b.data = old.data
		}
		n := copy(b.data[from:], data)
		m.set(i, b)
		data, offset = data[n:], offset+int64(n)
	}
}

// Zero stores length zeros at offset, within the disk.
func (m *Image) Zero(offset, length int64) {
	for length > 0 {
		i, from := offset/BlockSize, offset%BlockSize
		n := min(length, BlockSize-from)
		if old := m.blocks[i]; old != nil {
			b := &block{data: old.data}
			clear(b.data[from : from+n])
			m.set(i, b)
		}
		offset, length = offset+n, length-n
	}
}

// set replaces block i by b, whose sum it computes.
func (m *Image) set(i int64, b *block) {
	if old := m.blocks[i]; old != nil {
		m.sum ^= old.sum
	}
	if b.data == [BlockSize]byte{} {
		m.blocks[i] = nil // so that content alone decides the fingerprint
		return
	}
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], uint64(i))
	d := xxhash.New()
	_, _ = d.Write(number[:]) // a hash never fails
	_, _ = d.Write(b.data[:])
	b.sum = d.Sum64()
	m.sum ^= b.sum
	m.blocks[i] = b
}
