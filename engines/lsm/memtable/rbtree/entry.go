package rbtree

import (
	"bytes"
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// entry is one version, written once, before anything leads to it:
//
//	| trailer 8 | sizes 4 | key | value |
//
// sizes is key size << 22 | value size. Sizes that do not fit are a word of
// their own, key size << 32 | value size at 16, and the key then starts at 24.
type entry struct {
	trailer ikey.Trailer
	sizes   uint32
	_       uint32 // first bytes of the key, or unused
}

const (
	keyOffset     = 12
	wideKeyOffset = 24

	valueSizeBits = 22
	wideSizes     = 1<<32 - 1
)

// newEntry copies a version into the arena.
func (t *table) newEntry(k ikey.Key, value []byte) arena.Ref {
	keySize, valueSize := len(k.User), len(value)
	sizes, offset := uint32(keySize<<valueSizeBits|valueSize), keyOffset
	if keySize >= 1<<(32-valueSizeBits)-1 || valueSize >= 1<<valueSizeBits {
		sizes, offset = wideSizes, wideKeyOffset
	}
	ref := t.mem.Alloc(offset + keySize + valueSize)
	e := t.entry(ref)
	e.trailer, e.sizes = k.Trailer, sizes
	if sizes == wideSizes {
		*e.wide() = uint64(keySize)<<32 | uint64(valueSize)
	}
	copy(e.bytes(offset, keySize), k.User)
	copy(e.bytes(offset+keySize, valueSize), value)
	return ref
}

func (t *table) entry(ref arena.Ref) *entry { return (*entry)(t.mem.Pointer(ref)) }

func (e *entry) wide() *uint64 { return (*uint64)(unsafe.Add(unsafe.Pointer(e), 16)) }

func (e *entry) bytes(offset, size int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(e), offset)), size)
}

func (e *entry) user() []byte {
	if e.sizes != wideSizes {
		return e.bytes(keyOffset, int(e.sizes>>valueSizeBits))
	}
	return e.bytes(wideKeyOffset, int(*e.wide()>>32))
}

func (e *entry) value() []byte {
	if e.sizes != wideSizes {
		return e.bytes(keyOffset+int(e.sizes>>valueSizeBits), int(e.sizes&(1<<valueSizeBits-1)))
	}
	w := *e.wide()
	return e.bytes(wideKeyOffset+int(w>>32), int(uint32(w)))
}

func (e *entry) key() ikey.Key { return ikey.Key{User: e.user(), Trailer: e.trailer} }

// compare orders e against k: -1, 0 or +1.
func (e *entry) compare(k ikey.Key) int {
	if c := bytes.Compare(e.user(), k.User); c != 0 {
		return c
	}
	switch {
	case e.trailer > k.Trailer:
		return -1
	case e.trailer < k.Trailer:
		return +1
	}
	return 0
}

// before says whether e sorts before k.
func (e *entry) before(k ikey.Key) bool { return e.compare(k) < 0 }
