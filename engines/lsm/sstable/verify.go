package sstable

import (
	"bytes"
	"fmt"
	"runtime/debug"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// Verify reads the whole table from the file, without any cache, and checks all that
// the package comment says: every checksum; the order of entries; that restarts, heads,
// index and filter agree with the entries; the counts in the properties; and that
// padding is zero. The error names file and offset, what was found and what was
// expected.
func (r *Reader) Verify() (err error) {
	defer vfs.CatchFault(debug.SetPanicOnFault(true), r.name, &err)
	v := verifier{r: r, end: pageSize}
	v.props.MinSeq = ikey.MaxSeq
	if err := v.zeros(headerSize, pageSize); err != nil {
		return err
	}
	for i := range r.index.n {
		if err := v.block(i); err != nil {
			return err
		}
	}
	return v.table()
}

// verifier visits the blocks and keeps what later checks need.
type verifier struct {
	r       *Reader
	end     uint64 // offset at which the block before ended
	last    []byte // user key of the entry before
	trailer ikey.Trailer
	props   Properties
	s       scratch
	key     []byte
}

// block checks block i.
func (v *verifier) block(i int) error {
	r := v.r
	start, end := r.index.bounds(i)
	if start != v.end || end < start+blockHeaderSize || end > r.layout.index.offset {
		return corrupt(r.name, int64(r.layout.index.offset), "block %d lies at %d..%d, want it at %d and before %d",
			i, start, end, v.end, r.layout.index.offset)
	}
	v.end = end
	stored, err := r.storedBlock(i, start, end, &v.s, false)
	if err != nil {
		return err
	}
	content := stored[blockHeaderSize:u32(stored[4:])]
	padding := stored[u32(stored[4:]):]
	if len(bytes.Trim(padding, "\x00")) != 0 {
		return corrupt(r.name, int64(end)-int64(len(padding)), "block %d: padding is not zero", i)
	}
	if Compression(stored[16]) == Zstd {
		want := int(u32(stored[8:]))
		if v.s.raw, err = decompress(v.s.raw, content, want); err != nil || len(v.s.raw) != want {
			return corrupt(r.name, int64(start), "block %d: decompressed to %d of %d bytes: %v", i, len(v.s.raw), want, err)
		}
		content = v.s.raw
	}
	var b block
	if !b.parse(content) {
		return corrupt(r.name, int64(start), "block %d: header of the content does not fit its %d bytes", i, len(content))
	}
	return v.entries(i, &b)
}

// entries checks the entries and the restarts of block i.
func (v *verifier) entries(i int, b *block) error {
	var e entry
	at, valueAt := b.entriesAt(), b.valuesAt
	run, n := 0, 0
	for ; at < b.valuesAt; n++ {
		rest := b.content[at:b.valuesAt]
		if !e.decode(rest, b.base) || e.shared > len(v.last) || e.valueLen > len(b.content)-valueAt {
			return v.wrong(i, n, "cannot be decoded at %d of %d bytes", at, len(b.content))
		}
		v.key = append(append(v.key[:0], v.last[:e.shared]...), rest[e.size:e.size+e.unshared]...)
		shared := commonPrefix(v.last, v.key)
		restart := false
		if run < b.restarts {
			entryAt, want := b.restart(run)
			if restart = entryAt == at; restart && want != valueAt {
				return v.wrong(i, n, "restart %d has its value at %d, want %d", run, want, valueAt)
			}
		}
		if restart {
			if err := v.restart(i, n, run, b, &e); err != nil {
				return err
			}
			run++
		} else if n == 0 || e.shared != shared {
			return v.wrong(i, n, "shares %d bytes, want %d", e.shared, shared)
		}
		if err := v.entry(i, n, &e); err != nil {
			return err
		}
		at += e.size + e.unshared
		valueAt += e.valueLen
	}
	if n != b.entries || run != b.restarts || valueAt != len(b.content) {
		return v.wrong(i, n, "ends the block: want %d entries, %d of %d restarts, values to %d of %d",
			b.entries, run, b.restarts, valueAt, len(b.content))
	}
	first, _, _ := b.restartKey(0)
	if want := commonPrefix(first, v.last); b.prefix != want {
		return v.wrong(i, n, "ends the block: its keys share %d bytes, header says %d", want, b.prefix)
	}
	return nil
}

// restart checks the first entry of a run, whose key is v.key.
func (v *verifier) restart(i, n, run int, b *block, e *entry) error {
	if e.shared != 0 || b.prefix > len(v.key) {
		return v.wrong(i, n, "is a restart, shares %d bytes, all keys share %d", e.shared, b.prefix)
	}
	if got, want := b.head(run), ikey.Head(v.key, b.prefix); got != want {
		return v.wrong(i, n, "restart %d has head %016x, want %016x", run, got, want)
	}
	if n > 0 {
		return nil
	}
	return v.separator(i, ikey.Key{User: v.key, Trailer: e.trailer})
}

// separator checks the index entry of block i, whose first key is first.
func (v *verifier) separator(i int, first ikey.Key) error {
	x := &v.r.index
	s := x.separator(i)
	if got, want := x.head(i), ikey.Head(s.User, 0); got != want {
		return v.wrong(i, 0, "separator %v has head %016x, want %016x", s, got, want)
	}
	s.User = append(bytes.Clone(x.prefix), s.User...)
	if ikey.Compare(s, first) > 0 || i > 0 && ikey.Compare(ikey.Key{User: v.last, Trailer: v.trailer}, s) >= 0 {
		return v.wrong(i, 0, "%v is not in its place: separator %v, entry before %q", first, s, v.last)
	}
	return nil
}

// entry checks v.key against the key before and against the filter, and counts the
// entry.
func (v *verifier) entry(i, n int, e *entry) error {
	k := ikey.Key{User: v.key, Trailer: e.trailer}
	if v.props.Entries == 0 {
		v.props.Smallest = bytes.Clone(v.key)
	} else if last := (ikey.Key{User: v.last, Trailer: v.trailer}); ikey.Compare(last, k) >= 0 {
		return v.wrong(i, n, "%v after %v", k, last)
	}
	if !v.r.filter.MayContain(Hash(v.key)) {
		return v.wrong(i, n, "%v is missing in the bloom filter", k)
	}
	v.props.count(k, e.valueLen)
	v.last, v.key = v.key, v.last
	v.trailer = e.trailer
	return nil
}

func (v *verifier) wrong(block, n int, format string, args ...any) error {
	start, _ := v.r.index.bounds(block)
	return corrupt(v.r.name, int64(start), "block %d entry %d %s", block, n, fmt.Sprintf(format, args...))
}

// table checks what follows the blocks, and the counts.
func (v *verifier) table() error {
	r, l := v.r, &v.r.layout
	ends := []section{{offset: v.end}, l.index, l.bloom, l.properties, {offset: uint64(r.size) - footerSize}}
	for i, next := range ends[1:] {
		if err := v.zeros(ends[i].offset+ends[i].length, next.offset); err != nil {
			return err
		}
	}
	got, want := r.props, v.props
	if got.Entries != want.Entries || got.Deletes != want.Deletes ||
		got.RawKeyBytes != want.RawKeyBytes || got.RawValueBytes != want.RawValueBytes ||
		got.MinSeq != want.MinSeq || got.MaxSeq != want.MaxSeq ||
		!bytes.Equal(got.Smallest, want.Smallest) || !bytes.Equal(got.Largest, v.last) {
		want.Largest = v.last
		return corrupt(r.name, int64(l.properties.offset), "properties say %+v, table has %+v", got, want)
	}
	return nil
}

// zeros checks that the file is zero from start to end, which is one page at most.
func (v *verifier) zeros(start, end uint64) error {
	if start > end || end-start > pageSize {
		return corrupt(v.r.name, int64(start), "gap up to %d between parts", end)
	}
	b, err := v.r.bytes(start, end-start)
	if err != nil {
		return err
	}
	for i, c := range b {
		if c != 0 {
			return corrupt(v.r.name, int64(start)+int64(i), "byte %02x between parts, want 0", c)
		}
	}
	return nil
}
