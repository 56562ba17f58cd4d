package sstable

import (
	"bytes"

	"lsmlab/engines/lsm/ikey"
)

// block is a parsed view of the content of a block. The zero block is not usable.
type block struct {
	content  []byte
	base     ikey.Seq
	entries  int
	restarts int
	prefix   int // length of the prefix that all keys share
	valuesAt int // offset in content at which entries end and values begin
}

// parse makes b a view of content. It returns false if the header of content is not
// sound.
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

// entriesAt returns the offset in content at which restarts end and entries begin.
func (b *block) entriesAt() int { return contentHeaderSize + b.restarts*restartSize }

func (b *block) head(i int) uint64 { return u64(b.content[contentHeaderSize+8*i:]) }

// restart returns the offsets in content at which the entries and the values of run i
// begin. An offset outside of its part is moved to the end of that part, where decoding
// fails.
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

// cursor is an entry that seek found.
type cursor struct {
	entry
	at      int // offset of the entry in content
	valueAt int
	equal   bool // the user key of the entry equals the one sought
}

// suffix returns the key bytes that the entry stores. The bytes before them, as many as
// are shared, equal those of the sought key.
func (c *cursor) suffix(b *block) []byte {
	at := c.at + c.size
	return b.content[at : at+c.unshared]
}

// value returns the bytes of the value. It returns false if they do not lie within the
// block.
func (c *cursor) value(content []byte) ([]byte, bool) {
	end := c.valueAt + c.valueLen
	if end > len(content) {
		return nil, false
	}
	return content[c.valueAt:end:end], true
}

// outcome is the result of a search in a block.
type outcome uint8

const (
	found  outcome = iota
	absent         // all entries sort before the sought key
	broken         // the entries cannot be decoded
)

// seek sets c to the first entry >= (user, t).
//
// It never assembles a key. matched is how many bytes the key of the entry before has
// in common with user; behind these bytes that key is smaller than user. An entry that
// shares more bytes with the entry before is smaller for the same reason. One that
// shares fewer is greater. Only if it shares exactly as many are its own bytes
// compared. For this, "shared" must be the longest possible. (Source of the idea:
// prefix B-trees, Bayer and Unterauer, 1977.)
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
			matched = 0 // a restart shares nothing, by definition
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

// seekRun returns the last run that begins at or before (user, t), or the first run if
// none does.
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
	lo, hi := 0, b.restarts // runs before lo begin at or before the key, runs from hi on begin after it
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

// restartKey returns the key with which run i begins.
func (b *block) restartKey(i int) (user []byte, t ikey.Trailer, ok bool) {
	at, _ := b.restart(i)
	var e entry
	if !e.decode(b.content[at:b.valuesAt], b.base) || e.shared != 0 {
		return nil, 0, false
	}
	at += e.size
	return b.content[at : at+e.unshared], e.trailer, true
}
