package oracle

import (
	"bytes"
	"errors"

	"lsmlab/engines/kv"
)

// mark notes the newest LSN of a store whose content was read, if the store reads its
// past ([kv.Historian]) and tells LSNs.
func (c *Checker) mark(e kv.Engine) {
	c.marked = false
	if _, ok := e.(kv.Historian); !ok {
		return
	}
	if r, ok := e.(kv.LSNReporter); ok {
		c.newest, c.marked = r.LSN(), true
	}
}

// past reads the state at the mark, after later writes or another opening. The store may
// say that it keeps it no more; what it shows must be the content that was read then.
func (c *Checker) past(e kv.Engine) (broken *Violation) {
	h, ok := e.(kv.Historian)
	if !ok || !c.marked {
		return nil
	}
	c.stage = RuleFloor
	s, err := h.SnapshotAt(c.newest)
	switch {
	case errors.Is(err, kv.ErrSnapshotTooOld):
		return nil
	case err != nil:
		return violated(RuleFloor, "the state at LSN %d: %v", c.newest, err)
	}
	defer func() {
		if err := s.Close(); err != nil && broken == nil {
			broken = violated(RuleFloor, "close the state at LSN %d: %v", c.newest, err)
		}
	}()
	if broken := c.before.scan(s); broken != nil {
		return violated(RuleFloor, "the state at LSN %d: %s", c.newest, broken.Detail)
	}
	if was, shows, differ := difference(c.content.entries, c.before.entries); differ {
		return violated(RuleFloor, "the state at LSN %d is not what was read then: it was %s, and the past shows %s", c.newest, was, shows)
	}
	return nil
}

// difference returns the first entries in which two contents differ, in words.
func difference(a, b []Entry) (inA, inB string, differ bool) {
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[0].Key, b[0].Key) && bytes.Equal(a[0].Value, b[0].Value) {
		a, b = a[1:], b[1:]
	}
	return first(a), first(b), len(a)+len(b) > 0
}
