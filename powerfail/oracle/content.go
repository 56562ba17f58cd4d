package oracle

import (
	"bytes"

	"lsmlab/engines/kv"
)

// content is everything that a store shows. Its memory is reused.
type content struct {
	entries []Entry
	bytes   []byte
}

// scan reads everything in r through an iterator.
func (c *content) scan(r kv.Reader) *Violation {
	c.entries, c.bytes = c.entries[:0], c.bytes[:0]
	it := r.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		e := Entry{c.keep(it.Key()), c.keep(it.Value())}
		if n := len(c.entries); n > 0 && bytes.Compare(c.entries[n-1].Key, e.Key) >= 0 {
			closeQuietly(it)
			return violated(RuleDisagree, "the iterator shows key %s after %s", show(e.Key), show(c.entries[n-1].Key))
		}
		c.entries = append(c.entries, e)
	}
	if err := it.Close(); err != nil {
		return violated(RuleUnreadable, "scan: %v", err)
	}
	return nil
}

// keep copies b. Earlier copies stay valid when the buffer moves.
func (c *content) keep(b []byte) []byte {
	start := len(c.bytes)
	c.bytes = append(c.bytes, b...)
	return c.bytes[start:len(c.bytes):len(c.bytes)]
}
