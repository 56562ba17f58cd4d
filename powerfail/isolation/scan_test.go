package isolation

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"lsmlab/engines/testseed"
)

// FuzzLineScanner compares the fast parser of lines with the one for all of JSON: what the
// fast one takes, the other reads as the same.
func FuzzLineScanner(f *testing.F) {
	valid := []byte(`{"process": -1, "outcome": "unknown", "begin": 3, "end": 8, "read_lsn": 4, "commit_lsn": 5, "ops": [["append", "x", 1], ["r", 7, [1, -2]], ["r", "y", null, "range"], ["w", "z", 123456789012345678]]}`)
	f.Add(valid)
	f.Add([]byte(`{"ops":[]}`))
	f.Add([]byte(`{"process":01,"ops":[["r","x",[0]]]}`))
	f.Add([]byte(`{"begin":1,"begin":2}`))
	f.Add([]byte(`{"ops":[],"commit_lsn":2}`))
	f.Add([]byte(`{"ops":[],"read_lsn":-1}`))
	testseed.Damaged(f, 200, valid)
	var s lineScanner
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.IndexByte(line, '\n') >= 0 {
			return
		}
		s.reset()
		got, ok := s.line(line)
		if !ok {
			return
		}
		want, err := parseLine(bytes.TrimSpace(line))
		if err != nil {
			t.Fatalf("%q is taken, but %v", line, err)
		}
		if len(got.Ops) == 0 && len(want.Ops) == 0 {
			got.Ops, want.Ops = nil, nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q:\n%+v, want\n%+v", line, got, want)
		}
	})
}

// TestScannerTakesItsOwn: what AppendJSON writes is parsed the fast way, but for keys
// that need escapes; those are read as well.
func TestScannerTakesItsOwn(t *testing.T) {
	txn := Txn{Process: 3, Outcome: Aborted, Begin: 1, End: 2, LSNs: LSNs{true, 3, 4}, Ops: []Op{
		{Kind: Append, Key: "x", Value: -1}, {Kind: ReadList, Key: "y", List: []int64{1, 2}, Range: true}, {Kind: ReadList, Key: "z", List: []int64{}},
	}}
	var s lineScanner
	if got, ok := s.line(bytes.TrimSpace(AppendJSON(nil, txn))); !ok || !reflect.DeepEqual(got, txn) {
		t.Errorf("%v %+v, want %+v", ok, got, txn)
	}
	txn.Ops[0].Key = "a\"\x01ä\\"
	if got, err := parseLine(bytes.TrimSpace(AppendJSON(nil, txn))); err != nil || !reflect.DeepEqual(got, txn) {
		t.Errorf("%v %+v, want %+v", err, got, txn)
	}
}

// TestReadInBlocks reads a history of many blocks, in which a line is longer than one,
// from a reader that gives little at a time. An error has the number of its line.
func TestReadInBlocks(t *testing.T) {
	var text []byte
	const n = 40_000
	for i := range n {
		txn := Txn{Begin: int64(i), End: int64(i), Ops: []Op{{Kind: Append, Key: fmt.Sprint("key", i%7), Value: int64(i)}}}
		if i == n/2 {
			for j := range 500_000 {
				txn.Ops = append(txn.Ops, Op{Kind: Append, Key: "long", Value: int64(j)})
			}
		}
		text = AppendJSON(text, txn)
	}
	h, err := Read(iotest.HalfReader(bytes.NewReader(text)))
	if err != nil || h.Len() != n {
		t.Fatalf("%v transactions, %v: want %d", h.Len(), err, n)
	}
	for i := range int32(n) {
		ops := h.opsOf(i)
		if want := 1; i != n/2 && len(ops) != want || ops[0].value != int64(i) || h.keys[ops[0].key] != fmt.Sprint("key", i%7) {
			t.Fatalf("T%d has %d operations, the first %+v", i, len(ops), ops[0])
		}
	}
	if _, err := Read(bytes.NewReader(append(text, "{}\n{\"ops\": 1}\n{\n"...))); err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("line %d:", n+2)) {
		t.Errorf("%v, want that of line %d", err, n+2)
	}
	if _, err := Read(iotest.TimeoutReader(bytes.NewReader(text))); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("%v, want the reader's error", err)
	}
}
