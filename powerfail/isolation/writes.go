package isolation

import (
	"cmp"
	"fmt"
	"slices"
)

// writes finds the writer of each value of each key.
type writes struct {
	rows []int32 // of each key the index of its first write; one more at the end
	all  []write // by key, then by value
}

// write is one value that a transaction wrote.
type write struct {
	value int64
	txn   int32
}

// indexWrites returns an index of all writes of h, those of aborted transactions too. A
// value that is written twice to one key is an error: reads could not tell them apart.
func indexWrites(h *History) (*writes, error) {
	w := &writes{rows: make([]int32, len(h.keys)+1)}
	for _, chunk := range h.ops {
		for i := range chunk {
			if chunk[i].writes() {
				w.rows[chunk[i].key+1]++
			}
		}
	}
	for k := range h.keys {
		w.rows[k+1] += w.rows[k]
	}
	w.all = make([]write, w.rows[len(h.keys)])
	next := slices.Clone(w.rows[:len(h.keys)])
	for t := range int32(len(h.txns)) {
		for _, o := range h.opsOf(t) {
			if o.writes() {
				w.all[next[o.key]] = write{o.value, t}
				next[o.key]++
			}
		}
	}
	for k, key := range h.keys {
		of := w.of(int32(k))
		byValue := func(a, b write) int { return cmp.Compare(a.value, b.value) }
		if !slices.IsSortedFunc(of, byValue) {
			slices.SortFunc(of, byValue)
		}
		for i := 1; i < len(of); i++ {
			if of[i].value == of[i-1].value {
				return nil, fmt.Errorf("key %q: the value %d is written by transaction %d and by transaction %d: each value of a key is written once, or reads do not tell whose they saw",
					key, of[i].value, of[i-1].txn, of[i].txn)
			}
		}
	}
	return w, nil
}

// of returns the writes of a key, by value.
func (w *writes) of(key int32) []write { return w.all[w.rows[key]:w.rows[key+1]] }

// key returns the key of a write, by its index in all.
func (w *writes) key(index int32) int32 {
	i, ok := slices.BinarySearch(w.rows, index)
	for ok && i+1 < len(w.rows) && w.rows[i+1] == index {
		i++ // keys without writes begin there too
	}
	if !ok {
		i--
	}
	return int32(i)
}

// find returns the index in all of the write of a value to a key.
func (w *writes) find(key int32, value int64) (index int32, ok bool) {
	first, of := w.rows[key], w.of(key)
	if len(of) == 0 {
		return 0, false
	}
	// Most generators count: the value says where it is.
	if at := value - of[0].value; at >= 0 && at < int64(len(of)) && of[at].value == value {
		return first + int32(at), true
	}
	i, ok := slices.BinarySearchFunc(of, value, func(e write, v int64) int { return cmp.Compare(e.value, v) })
	return first + int32(i), ok
}
