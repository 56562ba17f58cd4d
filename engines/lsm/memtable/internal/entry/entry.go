// Package entry defines the form in which MemTables hold one version of a key in their
// arenas.
//
//	| trailer 8 | sizes 4 | key | value |
//
// sizes is key size << 22 | value size. Sizes that do not fit there have a word of
// their own at offset 16, key size << 32 | value size, and the key then starts at
// offset 24.
//
// An entry is written once, before any reference leads to it. Afterwards any number of
// goroutines may read it.
package entry

import (
	"bytes"
	"unsafe"

	"lsmlab/engines/lsm/ikey"
)

// Entry is the beginning of a version. It lies in an arena and must never be copied.
type Entry struct {
	Trailer ikey.Trailer
	sizes   uint32
	_       uint32 // the first bytes of the key, or unused
}

const (
	keyOffset     = 12
	wideKeyOffset = 24

	valueSizeBits = 22
	wideSizes     = 1<<32 - 1
)

// Size returns how many bytes the entry of a version takes.
func Size(k ikey.Key, value []byte) int {
	_, offset := layout(len(k.User), len(value))
	return offset + len(k.User) + len(value)
}

// layout returns the word sizes and the offset of the key.
func layout(keySize, valueSize int) (sizes uint32, keyAt int) {
	if keySize >= 1<<(32-valueSizeBits)-1 || valueSize >= 1<<valueSizeBits {
		return wideSizes, wideKeyOffset
	}
	return uint32(keySize<<valueSizeBits | valueSize), keyOffset
}

// Write copies a version into e, where Size bytes must be free.
func (e *Entry) Write(k ikey.Key, value []byte) {
	keySize, valueSize := len(k.User), len(value)
	sizes, offset := layout(keySize, valueSize)
	e.Trailer, e.sizes = k.Trailer, sizes
	if sizes == wideSizes {
		*e.wide() = uint64(keySize)<<32 | uint64(valueSize)
	}
	copy(e.bytes(offset, keySize), k.User)
	copy(e.end(offset+keySize, valueSize), value)
}

// wide returns the word that holds sizes which do not fit into e.sizes.
func (e *Entry) wide() *uint64 { return (*uint64)(unsafe.Add(unsafe.Pointer(e), 16)) }

func (e *Entry) bytes(offset, size int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(e), offset)), size)
}

// end is bytes for a piece that may be empty and then lies behind the memory of e. A
// pointer to that place must not be made, so end slices from the start of e.
func (e *Entry) end(offset, size int) []byte { return e.bytes(0, offset+size)[offset:] }

// User returns the user key, as a view of the entry.
func (e *Entry) User() []byte {
	if e.sizes != wideSizes {
		return e.bytes(keyOffset, int(e.sizes>>valueSizeBits))
	}
	return e.bytes(wideKeyOffset, int(*e.wide()>>32))
}

// Value returns the value, as a view of the entry.
func (e *Entry) Value() []byte {
	if e.sizes != wideSizes {
		return e.end(keyOffset+int(e.sizes>>valueSizeBits), int(e.sizes&(1<<valueSizeBits-1)))
	}
	w := *e.wide()
	return e.end(wideKeyOffset+int(w>>32), int(uint32(w)))
}

// Key returns the internal key. Its user key is a view of the entry.
func (e *Entry) Key() ikey.Key { return ikey.Key{User: e.User(), Trailer: e.Trailer} }

// Compare orders e against k: -1, 0 or +1.
func (e *Entry) Compare(k ikey.Key) int {
	if c := bytes.Compare(e.User(), k.User); c != 0 {
		return c
	}
	return e.Trailer.Compare(k.Trailer)
}

// Before says whether e sorts before k.
func (e *Entry) Before(k ikey.Key) bool { return e.Compare(k) < 0 }
