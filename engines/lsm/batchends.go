package lsm

import (
	"math/bits"
	"slices"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
)

// batchEnds knows which LSNs are the last of a batch: a bit for each LSN from base on.
type batchEnds struct {
	base ikey.Seq // a multiple of 64
	bits []uint64
}

// mark notes that seq, the newest LSN, ends a batch, and forgets what is below floor.
func (e *batchEnds) mark(seq, floor ikey.Seq) {
	if len(e.bits) == 0 {
		e.base = seq &^ 63
	}
	// Half of it at once, so that an LSN is not moved again and again.
	if gone := int(max(floor, e.base)-e.base) / 64; gone > len(e.bits)/2 && gone > 64 {
		e.bits = append(e.bits[:0], e.bits[min(gone, len(e.bits)):]...)
		e.base += ikey.Seq(64 * gone)
	}
	for int(seq-e.base)/64 >= len(e.bits) {
		e.bits = append(e.bits, 0)
	}
	e.bits[(seq-e.base)/64] |= 1 << (seq % 64)
}

// last returns the newest end that is not above seq, and whether it is known.
func (e *batchEnds) last(seq ikey.Seq) (ikey.Seq, bool) {
	if seq < e.base {
		return 0, false
	}
	for at := min(int(seq-e.base)/64, len(e.bits)-1); at >= 0; at-- {
		word := e.bits[at]
		if first := e.base + ikey.Seq(64*at); seq-first < 63 {
			word &= 2<<(seq-first) - 1
		}
		if word != 0 {
			return e.base + ikey.Seq(64*at+bits.Len64(word)-1), true
		}
	}
	return 0, false
}

// restore marks what the manifest knows of batches in tables.
func (e *batchEnds) restore(version *manifest.Version) {
	for i := range version.Past.Ends {
		for seq := range version.Past.Ends[i].All {
			e.mark(seq, 0)
		}
	}
	e.mark(version.FlushedSeq, 0) // the last one of the table that was flushed last
}

// copyOf returns a copy of what is known of the LSNs [first, last].
func (e *batchEnds) copyOf(first, last ikey.Seq) batchEnds {
	first = max(first, e.base)
	c := batchEnds{base: first &^ 63}
	if from := int(c.base-e.base) / 64; last >= first && from < len(e.bits) {
		c.bits = slices.Clone(e.bits[from:min(int(last-e.base)/64+1, len(e.bits))])
		c.bits[0] &^= 1<<(first%64) - 1
		if end := c.base + ikey.Seq(64*len(c.bits)); last < end-1 {
			c.bits[len(c.bits)-1] &= 2<<(last%64) - 1
		}
	}
	return c
}

// all calls yield with each end, rising, until it returns false.
func (e *batchEnds) all(yield func(ikey.Seq) bool) {
	for i, word := range e.bits {
		for ; word != 0; word &= word - 1 {
			if !yield(e.base + ikey.Seq(64*i+bits.TrailingZeros64(word))) {
				return
			}
		}
	}
}

// stored returns e as the manifest has it.
func (e *batchEnds) stored() []manifest.Ends {
	var s manifest.Ends
	known, last := false, ikey.Seq(0)
	for seq := range e.all {
		if known {
			s.Add(uint64(seq - last))
		} else {
			s.From, known = seq, true
		}
		last = seq
	}
	if !known {
		return nil
	}
	return []manifest.Ends{s}
}
