package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/kv"
)

// A member's store has these keys; numbers in values are uleb128 and those in keys eight
// bytes, the highest first. See consensus for the encodings of entries and points.
//
//	b                     how often the store was opened
//	h                     | term | vote |
//	t                     | index | term | of the last entry that was truncated
//	s                     | area 1 | point | up to which the state in that area is
//	l index 8, part 2     a part of the encoding of an entry: | parts | bytes | or | bytes |
//	x.., y..              the state: one of the areas x and y is in use
//
// Part of the disk format.
const (
	bootKey   = "b"
	hardKey   = "h"
	beforeKey = "t"
	stateKey  = "s"
	entries   = 'l'
	areaX     = 'x'
	areaY     = 'y'
)

// partSize is how many bytes of an entry go into one value.
const partSize = 8 << 20

func entryKey(index uint64, part int) []byte {
	key := binary.BigEndian.AppendUint64(append(make([]byte, 0, 11), entries), index)
	return binary.BigEndian.AppendUint16(key, uint16(part))
}

func putHardState(b *kv.Batch, h *consensus.HardState) {
	b.Set([]byte(hardKey), binary.AppendUvarint(binary.AppendUvarint(nil, h.Term), h.Vote))
}

func putBefore(b *kv.Batch, p place) {
	b.Set([]byte(beforeKey), binary.AppendUvarint(binary.AppendUvarint(nil, p.index), p.term))
}

func putPoint(b *kv.Batch, area byte, p *consensus.Point) {
	b.Set([]byte(stateKey), consensus.AppendPoint([]byte{area}, p))
}

// putEntry returns in how many parts it put the entry.
func putEntry(b *kv.Batch, e *consensus.Entry) (parts int) {
	encoded := consensus.AppendEntry(nil, e)
	parts = max(1, (len(encoded)+partSize-1)/partSize)
	for part := range parts {
		piece := encoded[part*partSize : min(len(encoded), (part+1)*partSize)]
		if part == 0 {
			piece = append(binary.AppendUvarint(make([]byte, 0, len(piece)+2), uint64(parts)), piece...)
		}
		b.Set(entryKey(e.Index, part), piece)
	}
	return parts
}

// load reads the store of a member, and notes that it was opened. A new one becomes that
// of a member of the group of o.Members, whose log begins behind entry 1.
func load(o *Options) (l *log, s *State, boot uint64, err error) {
	l = &log{stored: stored{parts: map[uint64]int{}}}
	b := &kv.Batch{}
	boot, err = loadNumber(o.Store, bootKey)
	if err != nil {
		return nil, nil, 0, err
	}
	if boot == 0 {
		initialize(b, o, l)
		s = &State{store: o.Store, area: areaX}
	} else if s, err = loadState(o.Store, l); err != nil {
		return nil, nil, 0, err
	}
	boot++
	b.Set([]byte(bootKey), binary.AppendUvarint(nil, boot))
	// At the highest level of all: what a member has seen of its store it relies on.
	if err = o.Store.Apply(b, o.Log); err != nil {
		return nil, nil, 0, err
	}
	l.members = l.applied.Members
	l.stored.term, l.stored.vote, l.stored.before, l.stored.last = l.hard.Term, l.hard.Vote, l.before, l.Last()
	return l, s, boot, nil
}

// initialize makes a new store.
func initialize(b *kv.Batch, o *Options, l *log) {
	if len(o.Members) > 0 {
		l.before = place{1, 1}
		l.hard = consensus.HardState{Term: 1, Commit: 1}
		l.applied = consensus.Point{Index: 1, Term: 1, Members: consensus.Members{Voters: slices.Sorted(slices.Values(o.Members))}}
	}
	putHardState(b, &l.hard)
	putBefore(b, l.before)
	putPoint(b, areaX, &l.applied)
}

