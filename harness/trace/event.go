package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"lsmlab/engines/kv"
)

// Kind says what an event does.
type Kind uint8

// The kinds of event.
const (
	Get Kind = iota
	Set
	Delete
	DeleteRange
	Scan
	kinds
)

var kindNames = [kinds]string{"get", "set", "delete", "delete-range", "scan"}

// String returns the kind's name.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Event is one call of an engine, or one operation of a batch.
type Event struct {
	Kind    Kind
	At      time.Duration // since the start of the trace; of a scan, its end
	Key     []byte        // of a scan, the key it began at; empty: the first of all
	Upper   []byte        // of a delete-range; empty: none
	Size    int           // bytes of the value; of a get, of what was found
	Entries int           // read by a scan
	More    bool          // the next event is of the same batch
}

const moreBit = 0x80

// append appends the event's encoding; last is the time of the event before.
func (e *Event) append(dst []byte, last time.Duration) []byte {
	kind := byte(e.Kind)
	if e.More {
		kind |= moreBit
	}
	dst = append(dst, kind)
	dst = binary.AppendUvarint(dst, uint64(e.At-last))
	dst = binary.AppendUvarint(dst, uint64(len(e.Key)))
	dst = append(dst, e.Key...)
	switch e.Kind {
	case Get, Set:
		dst = binary.AppendUvarint(dst, uint64(e.Size))
	case DeleteRange:
		dst = binary.AppendUvarint(dst, uint64(len(e.Upper)))
		dst = append(dst, e.Upper...)
	case Scan:
		dst = binary.AppendUvarint(dst, uint64(e.Entries))
	}
	return dst
}

var errShort = errors.New("an event is cut")

// decode reads an event from the beginning of b. Key and Upper are parts of b.
func (e *Event) decode(b []byte, last time.Duration) (rest []byte, err error) {
	if len(b) == 0 {
		return nil, errShort
	}
	*e = Event{Kind: Kind(b[0] &^ moreBit), More: b[0]&moreBit != 0}
	if e.Kind >= kinds {
		return nil, fmt.Errorf("%s, want one below %d", e.Kind, kinds)
	}
	gap, b, err := number(b[1:], 1<<62-uint64(last))
	if err != nil {
		return nil, fmt.Errorf("time: %w", err)
	}
	e.At = last + time.Duration(gap)
	if e.Key, b, err = piece(b); err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	var n uint64
	switch e.Kind {
	case Get, Set:
		n, b, err = number(b, kv.MaxValueSize)
		e.Size = int(n)
	case DeleteRange:
		e.Upper, b, err = piece(b)
	case Scan:
		n, b, err = number(b, 1<<40)
		e.Entries = int(n)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Kind, err)
	}
	return b, nil
}

func number(b []byte, most uint64) (v uint64, rest []byte, err error) {
	v, n := binary.Uvarint(b)
	switch {
	case n <= 0:
		return 0, nil, errShort
	case v > most:
		return 0, nil, fmt.Errorf("%d, want at most %d", v, most)
	}
	return v, b[n:], nil
}

func piece(b []byte) (p, rest []byte, err error) {
	n, b, err := number(b, kv.MaxKeySize)
	if err != nil {
		return nil, nil, err
	}
	if n > uint64(len(b)) {
		return nil, nil, errShort
	}
	return b[:n], b[n:], nil
}
