package isolation

import (
	"strings"
	"testing"
)

// TestPhantomInsert: two range reads missed a key that both then set. Repeatable read
// allows phantoms; snapshot isolation does not allow both writes.
func TestPhantomInsert(t *testing.T) {
	h, err := Read(strings.NewReader(`{"process":0,"begin":1,"end":4,"ops":[["r","x",null,"range"],["w","x",1]]}
{"process":1,"begin":2,"end":5,"ops":[["r","x",null,"range"],["w","x",2]]}`))
	if err != nil {
		t.Fatal(err)
	}
	v, err := Check(h)
	if err != nil {
		t.Fatal(err)
	}
	if r := v.Of(RepeatableRead); r.Refuted {
		t.Errorf("repeatable read: refuted by %+v", r.By)
	}
	if r := v.Of(SnapshotIsolation); !r.Refuted || r.By.Name != "lost insert" {
		t.Errorf("snapshot isolation: %+v, want lost insert", r)
	}
}

// TestReadRefusesNothing: nothing is no number, and a line holds one transaction.
func TestReadRefusesNothing(t *testing.T) {
	for _, s := range []string{
		`{"ops":[["w","x",null]]}`, `{"ops":[["append","x",null]]}`, `{"ops":[["r","x",[1,null]]]}`,
		`{"ops":[["w","x",1]]} {"ops":[]}`,
	} {
		if _, err := Read(strings.NewReader(s)); err == nil {
			t.Errorf("%s was taken for a history", s)
		}
	}
}
