package replica

import (
	"lsmlab/engines/cluster/consensus"
	"lsmlab/engines/kv"
)

// log is the log of a member: in memory as far as it is durable, and in the store. It
// implements [consensus.Storage].
type log struct {
	hard    consensus.HardState // as the member began
	before  place               // the last entry that was truncated
	entries []consensus.Entry
	bytes   int // of data in entries
	applied consensus.Point
	members consensus.Members // after all entries that were handed to the state

	stored stored
}

type place struct{ index, term uint64 }

// stored is what the store has after all writes that were handed out.
type stored struct {
	term, vote uint64
	before     place
	last       uint64
	parts      map[uint64]int // of entries of several parts, by index
}

// Initial implements [consensus.Storage].
func (l *log) Initial() (consensus.HardState, consensus.Members) { return l.hard, l.applied.Members }

// First implements [consensus.Storage].
func (l *log) First() uint64 { return l.before.index + 1 }

// Last implements [consensus.Storage].
func (l *log) Last() uint64 { return l.before.index + uint64(len(l.entries)) }

// Applied implements [consensus.Storage].
func (l *log) Applied() consensus.Point { return l.applied }

// Term implements [consensus.Storage].
func (l *log) Term(index uint64) (uint64, error) {
	switch {
	case index == l.before.index:
		return l.before.term, nil
	case index < l.before.index:
		return 0, consensus.ErrCompacted
	case index > l.Last():
		return 0, consensus.ErrUnavailable
	}
	return l.entries[index-l.First()].Term, nil
}

// Entries implements [consensus.Storage].
func (l *log) Entries(lo, hi, maxBytes uint64) ([]consensus.Entry, error) {
	switch {
	case lo < l.First():
		return nil, consensus.ErrCompacted
	case hi > l.Last()+1:
		return nil, consensus.ErrUnavailable
	}
	entries := l.entries[lo-l.First() : hi-l.First()]
	size := uint64(0)
	for i := range entries {
		if size += uint64(len(entries[i].Data)); size > maxBytes && i > 0 {
			return entries[:i:i], nil
		}
	}
	return entries[:len(entries):len(entries)], nil
}

// write returns the batch that writes an append, with the truncation that is due; nil if
// there is nothing to write. A new commit index alone is not written: a member that
// starts again takes what it has applied for committed, and hears of the rest.
func (l *log) write(a *consensus.Append) *kv.Batch {
	b := &kv.Batch{}
	s := &l.stored
	if h := a.HardState; h != nil && (h.Term != s.term || h.Vote != s.vote) {
		s.term, s.vote = h.Term, h.Vote
		putHardState(b, h)
	}
	if len(a.Entries) > 0 {
		l.writeEntries(b, a.Entries)
	}
	if b.Len() == 0 {
		return nil
	}
	if l.before.index > s.before.index {
		l.delete(b, s.before.index+1, l.before.index)
		s.before = l.before
		putBefore(b, l.before)
	}
	return b
}

// writeEntries replaces all from the first one's index on.
func (l *log) writeEntries(b *kv.Batch, entries []consensus.Entry) {
	first, last := entries[0].Index, entries[len(entries)-1].Index
	for index := range l.stored.parts {
		if index >= first {
			l.delete(b, index, index)
		}
	}
	for i := range entries {
		if parts := putEntry(b, &entries[i]); parts > 1 {
			l.stored.parts[entries[i].Index] = parts
		}
	}
	l.delete(b, last+1, l.stored.last)
	l.stored.last = last
}

// delete deletes the entries from first to last in the store.
func (l *log) delete(b *kv.Batch, first, last uint64) {
	for index := first; index <= last; index++ {
		for part := range max(l.stored.parts[index], 1) {
			b.Delete(entryKey(index, part))
		}
		delete(l.stored.parts, index)
	}
}

// appended takes note of a write that is durable.
func (l *log) appended(a *consensus.Append) {
	if len(a.Entries) == 0 {
		return
	}
	if keep := a.Entries[0].Index - l.First(); keep < uint64(len(l.entries)) {
		l.bytes -= size(l.entries[keep:])
		l.entries = l.entries[:keep:keep] // what Entries gave out stays as it is
	}
	l.bytes += size(a.Entries)
	l.entries = append(l.entries, a.Entries...)
}

// size returns the bytes of data in entries.
func size(entries []consensus.Entry) (bytes int) {
	for i := range entries {
		bytes += len(entries[i].Data)
	}
	return bytes
}

// truncate drops entries of the log that are applied and that nobody is likely to ask for.
func (l *log) truncate(o *Options) {
	applied := int(l.applied.Index - l.before.index)
	if applied <= 2*o.KeepEntries && l.bytes <= o.KeepBytes {
		return
	}
	bytes := 0
	for i := applied - 1; i >= 0 && bytes <= o.KeepBytes; i-- {
		bytes += len(l.entries[i].Data)
	}
	if applied <= 2*o.KeepEntries && bytes <= o.KeepBytes {
		return
	}
	drop, bytes := max(applied-o.KeepEntries, 0), 0
	for i := applied - 1; i >= drop; i-- {
		if bytes += len(l.entries[i].Data); bytes > o.KeepBytes/2 {
			drop = i + 1
		}
	}
	if drop == 0 {
		return
	}
	l.before = place{l.entries[drop-1].Index, l.entries[drop-1].Term}
	l.bytes -= size(l.entries[:drop])
	l.entries = append([]consensus.Entry(nil), l.entries[drop:]...) // so that what was dropped is freed
}
