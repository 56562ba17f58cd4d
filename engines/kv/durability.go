package kv

import "fmt"

// Durability is a rung of the ladder that says what an acknowledged write
// survives. Figures of different rungs must never be compared.
type Durability uint8

// The rungs, weakest first.
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
