package isolation

import "testing"

// TestTornUnknown: a transaction of unknown outcome was read by one that missed another
// of its appends. That append was read by nobody, and still comes after what was read.
func TestTornUnknown(t *testing.T) {
	h := &History{}
	for _, txn := range []Txn{
		{Outcome: Unknown, Ops: []Op{{Kind: Append, Key: "x", Value: 1}, {Kind: Append, Key: "y", Value: 1}}},
		{Process: 1, Ops: []Op{{Kind: ReadList, Key: "x", List: []int64{1}}, {Kind: ReadList, Key: "y"}}},
	} {
		if _, err := h.Add(txn); err != nil {
			t.Fatal(err)
		}
	}
	v, err := Check(h)
	if err != nil {
		t.Fatal(err)
	}
	if r := v.Of(SnapshotIsolation); !r.Refuted || r.By.Name != "G-single" {
		t.Errorf("snapshot isolation: %+v, want G-single", r)
	}
	if r := v.Of(ReadCommitted); r.Refuted {
		t.Errorf("read committed: refuted by %+v", r.By)
	}
}
