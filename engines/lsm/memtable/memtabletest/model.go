package memtabletest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

// model is the naive judge: entries in a slice, sorted by ikey.Compare.
type model struct {
	entries []entry
}

type entry struct {
	key   ikey.Key
	value []byte
}

func (m *model) add(k ikey.Key, value []byte) {
	i, found := m.find(k)
	if found {
		panic(fmt.Sprintf("memtabletest: test adds %v twice", k))
	}
	e := entry{ikey.Key{User: bytes.Clone(k.User), Trailer: k.Trailer}, bytes.Clone(value)}
	m.entries = slices.Insert(m.entries, i, e)
}

// find returns the index of the first entry >= k, and whether it is k.
func (m *model) find(k ikey.Key) (int, bool) {
	return slices.BinarySearchFunc(m.entries, k, func(e entry, k ikey.Key) int {
		return ikey.Compare(e.key, k)
	})
}

func (m *model) get(user []byte, seq ikey.Seq) (value []byte, kind ikey.Kind, ok bool) {
	i, _ := m.find(ikey.SeekKey(user, seq))
	if i == len(m.entries) || !bytes.Equal(m.entries[i].key.User, user) {
		return nil, 0, false
	}
	return m.entries[i].value, m.entries[i].key.Trailer.Kind(), true
}

