package bptree

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
)

// An entry is one version, written once and never changed:
//
//	| trailer 8, native | key length uleb128 | key | value length uleb128 | value |
const trailerSize = 8

// newEntry copies a version into the arena.
func (t *tree) newEntry(k ikey.Key, value []byte) arena.Ref {
	size := trailerSize + uvarintSize(len(k.User)) + len(k.User) + uvarintSize(len(value)) + len(value)
	ref := t.mem.Alloc(size)
	p := t.mem.Pointer(ref)
	*(*ikey.Trailer)(p) = k.Trailer
	rest := putField(unsafe.Add(p, trailerSize), k.User)
	putField(rest, value)
	return ref
}

// putField writes a length and that many bytes at p and returns what is after.
func putField(p unsafe.Pointer, field []byte) unsafe.Pointer {
	n := len(field)
	if n < 0x80 {
		*(*byte)(p) = byte(n)
		p = unsafe.Add(p, 1)
	} else {
		w := binary.PutUvarint((*[binary.MaxVarintLen64]byte)(p)[:], uint64(n))
		p = unsafe.Add(p, w)
	}
	copy(unsafe.Slice((*byte)(p), n), field)
	return unsafe.Add(p, n)
}

// field returns the field whose length is at p.
func field(p unsafe.Pointer) []byte {
	n := int(*(*byte)(p))
	if n < 0x80 {
		return unsafe.Slice((*byte)(unsafe.Add(p, 1)), n)
	}
	return longField(p)
}

func longField(p unsafe.Pointer) []byte {
	n, shift := 0, 0
	for ; ; shift += 7 {
		b := *(*byte)(p)
		p = unsafe.Add(p, 1)
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return unsafe.Slice((*byte)(p), n)
		}
	}
}

func entryTrailer(p unsafe.Pointer) ikey.Trailer { return *(*ikey.Trailer)(p) }

func entryUser(p unsafe.Pointer) []byte { return field(unsafe.Add(p, trailerSize)) }

// entryValue returns the value of the entry whose user key is user, a view.
func entryValue(user []byte) []byte {
	return field(unsafe.Add(unsafe.Pointer(unsafe.SliceData(user)), len(user)))
}

func (t *tree) key(ref arena.Ref) ikey.Key {
	p := t.mem.Pointer(ref)
	return ikey.Key{User: entryUser(p), Trailer: entryTrailer(p)}
}

// compare orders the entry at ref against k.
func (t *tree) compare(ref arena.Ref, k ikey.Key) int {
	p := t.mem.Pointer(ref)
	if c := bytes.Compare(entryUser(p), k.User); c != 0 {
		return c
	}
	switch trailer := entryTrailer(p); {
	case trailer > k.Trailer:
		return -1
	case trailer < k.Trailer:
		return +1
	}
	return 0
}

func uvarintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}
