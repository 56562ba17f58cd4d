package kvtest

import (
	"fmt"

	"lsmlab/engines/kv"
)

// history is what was acknowledged since the last point that no crash can take
// back. It answers which of the allowed states a recovered store is in.
//
// Invariant: 0 <= synced <= handed <= len(ends), counted in batches after base.
type history struct {
	base    *state // the content before the first batch below
	encoded []byte // the batches, one after the other
	ends    []int  // where each ends in encoded
	handed  int    // batches that a process crash may not take: up to the last at Buffered or above
	synced  int    // batches that a power failure may not take: up to the last at Synced
	limit   int    // batches to keep before folding
}

const historyBatches = 4096

func newHistory(base *state) *history { return &history{base: base, limit: historyBatches} }

// add notes an acknowledged batch. A durability level covers all that was acknowledged
// before: recovery may cut the history, never make a hole in it. An empty batch
// promises nothing: there is no write that could survive.
func (h *history) add(b *kv.Batch, d kv.Durability, canLosePower bool) {
	if b.Len() == 0 {
		return
	}
	h.encoded = append(h.encoded, b.Bytes()...)
	h.ends = append(h.ends, len(h.encoded))
	if d >= kv.Buffered {
		h.handed = len(h.ends)
	}
	if d >= kv.Synced || d >= kv.Buffered && !canLosePower {
		h.synced = len(h.ends)
	}
	if len(h.ends) >= h.limit {
		h.fold(h.synced)
		h.limit = 2*len(h.ends) + historyBatches
	}
}

// batch returns the operations of batch i.
func (h *history) batch(i int) kv.Ops {
	start := 0
	if i > 0 {
		start = h.ends[i-1]
	}
	return kv.ReadAllOps(h.encoded[start:h.ends[i]])
}

// fold moves the first n batches into base.
func (h *history) fold(n int) {
	if n == 0 {
		return
	}
	for i := range n {
		h.base.apply(h.batch(i))
	}
	cut := h.ends[n-1]
	h.encoded = append(h.encoded[:0], h.encoded[cut:]...)
	rest := h.ends[n:]
	for i := range rest {
		h.ends[i] = rest[i] - cut
	}
	h.ends = h.ends[:len(rest)]
	h.handed, h.synced = max(h.handed-n, 0), max(h.synced-n, 0)
}

// recovered cuts the history to what got, the content after a crash or a clean
// reopen, shows of it, and returns that state. It fails when got is no prefix
// of the history that has at least the first floor batches.
func (h *history) recovered(got map[string]string, floor int) (*state, error) {
	found, now := -1, h.base.clone()
	for i := range floor {
		now.apply(h.batch(i))
	}
	diff := differences(now, got)
	atFloor := describe(now, got)
	for i := floor; ; i++ {
		if diff == 0 {
			found = i // the longest prefix counts: it forbids the least later
		}
		if i == len(h.ends) {
			break
		}
		for ops := h.batch(i); ops.Next(); {
			diff += applyCounted(now, got, ops)
		}
	}
	if found < 0 {
		return nil, fmt.Errorf("recovered content of %d keys is no prefix of the history with at least %d of its last %d batches;\n"+
			"against the shortest allowed: %s;\nagainst the whole: %s", len(got), floor, len(h.ends), atFloor, describe(now, got))
	}
	result := h.base.clone()
	for i := range found {
		result.apply(h.batch(i))
	}
	end := 0
	if found > 0 {
		end = h.ends[found-1]
	}
	h.ends, h.encoded = h.ends[:found], h.encoded[:end]
	h.handed, h.synced = found, min(h.synced, found)
	return result, nil
}

// applyCounted applies one operation to now, and returns by how many the keys on which
// now and got disagree have grown.
func applyCounted(now *state, got map[string]string, op kv.Ops) (grown int) {
	change := func(key string, do func()) {
		if same(now, got, key) {
			grown++
		}
		do()
		if same(now, got, key) {
			grown--
		}
	}
	key := string(op.Key)
	switch op.Kind {
	case kv.OpSet:
		change(key, func() { now.Set(key, string(op.Value)) })
	case kv.OpDelete:
		change(key, func() { now.Delete(key) })
	case kv.OpDeleteRange:
		for _, key := range now.keys(op.Key, op.Value) {
			change(key, func() { now.Delete(key) })
		}
	}
	return grown
}

func same(s *state, got map[string]string, key string) bool {
	a, inState := s.Get(key)
	b, inGot := got[key]
	return inState == inGot && a == b
}

// differences counts the keys on which s and got disagree.
func differences(s *state, got map[string]string) (n int) {
	common := 0
	s.Scan(func(key, value string) bool {
		other, ok := got[key]
		if ok {
			common++
		}
		if !ok || other != value {
			n++
		}
		return true
	})
	return n + len(got) - common
}

// describe names the first few differences.
func describe(s *state, got map[string]string) string {
	text := fmt.Sprintf("%d keys differ", differences(s, got))
	left := 3
	note := func(key, want string) {
		if left--; left >= 0 {
			text += fmt.Sprintf(", %s: got %s, want %s", show(key), show(got[key]), want)
		}
	}
	s.Scan(func(key, value string) bool {
		if other, ok := got[key]; !ok || other != value {
			note(key, show(value))
		}
		return left > 0
	})
	for key := range got {
		if _, ok := s.Get(key); !ok && left > 0 {
			note(key, "nothing")
		}
	}
	return text
}
