package sstable

import (
	"bytes"

	"lsmlab/engines/lsm/ikey"
)

// block is a parsed view of a block's content. The zero block is not usable.
type block struct {
	content  []byte
	base     ikey.Seq
	entries  int
	restarts int
	prefix   int // bytes that all keys share
	valuesAt int // where entries end and values begin, in content
}

// parse makes b a view of content and says whether its header is sound.
func (b *block) parse(content []byte) bool {
	if len(content) < contentHeaderSize {
		return false
	}
	b.content = content
	b.base = ikey.Seq(u64(content))
	b.entries = int(u32(content[8:]))
	b.restarts = int(u32(content[12:]))
	b.valuesAt = int(u32(content[16:]))
	b.prefix = int(u32(content[20:]))
	return b.restarts > 0 && b.restarts <= b.entries && b.valuesAt <= len(content) && b.entriesAt() < b.valuesAt
}

// entriesAt is where restarts end and entries begin, in content.
func (b *block) entriesAt() int { return contentHeaderSize + b.restarts*restartSize }

func (b *block) head(i int) uint64 { return u64(b.content[contentHeaderSize+8*i:]) }

// restart returns where the entries and values of run i begin, in content.
// Offsets outside of their part are moved to its end, where decoding fails.
func (b *block) restart(i int) (entryAt, valueAt int) {
	at := contentHeaderSize + 8*b.restarts + 8*i
	entryAt, valueAt = int(u32(b.content[at:])), int(u32(b.content[at+4:]))
	if entryAt < b.entriesAt() || entryAt > b.valuesAt {
		entryAt = b.valuesAt
	}
	if valueAt < b.valuesAt || valueAt > len(b.content) {
		valueAt = len(b.content)
	}
	return entryAt, valueAt
}

// cursor is an entry found by seek.
type cursor struct {
	entry
	at      int // of the entry in content
	valueAt int
	equal   bool // its user key is the one sought
}

// suffix returns the key bytes stored in the entry; those before them, shared
// many, equal the sought key's.
func (c *cursor) suffix(b *block) []byte {
	at := c.at + c.size
	return b.content[at : at+c.unshared]
}

// value returns the value's bytes, and whether they lie within the block.
func (c *cursor) value(content []byte) ([]byte, bool) {
	end := c.valueAt + c.valueLen
	if end > len(content) {
		return nil, false
	}
	return content[c.valueAt:end:end], true
}

// outcome of a search in a block.
type outcome uint8

const (
	found  outcome = iota
	absent         // all entries are smaller
	broken         // the entries can't be decoded
)

// seek sets c to the first entry >= (user, t).
//
// It never puts keys together: matched is how many bytes of user the entry
// before agrees with, at which it is smaller. An entry that shares more than
// that with it is smaller for the same reason, one that shares less is greater,
// and only one that shares just as much has its own bytes compared. This needs
// "shared" to be the longest possible. (The idea is that of prefix B-trees,
// Bayer and Unterauer, 1977.)
func (b *block) seek(user []byte, t ikey.Trailer, c *cursor) outcome {
	run, ok := b.seekRun(user, t)
	if !ok {
		return broken
	}
	at, valueAt := b.restart(run)
	nextRun := run + 1
	runEnd := b.valuesAt
	if nextRun < b.restarts {
		runEnd, _ = b.restart(nextRun)
	}
	entries := b.content[:b.valuesAt]
	matched := 0
	for at < len(entries) {
		if !c.decode(entries[at:], b.base) {
			return broken
		}
		if at == runEnd {
			matched = 0 // a restart: it shares nothing by definition
			runEnd = b.valuesAt
		}
		if c.shared <= matched {
			rest := user[c.shared:]
			start := at + c.size
			suffix := entries[start : start+c.unshared]
			n := commonPrefix(suffix, rest)
			switch {
			case c.shared < matched, n < len(suffix) && (n == len(rest) || suffix[n] > rest[n]):
				c.at, c.valueAt, c.equal = at, valueAt, false
				return found
			case n == len(suffix) && n == len(rest) && c.trailer <= t:
				c.at, c.valueAt, c.equal = at, valueAt, true
				return found
			}
			matched = c.shared + n
		}
		at += c.size + c.unshared
		valueAt += c.valueLen
	}
	return absent
}

// seekRun returns the last run that begins at or before (user, t), or the first.
func (b *block) seekRun(user []byte, t ikey.Trailer) (run int, ok bool) {
	if b.restarts == 1 {
		return 0, true
	}
	if b.prefix > 0 {
		first, _, ok := b.restartKey(0)
		if !ok || len(first) < b.prefix {
			return 0, false
		}
		prefix := first[:b.prefix]
		if len(user) < b.prefix || string(user[:b.prefix]) != string(prefix) {
			if bytes.Compare(user, prefix) < 0 {
				return 0, true
			}
			return b.restarts - 1, true
		}
	}
	head := ikey.Head(user, b.prefix)
	lo, hi := 0, b.restarts // runs before lo begin at or before the key, from hi on after it
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		h := b.head(mid)
		after := h > head
		if h == head {
			key, trailer, ok := b.restartKey(mid)
			if !ok {
				return 0, false
			}
			after = ikey.Compare(ikey.Key{User: key, Trailer: trailer}, ikey.Key{User: user, Trailer: t}) > 0
		}
		if after {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return max(lo-1, 0), true
}

// restartKey returns the key that run i begins with.
func (b *block) restartKey(i int) (user []byte, t ikey.Trailer, ok bool) {
	at, _ := b.restart(i)
	var e entry
	if !e.decode(b.content[at:b.valuesAt], b.base) || e.shared != 0 {
		return nil, 0, false
	}
	at += e.size
	return b.content[at : at+e.unshared], e.trailer, true
}
