package lsm

import "lsmlab/engines/kv"

// reverseHandle is what the user holds of a reverseIterator, as handle is of an iterator.
type reverseHandle struct{ it *reverseIterator }

// Last implements [kv.ReverseIterator].
func (h *reverseHandle) Last() bool { return h.it != nil && h.it.last() }

// SeekLT implements [kv.ReverseIterator].
func (h *reverseHandle) SeekLT(key []byte) bool { return h.it != nil && h.it.seekLT(key) }

// Prev implements [kv.ReverseIterator].
func (h *reverseHandle) Prev() bool { return h.it != nil && h.it.prev() }

// Key implements [kv.ReverseIterator].
func (h *reverseHandle) Key() []byte {
	if h.it == nil {
		return nil
	}
	return h.it.key
}

// Value implements [kv.ReverseIterator].
func (h *reverseHandle) Value() []byte {
	if h.it == nil {
		return nil
	}
	return h.it.value
}

// Close implements [kv.ReverseIterator].
func (h *reverseHandle) Close() error {
	it := h.it
	if it == nil {
		return kv.ErrClosed
	}
	h.it = nil
	return it.close()
}
