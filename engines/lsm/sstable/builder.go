package sstable

import (
	"encoding/binary"
	"math/bits"

	"lsmlab/engines/lsm/ikey"
)

// builder collects the content of one block.
type builder struct {
	interval int // entries from one restart to the next

	base     ikey.Seq
	count    int
	restarts []restart
	entries  []byte
	values   []byte
}

// restart says where a run of entries begins, relative to the start of entries and of
// values.
type restart struct {
	entry, value int
	key, keyLen  int // where the whole key lies in entries, and its length
}

func (b *builder) reset() {
	b.count = 0
	b.restarts = b.restarts[:0]
	b.entries = b.entries[:0]
	b.values = b.values[:0]
}

// atRestart says whether the next entry begins a run, which means that it stores its
// whole key.
func (b *builder) atRestart() bool { return b.count%b.interval == 0 }

// size returns the bytes of the content, including the header of the block.
func (b *builder) size() int {
	return blockHeaderSize + contentHeaderSize + len(b.restarts)*restartSize + len(b.entries) + len(b.values)
}

// costOf returns an upper bound of the bytes that an entry adds to size.
func (b *builder) costOf(unshared, valueLen int) int {
	n := 4 + unshared + valueLen
	if b.count > 0 {
		n += 8 // room for the LSN difference
	}
	if valueLen >= 1<<7 || unshared >= 1<<7 {
		n += 8
	}
	if b.atRestart() {
		n += restartSize
	}
	return n
}

// add appends an entry whose key has the first shared bytes in common with the key
// before it.
func (b *builder) add(k ikey.Key, shared int, value []byte) {
	if b.count == 0 {
		b.base = k.Trailer.Seq()
	}
	at := b.atRestart()
	if at {
		shared = 0
		b.restarts = append(b.restarts, restart{entry: len(b.entries), value: len(b.values)})
	}
	b.entries = appendEntry(b.entries, k, shared, len(value), b.base)
	if at {
		r := &b.restarts[len(b.restarts)-1]
		r.key, r.keyLen = len(b.entries)-len(k.User), len(k.User)
	}
	b.values = append(b.values, value...)
	b.count++
}

// appendContent appends the content to dst. last is the user key that was added last.
func (b *builder) appendContent(dst, last []byte) []byte {
	le := binary.LittleEndian
	prefix := commonPrefix(b.restartKey(0), last)
	entriesAt := contentHeaderSize + len(b.restarts)*restartSize
	valuesAt := entriesAt + len(b.entries)
	dst = le.AppendUint64(dst, uint64(b.base))
	dst = le.AppendUint32(dst, uint32(b.count))
	dst = le.AppendUint32(dst, uint32(len(b.restarts)))
	dst = le.AppendUint32(dst, uint32(valuesAt))
	dst = le.AppendUint32(dst, uint32(prefix))
	for i := range b.restarts {
		dst = le.AppendUint64(dst, ikey.Head(b.restartKey(i), prefix))
	}
	for _, r := range b.restarts {
		dst = le.AppendUint32(dst, uint32(entriesAt+r.entry))
		dst = le.AppendUint32(dst, uint32(valuesAt+r.value))
	}
	dst = append(dst, b.entries...)
	return append(dst, b.values...)
}

func (b *builder) restartKey(i int) []byte {
	r := b.restarts[i]
	return b.entries[r.key : r.key+r.keyLen]
}

// commonPrefix returns the length of the longest common prefix of a and b. It compares
// 8 bytes at a time.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := u64(a[i:]) ^ u64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)>>3
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