// loadNumber reads a value that is one number; 0 if there is none.
func loadNumber(r kv.Reader, key string) (uint64, error) {
	value, err := r.Get(nil, []byte(key))
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	d := consensus.NewDecoder(value)
	n := d.Uint()
	return n, inValue(key, d.End())
}

func inValue(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("value of key %q: %w", key, err)
}

// loadState reads all but the state itself.
func loadState(store kv.Engine, l *log) (*State, error) {
	area, point, err := loadPoint(store)
	if err != nil {
		return nil, err
	}
	l.applied = point
	if err := loadPair(store, hardKey, &l.hard.Term, &l.hard.Vote); err != nil {
		return nil, err
	}
	if err := loadPair(store, beforeKey, &l.before.index, &l.before.term); err != nil {
		return nil, err
	}
	if l.before.index > point.Index {
		return nil, fmt.Errorf("%w: the log is truncated up to entry %d, the state is at %d", kv.ErrCorrupt, l.before.index, point.Index)
	}
	if err := l.loadEntries(store); err != nil {
		return nil, err
	}
	if l.Last() < point.Index {
		return nil, fmt.Errorf("%w: the log ends at entry %d, the state is at %d", kv.ErrCorrupt, l.Last(), point.Index)
	}
	l.hard.Commit = point.Index
	return &State{store: store, area: area}, nil
}

func loadPair(store kv.Reader, key string, first, second *uint64) error {
	value, err := store.Get(nil, []byte(key))
	if err != nil {
		return fmt.Errorf("key %q: %w", key, err)
	}
	d := consensus.NewDecoder(value)
	*first, *second = d.Uint(), d.Uint()
	return inValue(key, d.End())
}

// loadPoint reads which area is in use, and up to which point.
func loadPoint(store kv.Reader) (area byte, p consensus.Point, err error) {
	value, err := store.Get(nil, []byte(stateKey))
	if err != nil {
		return 0, p, fmt.Errorf("key %q: %w", stateKey, err)
	}
	d := consensus.NewDecoder(value)
	area, p = d.Byte(), d.Point()
	if err = d.End(); err == nil && area != areaX && area != areaY {
		err = fmt.Errorf("%w: area %q, want %q or %q", kv.ErrCorrupt, area, areaX, areaY)
	}
	return area, p, inValue(stateKey, err)
}

// loadEntries reads the log, which must have no gap.
func (l *log) loadEntries(store kv.Reader) (err error) {
	it := store.Scan([]byte{entries}, []byte{entries + 1})
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; {
		index := l.Last() + 1
		var encoded []byte
		if encoded, ok, err = l.entryAt(it, index); err != nil {
			return err
		}
		d := consensus.NewDecoder(encoded)
		e := d.Entry()
		if err := d.End(); err != nil {
			return fmt.Errorf("log entry %d: %w", index, err)
		}
		if e.Index != index {
			return fmt.Errorf("%w: log entry %d says that it is %d", kv.ErrCorrupt, index, e.Index)
		}
		l.entries = append(l.entries, e)
		l.bytes += len(e.Data)
	}
	return nil
}

// entryAt reads the parts of the entry that it stands on, and moves it behind them.
func (l *log) entryAt(it kv.Iterator, index uint64) (encoded []byte, more bool, err error) {
	for part, parts := 0, 1; part < parts; part++ {
		if (part > 0 && !more) || string(it.Key()) != string(entryKey(index, part)) {
			return nil, false, fmt.Errorf("%w: log entry %d, part %d of %d, is missing", kv.ErrCorrupt, index, part+1, parts)
		}
		piece := it.Value()
		if part == 0 {
			n, w := binary.Uvarint(piece)
			if w <= 0 || n == 0 || n > 1<<16 {
				return nil, false, fmt.Errorf("%w: log entry %d has %d parts", kv.ErrCorrupt, index, n)
			}
			if piece, parts = piece[w:], int(n); parts > 1 {
				l.stored.parts[index] = parts
			}
		}
		encoded = append(encoded, piece...)
		more = it.Next()
	}
	return encoded, more, nil
}
