package isolation

import (
	"fmt"
	"slices"
	"strings"
)

// Level is an isolation level.
type Level uint8

// The levels. A later one is stronger than an earlier one, or cannot be compared with it;
// see [Level.Implies].
const (
	ReadUncommitted Level = iota
	ReadCommitted
	RepeatableRead
	SnapshotIsolation
	StrongSessionSnapshotIsolation
	StrongSnapshotIsolation
	Serializable
	StrongSessionSerializable
	StrictSerializable
)

// rule says what refutes a level: a cycle of its edges, if apart is set without two rw
// edges one after the other, or an anomaly that is in one read or transaction.
type rule struct {
	name    string
	kinds   edgeKind
	apart   bool
	singles []string
	late    string  // one more such anomaly, which is looked at last: a cycle tells more
	implies []Level // directly
}

// lostWrite is the anomaly of [inference.lostWrites].
const lostWrite = "lost write-realtime"

var (
	garbage   = []string{"unwritten value", "duplicate element", "incompatible order"}
	dirty     = append(slices.Clone(garbage), "G1a", "G1b", "future read")
	unstable  = append(slices.Clone(dirty), "internal", "lost update")
	unsteady  = append(slices.Clone(unstable), "lost insert")
	ofItems   = ww | wr | rw
	inSession = dependencies | inProcess
	inOrder   = dependencies | inProcess | inTime
)

var rules = [...]rule{
	ReadUncommitted:                {"read uncommitted", ww, false, garbage, "", nil},
	ReadCommitted:                  {"read committed", ww | wr, false, dirty, "", []Level{ReadUncommitted}},
	RepeatableRead:                 {"repeatable read", ofItems, false, unstable, "", []Level{ReadCommitted}},
	SnapshotIsolation:              {"snapshot isolation", dependencies, true, unsteady, "", []Level{ReadCommitted}},
	StrongSessionSnapshotIsolation: {"strong session snapshot isolation", inSession, true, unsteady, "", []Level{SnapshotIsolation}},
	StrongSnapshotIsolation:        {"strong snapshot isolation", inOrder, true, unsteady, lostWrite, []Level{StrongSessionSnapshotIsolation}},
	Serializable:                   {"serializable", dependencies, false, unsteady, "", []Level{RepeatableRead, SnapshotIsolation}},
	StrongSessionSerializable:      {"strong session serializable", inSession, false, unsteady, "", []Level{Serializable, StrongSessionSnapshotIsolation}},
	StrictSerializable:             {"strict serializable", inOrder, false, unsteady, lostWrite, []Level{StrongSessionSerializable, StrongSnapshotIsolation}},
}

// Levels returns all levels, weakest first.
func Levels() []Level {
	all := make([]Level, len(rules))
	for i := range all {
		all[i] = Level(i)
	}
	return all
}

// String returns the name of the level.
func (l Level) String() string {
	if int(l) < len(rules) {
		return rules[l].name
	}
	return fmt.Sprintf("level(%d)", uint8(l))
}

// Names returns the names of levels in a row; of none, "no level".
func Names(levels []Level) string {
	var names []string
	for _, l := range levels {
		names = append(names, l.String())
	}
	if names == nil {
		return "no level"
	}
	return strings.Join(names, ", ")
}

// Implies says whether a store that gives l gives other too.
func (l Level) Implies(other Level) bool {
	return l == other || slices.ContainsFunc(rules[l].implies, func(weaker Level) bool { return weaker.Implies(other) })
}

// ParseLevel is the inverse of [Level.String].
func ParseLevel(s string) (Level, error) {
	var names []string
	for l, r := range rules {
		if r.name == s {
			return Level(l), nil
		}
		names = append(names, r.name)
	}
	return 0, fmt.Errorf("isolation level %q: want one of %q", s, names)
}

// MarshalText implements [encoding.TextMarshaler].
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}
