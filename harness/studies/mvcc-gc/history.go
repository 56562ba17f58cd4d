package mvccgc

import (
	"math"
	"slices"
)

// history is all writes of a cell, each of one key, in the order of their LSNs. It is pure.
type history struct {
	lsns []uint64 // rising, by the number of the write
	keys []uint32 // by the number of the write
}

// answer is what a reader of the state of an LSN was told of a key: the number of a write.
type answer struct {
	lsn   uint64
	key   uint32
	write uint32
}

func (h *history) add(key uint32, lsn uint64) {
	h.lsns, h.keys = append(h.lsns, lsn), append(h.keys, key)
}

// ends returns, by the number of the write, the LSN of the next write of the same key: states
// from there on no longer show this one. It is [math.MaxUint64] if there is none.
func (h *history) ends() []uint64 {
	ends, next := make([]uint64, len(h.lsns)), map[uint32]uint64{}
	for i := len(h.lsns) - 1; i >= 0; i-- {
		end, ok := next[h.keys[i]]
		if !ok {
			end = math.MaxUint64
		}
		ends[i], next[h.keys[i]] = end, h.lsns[i]
	}
	return ends
}

// least returns the fewest versions that a store can keep: those of the newest state, and
// those of the states at pins, in any order.
func (h *history) least(pins []uint64) (n int) {
	pins = slices.Sorted(slices.Values(pins))
	for i, end := range h.ends() {
		pin, _ := slices.BinarySearch(pins, h.lsns[i])
		if end == math.MaxUint64 || pin < len(pins) && pins[pin] < end {
			n++
		}
	}
	return n
}

// wrong returns how many answers are not those of the state that was asked for.
func (h *history) wrong(answers []answer) (n int) {
	ends := h.ends()
	for _, a := range answers {
		i := int(a.write)
		if i >= len(ends) || h.keys[i] != a.key || h.lsns[i] > a.lsn || ends[i] <= a.lsn {
			n++
		}
	}
	return n
}
