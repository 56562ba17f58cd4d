package mvccgc

import (
	"testing"

	"lsmlab/engines/testseed"
)

// newest returns the number of the newest write of a key up to an LSN, by looking at all.
func (h *history) newest(key uint32, lsn uint64) (write int, ok bool) {
	for i := range h.lsns {
		if h.keys[i] == key && h.lsns[i] <= lsn {
			write, ok = i, true
		}
	}
	return write, ok
}

// least and wrong against a search of the whole history.
func TestHistory(t *testing.T) {
	rng := testseed.Rand(t)
	for range 200 {
		var h history
		var lsn uint64
		keys := 1 + rng.Uint32N(5)
		for range 1 + rng.IntN(40) {
			lsn += 1 + rng.Uint64N(3)
			h.add(rng.Uint32N(keys), lsn)
		}
		var pins []uint64
		for range rng.IntN(5) {
			pins = append(pins, rng.Uint64N(lsn+2))
		}
		needed := map[int]bool{}
		for key := range keys {
			for _, at := range append([]uint64{lsn}, pins...) {
				if write, ok := h.newest(key, at); ok {
					needed[write] = true
				}
			}
		}
		if got := h.least(pins); got != len(needed) {
			t.Fatalf("%+v: the least is %d with %v, want %d", h, got, pins, len(needed))
		}
		for range 20 {
			a := answer{rng.Uint64N(lsn + 2), rng.Uint32N(keys), rng.Uint32N(uint32(len(h.lsns) + 1))}
			right, ok := h.newest(a.key, a.lsn)
			want := 1
			if ok && right == int(a.write) {
				want = 0
			}
			if got := h.wrong([]answer{a}); got != want {
				t.Fatalf("%+v: %+v counts as %d wrong, want %d", h, a, got, want)
			}
		}
	}
}
