package oracle

import (
	"fmt"
	"maps"
	"slices"

	"lsmlab/engines/kv"
)

// Index is a history prepared for judging. It never changes and is safe for concurrent
// use.
type Index struct {
	history *History
	lanes   []lane
	keys    []keyHistory // sorted by key
	// aborted has each value that only transactions that applied nothing may have
	// written, with the number of the write.
	aborted map[pair]int
}

type pair struct{ key, value string }

// abort notes what write i would have stored.
func (x *Index) abort(i int) {
	for ops := kv.ReadAllOps(x.history.Writes[i].Batch); ops.Next(); {
		if ops.Kind == kv.OpSet {
			x.aborted[pair{string(ops.Key), string(ops.Value)}] = i
		}
	}
}

// lane is what one writer did.
type lane struct {
	writer int
	writes []int32 // indices into History.Writes, in order
	keys   int     // how many keys it owns
	// before[i] says what write i of the lane requires: for each lane, how many of its
	// writes were acknowledged before write i began.
	before [][]int32
}

// noLane owns the keys of the base that no writer writes.
const noLane = -1

// keyHistory is a key with all contents that it had.
type keyHistory struct {
	key      string
	lane     int
	versions []version
}

// version is one content of a key. It holds from the state with the first n writes of
// the key's lane up to the next version.
type version struct {
	n       int32
	present bool
	value   string
}

// Index prepares the history. It fails if two writers share a key, or if a batch cannot
// be decoded.
func (h *History) Index() (*Index, error) {
	x := &Index{history: h, aborted: map[pair]int{}}
	laneOf := map[int]int{}
	byKey := map[string]*keyHistory{}
	for key, value := range h.Base {
		byKey[key] = &keyHistory{key, noLane, []version{{0, true, value}}}
	}
	for i := range h.Writes {
		w := &h.Writes[i]
		if w.Aborted {
			x.abort(i)
		}
		if w.dropped() {
			continue
		}
		l, ok := laneOf[w.Writer]
		if !ok {
			l = len(x.lanes)
			laneOf[w.Writer] = l
			x.lanes = append(x.lanes, lane{writer: w.Writer})
		}
		x.lanes[l].writes = append(x.lanes[l].writes, int32(i))
		if err := addVersions(byKey, w, l, int32(len(x.lanes[l].writes))); err != nil {
			return nil, fmt.Errorf("history, write %d: %w", i, err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		k := byKey[key]
		x.keys = append(x.keys, *k)
		if k.lane != noLane {
			x.lanes[k.lane].keys++
		}
	}
	for l := range x.lanes {
		x.presuppose(&x.lanes[l])
	}
	return x, nil
}

// addVersions records what write number n of a lane stores.
func addVersions(byKey map[string]*keyHistory, w *Write, lane int, n int32) error {
	ops := kv.ReadAllOps(w.Batch)
	for ops.Next() {
		if ops.Kind == kv.OpDeleteRange {
			if err := deleteRange(byKey, ops.Key, ops.Value, lane, n); err != nil {
				return err
			}
			continue
		}
		k := byKey[string(ops.Key)]
		if k == nil {
			k = &keyHistory{string(ops.Key), lane, []version{{}}}
			byKey[k.key] = k
		}
		if err := k.add(lane, version{n, ops.Kind == kv.OpSet, string(ops.Value)}); err != nil {
			return err
		}
	}
	return ops.Err()
}

// deleteRange records a range delete. Keys that come later are not there before.
func deleteRange(byKey map[string]*keyHistory, lower, upper []byte, lane int, n int32) error {
	for key, k := range byKey {
		if key < string(lower) || upper != nil && key >= string(upper) {
			continue
		}
		if err := k.add(lane, version{n: n}); err != nil {
			return err
		}
	}
	return nil
}

// add records what a write of a lane stores.
func (k *keyHistory) add(lane int, v version) error {
	if k.lane == noLane {
		k.lane = lane
	}
	if k.lane != lane {
		return fmt.Errorf("key %q is written by two writers", k.key)
	}
	if last := len(k.versions) - 1; k.versions[last].n == v.n {
		k.versions[last] = v // within one batch, the last operation on a key counts
	} else {
		k.versions = append(k.versions, v)
	}
	return nil
}

// presuppose fills l.before. Equal positions say nothing about the order.
func (x *Index) presuppose(l *lane) {
	acked := make([]int32, len(x.lanes))
	for _, i := range l.writes {
		begin := x.history.Writes[i].Begin
		for o := range x.lanes {
			acked[o] = x.ackedBefore(o, acked[o], begin)
		}
		l.before = append(l.before, slices.Clone(acked))
	}
}

// ackedBefore returns how many writes of a lane were acknowledged before a position. n
// is a lower bound from which it counts.
func (x *Index) ackedBefore(lane int, n int32, position int64) int32 {
	writes := x.lanes[lane].writes
	for int(n) < len(writes) {
		if ack := x.history.Writes[writes[n]].Ack; ack == Never || ack >= position {
			break
		}
		n++
	}
	return n
}

// limits returns how many writes of a lane must be found at a cut, and how many may be
// found.
func (x *Index) limits(l *lane, cut Cut) (floor, begun int32) {
	for n, i := range l.writes {
		w := &x.history.Writes[i]
		if w.Begin > cut.Position {
			break
		}
		begun = int32(n) + 1
		if w.Ack != Never && w.Ack <= cut.Position && w.Kept(cut.Kind) {
			floor = begun
		}
	}
	return floor, begun
}
