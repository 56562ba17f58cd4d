package oracle

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// historyFormat is written into each file and must be found in it.
const historyFormat = "lsmlab history 1"

type historyHead struct {
	Format string  `json:"format"`
	Base   []Entry `json:"base"`
	Writes int     `json:"writes"`
}

// Encode writes the history as lines of JSON: a head with the base, then one line for
// each write. Keys, values and batches are in base64.
func (h *History) Encode(w io.Writer) error {
	e := json.NewEncoder(w)
	head := historyHead{Format: historyFormat, Writes: len(h.Writes)}
	for _, key := range slices.Sorted(maps.Keys(h.Base)) {
		head.Base = append(head.Base, Entry{[]byte(key), []byte(h.Base[key])})
	}
	if err := e.Encode(head); err != nil {
		return err
	}
	for i := range h.Writes {
		if err := e.Encode(&h.Writes[i]); err != nil {
			return err
		}
	}
	return nil
}

// DecodeHistory reads what [History.Encode] wrote. An error says which line is wrong.
func DecodeHistory(r io.Reader) (*History, error) {
	d := json.NewDecoder(r)
	var head historyHead
	switch err := d.Decode(&head); {
	case err != nil:
		return nil, fmt.Errorf("history, line 1: %w", err)
	case head.Format != historyFormat:
		return nil, fmt.Errorf("history, line 1: format %q, want %q", head.Format, historyFormat)
	}
	h := &History{Base: make(map[string]string, len(head.Base))}
	for _, e := range head.Base {
		h.Base[string(e.Key)] = string(e.Value)
	}
	for line := 2; line < head.Writes+2; line++ {
		var w Write
		if err := d.Decode(&w); err != nil {
			return nil, fmt.Errorf("history, line %d of %d: %w", line, head.Writes+1, err)
		}
		h.Writes = append(h.Writes, w)
	}
	return h, nil
}

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (k *Kind) UnmarshalText(text []byte) error {
	for _, kind := range []Kind{PowerOff, Kill} {
		if kind.String() == string(text) {
			*k = kind
			return nil
		}
	}
	return fmt.Errorf("kind of crash %q: want %v or %v", text, PowerOff, Kill)
}

func (k Kind) String() string {
	if k == Kill {
		return "kill"
	}
	return "power"
}