// agree compares all answers of mt with the model: those of a walk, and of gets and
// seeks at, beside, before and after every entry.
func (m *model) agree(mt memtable.MemTable) error {
	if err := m.agreeWalk(mt); err != nil {
		return err
	}
	it := mt.NewIterator()
	defer it.Close()
	var last []byte
	for i, e := range m.entries {
		user, seq := e.key.User, e.key.Trailer.Seq()
		for _, s := range []ikey.Seq{seq, seq - 1, seq + 1} {
			if err := m.agreeAt(mt, it, user, s); err != nil {
				return err
			}
		}
		if i > 0 && bytes.Equal(user, last) {
			continue
		}
		last = user
		for _, near := range neighbours(user) {
			for _, s := range []ikey.Seq{0, seq, ikey.MaxSeq} {
				if err := m.agreeAt(mt, it, near, s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// agreeWalk compares a walk over everything, upwards and downwards.
func (m *model) agreeWalk(mt memtable.MemTable) error {
	it := mt.NewIterator()
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		if n == len(m.entries) {
			return fmt.Errorf("walk: entry %v after the last", it.Key())
		}
		if err := sameEntry(it, m.entries[n]); err != nil {
			return fmt.Errorf("walk, entry %d: %w", n, err)
		}
		n++
	}
	if n < len(m.entries) {
		return fmt.Errorf("walk: %d entries, want %d; lacks %v", n, len(m.entries), m.entries[n].key)
	}
	if n > 0 {
		if err := m.agreeBack(mt, m.entries[n/2].key, n); err != nil {
			return err
		}
	}
	return errors.Join(it.Close(), m.agreeBack(mt, ikey.End(), n+1))
}

// agreeBack compares SeekLT at k, and Prev after it, for that many entries.
func (m *model) agreeBack(mt memtable.MemTable, k ikey.Key, entries int) error {
	it := mt.NewReverseIterator()
	i, _ := m.find(k)
	moved := it.SeekLT(k)
	for ; entries > 0; entries-- {
		if moved != (i > 0) {
			return fmt.Errorf("below (%s, %x), at entry %d: on an entry: %v, want %v", short(k.User), k.Trailer, i, moved, !moved)
		}
		if !moved {
			break
		}
		i--
		if err := sameEntry(it, m.entries[i]); err != nil {
			return fmt.Errorf("below (%s, %x): %w", short(k.User), k.Trailer, err)
		}
		moved = it.Prev()
	}
	return it.Close()
}

// agreeAt compares Get, SeekLT and SeekGE, and one Next after that, at (user, seq).
func (m *model) agreeAt(mt memtable.MemTable, it ikey.Iterator, user []byte, seq ikey.Seq) error {
	value, kind, ok := mt.Get(user, seq)
	wantValue, wantKind, wantOK := m.get(user, seq)
	if ok != wantOK || ok && kind != wantKind || !sameValue(value, wantValue) {
		return fmt.Errorf("Get(%s, %d) = %s, kind %d, %v; want %s, kind %d, %v",
			short(user), seq, short(value), kind, ok, short(wantValue), wantKind, wantOK)
	}
	k := ikey.SeekKey(user, seq)
	if err := m.agreeBack(mt, k, 1); err != nil {
		return err
	}
	i, _ := m.find(k)
	moved := it.SeekGE(k)
	for range 2 {
		if moved != (i < len(m.entries)) {
			return fmt.Errorf("SeekGE(%s, %d): on an entry: %v, want %v", short(user), seq, moved, !moved)
		}
		if !moved {
			return nil
		}
		if err := sameEntry(it, m.entries[i]); err != nil {
			return fmt.Errorf("SeekGE(%s, %d): %w", short(user), seq, err)
		}
		moved = it.Next()
		i++
	}
	return nil
}

// onEntry is what iterators of both directions have.
type onEntry interface {
	Key() ikey.Key
	Value() []byte
}

func sameEntry(it onEntry, want entry) error {
	if k := it.Key(); ikey.Compare(k, want.key) != 0 {
		return fmt.Errorf("on (%s, %x), want (%s, %x)",
			short(k.User), k.Trailer, short(want.key.User), want.key.Trailer)
	}
	if v := it.Value(); !sameValue(v, want.value) {
		return fmt.Errorf("(%s, %x) has value %s, want %s",
			short(want.key.User), want.key.Trailer, short(v), short(want.value))
	}
	return nil
}

// sameValue compares values. Of large ones, which many reads return, it compares the
// ends and a stride: a value of another version differs in almost all bytes.
func sameValue(a, b []byte) bool {
	const large, stride = 64 << 10, 4093
	if len(a) != len(b) || len(a) < large {
		return bytes.Equal(a, b)
	}
	for i := large; i < len(a); i += stride {
		if a[i] != b[i] {
			return false
		}
	}
	return bytes.Equal(a[:large], b[:large]) && bytes.Equal(a[len(a)-64:], b[len(b)-64:])
}

// neighbours returns user and keys that sort close to it, on both sides.
func neighbours(user []byte) [][]byte {
	ns := [][]byte{user, append(bytes.Clone(user), 0), append(bytes.Clone(user), 0xff)}
	if n := len(user); n > 0 {
		ns = append(ns, user[:n-1])
		for _, d := range []byte{1, 0xff} {
			near := bytes.Clone(user)
			near[n-1] += d
			ns = append(ns, near)
		}
	}
	return ns
}

// valueOf returns a value of size bytes that describes itself. From 8 bytes on, it says
// to which version it belongs. Its other bytes depend on the whole key and on the
// sequence number of that version.
func valueOf(user []byte, seq ikey.Seq, size int) []byte {
	const prime = 0x9e3779b97f4a7c15
	v := binary.LittleEndian.AppendUint64(make([]byte, 0, size+15), uint64(seq))
	fill := (uint64(seq) + uint64(len(user))) * prime
	for _, c := range user {
		fill = (fill ^ uint64(c)) * prime
	}
	for len(v) < size {
		v = binary.LittleEndian.AppendUint64(v, bits.ReverseBytes64(fill))
	}
	return v[:size:size]
}

// checkValue says for which version of user valueOf made the value. The error says that
// it made it for none.
func checkValue(user, value []byte) (ikey.Seq, error) {
	if len(value) < 8 {
		return 0, fmt.Errorf("key %s: value of %d bytes is cut", short(user), len(value))
	}
	seq := ikey.Seq(binary.LittleEndian.Uint64(value))
	if !bytes.Equal(value, valueOf(user, seq, len(value))) {
		return 0, fmt.Errorf("key %s: value %s is not that of sequence number %d", short(user), short(value), seq)
	}
	return seq, nil
}

// short shows b for people.
func short(b []byte) string {
	if len(b) <= 40 {
		return fmt.Sprintf("%q", b)
	}
	return fmt.Sprintf("%q... (%d bytes)", b[:40], len(b))
}
