package oracle

import (
	"errors"

	"lsmlab/engines/kv"
)

// lookBack asks a store that reads its past for earlier states, as many as it takes to come
// from the newest one to the base in steps that double. Each must be one that the writes of the
// history went through, in their order, or be refused: a view of a state below the floor
// would lack versions.
func (c *Checker) lookBack(e kv.Engine, cut Cut) *Violation {
	h, ok := e.(kv.Historian)
	r, tells := e.(kv.LSNReporter)
	if !ok || !tells || len(c.x.history.Base) > 0 && c.x.history.BaseLSN == 0 {
		return nil
	}
	c.stage = RuleFloor
	newest, base := r.LSN(), c.x.history.BaseLSN
	for back := uint64(1); back <= newest-min(newest, base); back *= 2 {
		if broken := c.view(h, newest-back, cut); broken != nil {
			return violated(RuleFloor, "the state at LSN %d, of which %d is the newest: %s: %s", newest-back, newest, broken.Rule, broken.Detail)
		}
	}
	return nil
}

// view judges the state at an LSN, if it is not refused.
func (c *Checker) view(h kv.Historian, lsn uint64, cut Cut) *Violation {
	s, err := h.SnapshotAt(lsn)
	switch {
	case errors.Is(err, kv.ErrSnapshotTooOld):
		return nil
	case err != nil:
		return violated(RuleFloor, "%v", err)
	}
	broken := c.before.scan(s)
	if err := s.Close(); err != nil && broken == nil {
		broken = violated(RuleFloor, "close: %v", err)
	}
	if broken == nil {
		broken = c.x.judgePast(cut, c.before.entries)
	}
	return broken
}

// judgePast compares the content of an earlier state, sorted by key, with the states that the
// history may have gone through up to the cut. No write must be there, but those that one that
// is there requires. It returns the rule that is violated, or nil.
func (x *Index) judgePast(cut Cut, content []Entry) *Violation {
	j := x.judgement(cut)
	clear(j.floor)
	_, broken := j.judge(content)
	return broken
}
