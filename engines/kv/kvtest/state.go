package kvtest

import (
	"github.com/tidwall/btree"

	"lsmlab/engines/kv"
)

// state is one content of a store, the naive truth that engines are compared
// with. Copies cost nothing: nodes are shared until one side writes.
type state struct{ btree.Map[string, string] }

func (s *state) clone() *state { return &state{*s.Copy()} }

// apply applies an encoded batch.
func (s *state) apply(ops kv.Ops) {
	for ops.Next() {
		switch ops.Kind {
		case kv.OpSet:
			s.Set(string(ops.Key), string(ops.Value))
		case kv.OpDelete:
			s.Delete(string(ops.Key))
		case kv.OpDeleteRange:
			for _, key := range s.keys(ops.Key, ops.Value) {
				s.Delete(key)
			}
		}
	}
}

// keys returns those of [lower, upper).
func (s *state) keys(lower, upper []byte) (keys []string) {
	c := s.scan(lower, upper)
	for ok := c.First(); ok; ok = c.Next() {
		keys = append(keys, c.it.Key())
	}
	return keys
}

// cursor walks one state as [kv.Iterator] and [kv.ReverseIterator] ask for; the state
// must not change.
type cursor struct {
	it           btree.MapIter[string, string]
	lower, upper []byte
	moved, ok    bool
}

func (s *state) scan(lower, upper []byte) *cursor {
	return &cursor{it: s.Iter(), lower: lower, upper: upper}
}

func (c *cursor) First() bool { return c.SeekGE(c.lower) }

func (c *cursor) SeekGE(key []byte) bool {
	if string(key) < string(c.lower) {
		key = c.lower
	}
	return c.record(c.it.Seek(string(key)))
}

func (c *cursor) Next() bool {
	if !c.moved {
		return c.First()
	}
	return c.record(c.ok && c.it.Next())
}

func (c *cursor) Last() bool {
	if c.upper == nil {
		return c.record(c.it.Last())
	}
	return c.SeekLT(c.upper)
}

func (c *cursor) SeekLT(key []byte) bool {
	if c.upper != nil && string(key) > string(c.upper) {
		key = c.upper
	}
	if c.it.Seek(string(key)) {
		return c.record(c.it.Prev())
	}
	return c.record(c.it.Last())
}

func (c *cursor) Prev() bool {
	if !c.moved {
		return c.Last()
	}
	return c.record(c.ok && c.it.Prev())
}

// record notes the outcome of a move; an entry out of bounds is none.
func (c *cursor) record(ok bool) bool {
	c.moved = true
	c.ok = ok && c.it.Key() >= string(c.lower) && (c.upper == nil || c.it.Key() < string(c.upper))
	return c.ok
}

func (c *cursor) Key() []byte   { return []byte(c.it.Key()) }
func (c *cursor) Value() []byte { return []byte(c.it.Value()) }
