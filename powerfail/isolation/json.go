package isolation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// line is a transaction in the text format of histories: JSON, one transaction a line.
//
//	{"process": 0, "outcome": "committed", "begin": 3, "end": 8, "ops": [["append", "x", 1], ["r", "x", [1, 2]]]}
//
// begin and end are positions on one clock of all processes; outcome is committed (also if
// it is left out), aborted or unknown. Operations are those of Elle: ["append", KEY, ELEMENT] and
// ["r", KEY, [ELEMENT, ..]] on lists, ["w", KEY, VALUE] and ["r", KEY, VALUE or null] on
// registers, with whole numbers for elements and values. A fourth part, "range", says
// that a read was part of a range read. Stores that tell it have "read_lsn" too, and
// "commit_lsn" of a transaction that committed writes (see LSNs).
type line struct {
	Process   int               `json:"process"`
	Outcome   string            `json:"outcome,omitempty"`
	Begin     int64             `json:"begin"`
	End       int64             `json:"end"`
	ReadLSN   *uint64           `json:"read_lsn,omitempty"`
	CommitLSN uint64            `json:"commit_lsn,omitempty"`
	Ops       []json.RawMessage `json:"ops"`
}

const example = `{"process": 0, "begin": 3, "end": 8, "ops": [["append", "x", 1], ["r", "x", [1]]]}`

func parseLine(text []byte) (t Txn, err error) {
	var l line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return t, fmt.Errorf("%w: want a transaction as %s", err, example)
	}
	if d.More() {
		return t, fmt.Errorf("text after the transaction: want one a line, as %s", example)
	}
	t = Txn{Process: l.Process, Begin: l.Begin, End: l.End}
	if l.Outcome != "" {
		var ok bool
		if t.Outcome, ok = parseOutcome(l.Outcome); !ok {
			return t, fmt.Errorf("outcome %q: want committed, aborted or unknown", l.Outcome)
		}
	}
	switch {
	case l.ReadLSN != nil:
		t.LSNs = LSNs{Known: true, Read: *l.ReadLSN, Commit: l.CommitLSN}
	case l.CommitLSN != 0:
		return t, fmt.Errorf(`"commit_lsn": %d without "read_lsn": want both or neither`, l.CommitLSN)
	}
	for i, raw := range l.Ops {
		o, err := parseOp(raw)
		if err != nil {
			return t, fmt.Errorf("operation %d, %s: %w", i, raw, err)
		}
		t.Ops = append(t.Ops, o)
	}
	return t, nil
}

func parseOutcome(name string) (Outcome, bool) {
	i := slices.Index(outcomeNames[:], name)
	return Outcome(max(i, 0)), i >= 0
}

func parseOp(raw json.RawMessage) (o Op, err error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil || len(parts) < 3 || len(parts) > 4 {
		return o, fmt.Errorf(`want [KIND, KEY, VALUE], or a fourth part "range"`)
	}
	var kind, last string
	if err := json.Unmarshal(parts[0], &kind); err != nil {
		return o, fmt.Errorf("kind %s: want a string", parts[0])
	}
	if o.Key, err = parseKey(parts[1]); err != nil {
		return o, err
	}
	if len(parts) == 4 {
		if err := json.Unmarshal(parts[3], &last); err != nil || last != "range" || kind != "r" {
			return o, fmt.Errorf(`fourth part %s: want "range", of a read`, parts[3])
		}
		o.Range = true
	}
	switch {
	case kind == "append":
		o.Kind = Append
	case kind == "w":
		o.Kind = Write
	case kind == "r" && bytes.HasPrefix(parts[2], []byte("[")):
		o.Kind = ReadList
		if err := json.Unmarshal(parts[2], &o.List); err != nil || bytes.Contains(parts[2], []byte("null")) {
			return o, fmt.Errorf("list %s: want whole numbers", parts[2])
		}
		return o, nil
	case kind == "r":
		o.Kind, o.Absent = ReadValue, bytes.Equal(parts[2], []byte("null"))
		if o.Absent {
			return o, nil
		}
	default:
		return o, fmt.Errorf("kind %q: want append, w or r", kind)
	}
	if err := json.Unmarshal(parts[2], &o.Value); err != nil || bytes.Equal(parts[2], []byte("null")) {
		return o, fmt.Errorf("value %s: want a whole number", parts[2])
	}
	return o, nil
}

// parseKey takes a string, or a number as it is written.
func parseKey(raw json.RawMessage) (string, error) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, nil
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return "", fmt.Errorf("key %s: want a string or a number", raw)
	}
	return n.String(), nil
}
