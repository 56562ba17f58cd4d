package kv

import "fmt"

// Durability is a durability level: it says what an acknowledged write survives.
// Figures of different levels must never be compared.
//
// A level speaks of acknowledged writes. Of a write that is not acknowledged yet, and
// that other readers may see (see [Engine]), it says nothing: at Synced a kill may
// take back what a read saw, unless the store was opened for durable reads. At
// Buffered a kill takes nothing that was acknowledged, and a power failure what was
// not synced since; a store that is opened with a sync interval
// (engines.Options.SyncInterval) loses writes of at most that much time.
type Durability uint8

// The levels, weakest first.
const (
	Volatile Durability = iota // D0: nothing, it may sit in process memory
	Buffered                   // D1: a process crash, it was handed to the OS
	Synced                     // D2: a power failure, it was synced
)

var durabilityNames = [...]string{Volatile: "volatile", Buffered: "buffered", Synced: "synced"}

// String returns the name used by flags and results.
func (d Durability) String() string {
	if int(d) < len(durabilityNames) {
		return durabilityNames[d]
	}
	return fmt.Sprintf("durability(%d)", uint8(d))
}

// ParseDurability is the inverse of [Durability.String].
func ParseDurability(s string) (Durability, error) {
	for d, name := range durabilityNames {
		if s == name {
			return Durability(d), nil
		}
	}
	return 0, fmt.Errorf("durability %q: want volatile, buffered or synced", s)
}

// MarshalText implements [encoding.TextMarshaler].
func (d Durability) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Durability) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDurability(string(text))
	return err
}
