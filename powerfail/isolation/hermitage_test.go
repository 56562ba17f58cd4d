package isolation

import (
	"strings"
	"testing"
)

// TestHermitage judges the anomalies of Hermitage (github.com/ept/hermitage) as clients
// would see them in lists or registers, and demands the strongest levels that are left and
// the name of what refutes the level above.
func TestHermitage(t *testing.T) {
	for _, c := range []struct {
		name, history string
		left          string // the strongest levels not refuted
		refuted       Level  // and one that is
		by            string
	}{
		{"a serial history", `
			{"process": 0, "begin": 1, "end": 2, "ops": [["append", "x", 1]]}
			{"process": 1, "begin": 3, "end": 4, "ops": [["r", "x", [1]], ["append", "x", 2]]}
			{"process": 0, "begin": 5, "end": 6, "ops": [["r", "x", [1, 2]]]}`,
			"strict serializable", 0, ""},
		{"G0, write cycle", `
			{"process": 0, "begin": 1, "end": 4, "ops": [["append", "x", 1], ["append", "y", 1]]}
			{"process": 1, "begin": 2, "end": 5, "ops": [["append", "x", 2], ["append", "y", 2]]}
			{"process": 2, "begin": 6, "end": 7, "ops": [["r", "x", [1, 2]], ["r", "y", [2, 1]]]}`,
			"", ReadUncommitted, "G0"},
		{"G1a, aborted read", `
			{"process": 0, "begin": 1, "end": 4, "outcome": "aborted", "ops": [["append", "x", 1]]}
			{"process": 1, "begin": 2, "end": 3, "ops": [["r", "x", [1]]]}`,
			"read uncommitted", ReadCommitted, "G1a"},
		{"G1b, intermediate read", `
			{"process": 0, "begin": 1, "end": 4, "ops": [["append", "x", 1], ["append", "x", 2]]}
			{"process": 1, "begin": 2, "end": 3, "ops": [["r", "x", [1]]]}
			{"process": 1, "begin": 5, "end": 6, "ops": [["r", "x", [1, 2]]]}`,
			"read uncommitted", ReadCommitted, "G1b"},
		{"G1c, circular information flow", `
			{"process": 0, "begin": 1, "end": 4, "ops": [["append", "x", 1], ["r", "y", [1]]]}
			{"process": 1, "begin": 2, "end": 5, "ops": [["append", "y", 1], ["r", "x", [1]]]}`,
			"read uncommitted", ReadCommitted, "G1c"},
		{"OTV, observed transaction vanishes", `
			{"process": 0, "begin": 1, "end": 4, "ops": [["append", "x", 1], ["append", "y", 1]]}
			{"process": 1, "begin": 2, "end": 5, "ops": [["append", "x", 2], ["append", "y", 2]]}
			{"process": 2, "begin": 3, "end": 6, "ops": [["r", "x", [1, 2]], ["r", "y", [1]]]}
			{"process": 3, "begin": 7, "end": 8, "ops": [["r", "y", [1, 2]]]}`,
			"read committed", SnapshotIsolation, "G-single"},
		{"PMP, predicate many preceders", `
			{"process": 0, "begin": 1, "end": 5, "ops": [["r", "a", null, "range"], ["r", "b", null, "range"], ["r", "c", 1]]}
			{"process": 1, "begin": 2, "end": 4, "ops": [["w", "b", 2], ["w", "c", 1]]}`,
			"repeatable read", SnapshotIsolation, "G-single"},
		{"P4, lost update", `
			{"process": 0, "begin": 1, "end": 2, "ops": [["w", "x", 1]]}
			{"process": 1, "begin": 3, "end": 6, "ops": [["r", "x", 1], ["w", "x", 2]]}
			{"process": 2, "begin": 4, "end": 7, "ops": [["r", "x", 1], ["w", "x", 3]]}`,
			"read committed", SnapshotIsolation, "lost update"},
		{"P4 on a list", `
			{"process": 1, "begin": 3, "end": 6, "ops": [["r", "x", []], ["append", "x", 2]]}
			{"process": 2, "begin": 4, "end": 7, "ops": [["r", "x", []], ["append", "x", 3]]}
			{"process": 3, "begin": 8, "end": 9, "ops": [["r", "x", [2, 3]]]}`,
			"read committed", SnapshotIsolation, "G-single"},
		{"G-single, read skew", `
			{"process": 0, "begin": 1, "end": 2, "ops": [["append", "x", 1], ["append", "y", 1]]}
			{"process": 1, "begin": 3, "end": 8, "ops": [["r", "x", [1]], ["r", "y", [1, 2]]]}
			{"process": 2, "begin": 4, "end": 5, "ops": [["append", "x", 2], ["append", "y", 2]]}
			{"process": 0, "begin": 9, "end": 10, "ops": [["r", "x", [1, 2]]]}`,
			"read committed", SnapshotIsolation, "G-single"},
		{"G2-item, write skew", `
			{"process": 1, "begin": 3, "end": 6, "ops": [["r", "x", []], ["append", "y", 2]]}
			{"process": 2, "begin": 4, "end": 7, "ops": [["r", "y", []], ["append", "x", 2]]}
			{"process": 0, "begin": 8, "end": 9, "ops": [["r", "x", [2]], ["r", "y", [2]]]}`,
			"strong snapshot isolation", Serializable, "G2-item"},
		{"G2, phantoms", `
			{"process": 1, "begin": 3, "end": 6, "ops": [["r", "x", null, "range"], ["r", "y", null, "range"], ["w", "y", 2]]}
			{"process": 2, "begin": 4, "end": 7, "ops": [["r", "x", null, "range"], ["r", "y", null, "range"], ["w", "x", 2]]}`,
			"repeatable read, strong snapshot isolation", Serializable, "G2"},
		{"a stale read", `
			{"process": 0, "begin": 1, "end": 2, "ops": [["append", "x", 1]]}
			{"process": 1, "begin": 3, "end": 4, "ops": [["r", "x", []]]}`,
			"strong session serializable", StrictSerializable, "G-single-realtime"},
		{"a stale read of one's own", `
			{"process": 0, "begin": 1, "end": 2, "ops": [["append", "x", 1]]}
			{"process": 0, "begin": 3, "end": 4, "ops": [["r", "x", []]]}`,
			"serializable", StrongSessionSnapshotIsolation, "G-single-process"},
		{"two reads that differ", `
			{"process": 0, "begin": 2, "end": 3, "ops": [["append", "x", 1]]}
			{"process": 1, "begin": 1, "end": 4, "ops": [["r", "x", []], ["r", "x", [1]]]}`,
			"read committed", RepeatableRead, "internal"},
		{"a write lost to an update that did not see it", `
			{"process": 0, "begin": 1, "end": 2, "ops": [["w", "x", 1]]}
			{"process": 1, "begin": 3, "end": 6, "ops": [["r", "x", 1], ["w", "x", 2]]}
			{"process": 2, "begin": 4, "end": 5, "ops": [["w", "x", 3]]}
			{"process": 3, "begin": 7, "end": 8, "ops": [["r", "x", 2]]}`,
			"strong session serializable", StrongSnapshotIsolation, "lost write-realtime"},
		{"a write lost to an insert that did not see it", `
			{"process": 1, "begin": 3, "end": 6, "ops": [["r", "x", null], ["w", "x", 2]]}
			{"process": 2, "begin": 4, "end": 5, "ops": [["w", "x", 3]]}
			{"process": 3, "begin": 7, "end": 8, "ops": [["r", "x", 2]]}`,
			"strong session serializable", StrongSnapshotIsolation, "lost write-realtime"},
		{"a write lost several updates before the read", `
			{"process": 0, "begin": 1, "end": 2, "ops": [["w", "x", 1]]}
			{"process": 1, "begin": 3, "end": 6, "ops": [["r", "x", 1], ["w", "x", 2]]}
			{"process": 2, "begin": 4, "end": 8, "ops": [["w", "x", 4]]}
			{"process": 1, "begin": 7, "end": 9, "ops": [["r", "x", 2], ["w", "x", 3]]}
			{"process": 3, "begin": 10, "end": 11, "ops": [["r", "x", 3]]}`,
			"strong session serializable", StrictSerializable, "lost write-realtime"},
		{"a write that may come before all it ran beside", `
			{"process": 0, "begin": 1, "end": 4, "ops": [["w", "x", 1]]}
			{"process": 1, "begin": 5, "end": 6, "ops": [["r", "x", 1], ["w", "x", 2]]}
			{"process": 2, "begin": 3, "end": 7, "ops": [["w", "x", 3]]}
			{"process": 3, "begin": 8, "end": 9, "ops": [["r", "x", 2]]}`,
			"strict serializable", 0, ""},
		{"a write of unknown outcome that may come last", `
			{"process": 0, "begin": 1, "end": 2, "ops": [["w", "x", 1]]}
			{"process": 1, "begin": 3, "end": 6, "ops": [["r", "x", 1], ["w", "x", 2]]}
			{"process": 2, "begin": 4, "end": 0, "outcome": "unknown", "ops": [["w", "x", 3]]}
			{"process": 3, "begin": 7, "end": 8, "ops": [["r", "x", 2]]}
			{"process": 3, "begin": 9, "end": 10, "ops": [["r", "x", 3]]}`,
			"strict serializable", 0, ""},
		{"a read of an unknown outcome makes it count", `
			{"process": 0, "begin": 1, "end": 0, "outcome": "unknown", "ops": [["append", "x", 1], ["append", "y", 1]]}
			{"process": 1, "begin": 3, "end": 4, "ops": [["r", "x", [1]], ["r", "y", []]]}`,
			"read committed", SnapshotIsolation, "G-single"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := Read(strings.NewReader(c.history))
			if err != nil {
				t.Fatal(err)
			}
			v, err := Check(h)
			if err != nil {
				t.Fatal(err)
			}
			var left []string
			for _, l := range v.Strongest() {
				left = append(left, l.String())
			}
			if got := strings.Join(left, ", "); got != c.left {
				t.Errorf("left is %q, want %q", got, c.left)
			}
			r := v.Of(c.refuted)
			if c.by != "" && (r.By == nil || r.By.Name != c.by) {
				t.Errorf("%s is refuted by %s, want %s", c.refuted, because(r), c.by)
			}
			t.Logf("%s: %s", c.refuted, because(r))
		})
	}
}

// TestReadRefuses: what is no history is told with its line.
func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                           "no transaction",
		"\n{":                                        "line 2",
		`{"processes": 1}`:                           "unknown field",
		`{"outcome": "maybe"}`:                       `outcome "maybe"`,
		`{"begin": 2, "end": 1}`:                     "before it began",
		`{"ops": [["append", "x"]]}`:                 "want [KIND, KEY, VALUE]",
		`{"ops": [["put", "x", 1]]}`:                 `kind "put"`,
		`{"ops": [["append", "x", "y"]]}`:            "want a whole number",
		`{"ops": [["r", "x", [1, "2"]]]}`:            "want whole numbers",
		`{"ops": [["append", "x", 1, "range"]]}`:     "of a read",
		`{"ops": [["append", "x", 1], ["w", 1, 1]]}`: "either lists or registers",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	h, err := Read(strings.NewReader("{\"ops\": [[\"append\", \"x\", 1]]}\n{\"ops\": [[\"append\", \"x\", 1]]}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(h); err == nil || !strings.Contains(err.Error(), "written once") {
		t.Errorf("one value twice: %v", err)
	}
}
