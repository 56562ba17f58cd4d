package sstable

import (
	"math"
	"runtime/debug"
	"sort"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

var _ ikey.ReverseIterator = (*ReverseIter)(nil)

// ReverseIter visits the entries of a table downwards; see [ikey.ReverseIterator]. Both a
// zero ReverseIter and a used one, whose memory is reused, are ready for
// [Reader.InitReverse]. It must not be used after the reader was closed.
//
// As keys are stored as differences from the key before, no entry can be decoded without
// those before it. So a run of entries, from one restart to the next, is decoded as a
// whole, and then visited from its end. LevelDB decodes the run anew for each step;
// Pebble keeps what it decoded, as is done here. Of a run whose keys take a lot of memory
// only the last entries are kept, and it is decoded again for those before them.
type ReverseIter struct {
	r     *Reader
	block block
	i     int // the number of block
	run   int // the number of the run
	gone  int // its entries before those in spots
	spots []spot
	at    int // the current spot
	keys  []byte
	most  int // bytes beyond which entries are dropped from keys
	s     scratch
	err   error
}

// spot is a decoded entry: its key is keys[key:keyEnd] and its value
// content[value:valueEnd].
type spot struct {
	trailer         ikey.Trailer
	key, keyEnd     int
	value, valueEnd int
}

// mostKeys is far more than the keys of a usual run take.
const mostKeys = 1 << 20

// InitReverse makes it a reverse iterator of r that is after the last entry.
func (r *Reader) InitReverse(it *ReverseIter) {
	*it = ReverseIter{r: r, spots: it.spots[:0], keys: it.keys[:0], most: mostKeys, s: it.s}
}

// SeekLT implements [ikey.ReverseIterator].
func (it *ReverseIter) SeekLT(k ikey.Key) (ok bool) {
	if it.err != nil {
		return false
	}
	defer vfs.CatchFault(debug.SetPanicOnFault(true), it.r.name, &it.err)
	if !it.load(it.r.index.find(k.User, k.Trailer)) {
		return false
	}
	run, sound := it.block.seekRun(k.User, k.Trailer)
	if !sound {
		return it.broken()
	}
	for it.gone = math.MaxInt; it.at == 0 && it.gone > 0; {
		if !it.decode(run, it.gone) {
			return false
		}
		it.at = sort.Search(len(it.spots), func(i int) bool { return ikey.Compare(it.keyOf(&it.spots[i]), k) >= 0 })
	}
	return it.Prev()
}

// Prev implements [ikey.ReverseIterator].
func (it *ReverseIter) Prev() bool {
	if it.at > 0 {
		it.at--
		return true
	}
	return it.prevRun()
}

// prevRun moves to the last entry before those in spots.
func (it *ReverseIter) prevRun() (ok bool) {
	if it.err != nil || it.gone == 0 && it.run == 0 && it.i == 0 {
		return false
	}
	defer vfs.CatchFault(debug.SetPanicOnFault(true), it.r.name, &it.err)
	switch {
	case it.gone > 0:
		ok = it.decode(it.run, it.gone)
	case it.run > 0:
		ok = it.decode(it.run-1, math.MaxInt)
	default:
		ok = it.load(it.i-1) && it.decode(it.block.restarts-1, math.MaxInt)
	}
	it.at = max(0, len(it.spots)-1)
	return ok
}

// load makes block i the current one. On an error it ends the iteration and returns
// false.
func (it *ReverseIter) load(i int) bool {
	it.i, it.gone, it.spots, it.at = i, 0, it.spots[:0], 0
	if it.r.o.Cache == nil {
		it.s = scratch{} // values are views of what it holds
	}
	it.err = it.r.load(i, &it.block, &it.s)
	return it.err == nil
}

// decode fills spots and keys with the first entries of a run of the current block, up to
// the given number, or with the last ones of those; one at least. If that fails it ends
// the iteration and returns false.
func (it *ReverseIter) decode(run, entries int) bool {
	b := &it.block
	it.run, it.gone, it.spots, it.keys = run, 0, it.spots[:0], it.keys[:0]
	at, value := b.restart(run)
	end := b.valuesAt
	if run+1 < b.restarts {
		end, _ = b.restart(run + 1)
	}
	var e entry
	var last spot
	for n := 0; at < end && n < entries; n++ {
		rest := b.content[at:end]
		if !e.decode(rest, b.base) || e.shared > last.keyEnd-last.key || e.valueLen > len(b.content)-value {
			return it.broken()
		}
		if len(it.keys) > it.most {
			it.gone, it.spots = n, it.spots[:0]
			it.keys = append(it.keys[:0], it.keys[last.key:last.keyEnd]...)
			last.key, last.keyEnd = 0, len(it.keys)
		}
		if e.unshared > 0 || e.shared < last.keyEnd-last.key { // else it is a version of the same key
			start := len(it.keys)
			it.keys = append(it.keys, it.keys[last.key:last.key+e.shared]...)
			it.keys = append(it.keys, rest[e.size:e.size+e.unshared]...)
			last.key, last.keyEnd = start, len(it.keys)
		}
		last.trailer, last.value, last.valueEnd = e.trailer, value, value+e.valueLen
		it.spots = append(it.spots, last)
		at, value = at+e.size+e.unshared, last.valueEnd
	}
	return len(it.spots) > 0 || it.broken()
}

// broken ends the iteration with the error of an entry that cannot be decoded.
func (it *ReverseIter) broken() bool {
	it.spots, it.at = it.spots[:0], 0
	it.err = it.r.broken(it.i)
	return false
}

func (it *ReverseIter) keyOf(s *spot) ikey.Key {
	return ikey.Key{User: it.keys[s.key:s.keyEnd:s.keyEnd], Trailer: s.trailer}
}

// Key implements [ikey.ReverseIterator].
func (it *ReverseIter) Key() ikey.Key { return it.keyOf(&it.spots[it.at]) }

// Value implements [ikey.ReverseIterator]. In Mapped mode it is a view of the file; see
// "Faults" in the package comment.
func (it *ReverseIter) Value() []byte {
	s := &it.spots[it.at]
	return it.block.content[s.value:s.valueEnd:s.valueEnd]
}

// Close ends the iteration and returns the first error that it met.
// [Reader.InitReverse] may reuse the iterator's memory.
func (it *ReverseIter) Close() error {
	it.block, it.spots, it.at = block{}, it.spots[:0], 0
	return it.err
}
