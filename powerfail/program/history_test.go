package program

import (
	"reflect"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/peers/noop"
	"lsmlab/powerfail/oracle"
)

// The history made from positions is the one that a run records, and a run that
// was cut leaves out what had not begun.
func TestHistory(t *testing.T) {
	p := Generate(11, Shape{Durability: kv.Synced, Writers: 3})
	var mu sync.Mutex
	position := int64(0)
	begins, acks := map[int]int64{}, map[int]int64{}
	next := func(m map[int]int64, id int) {
		mu.Lock()
		defer mu.Unlock()
		position++
		m[id] = position
	}
	recorded := map[int]oracle.Write{}
	r := Runner{
		Open: func() (kv.Engine, error) { return noop.Open("") },
		Begin: func(id int, s *Step, b *kv.Batch) {
			next(begins, id)
			mu.Lock()
			defer mu.Unlock()
			recorded[id] = oracle.Write{Writer: s.Writer, Batch: append([]byte(nil), b.Bytes()...), Rung: s.Rung, Begin: begins[id]}
		},
		Ack: func(id int) { next(acks, id) },
	}
	if err := r.Run(p); err != nil {
		t.Fatal(err)
	}
	lookUp := func(m map[int]int64) Position {
		return func(id int) (int64, bool) { at, ok := m[id]; return at, ok }
	}
	want := map[int64]oracle.Write{}
	for id, w := range recorded {
		w.Ack = acks[id]
		want[w.Begin] = w
	}
	h := p.History(lookUp(begins), lookUp(acks), lookUp(nil))
	if len(h.Writes) != 60 {
		t.Fatalf("%d writes, want 60", len(h.Writes))
	}
	for i, w := range h.Writes {
		if !reflect.DeepEqual(w, want[w.Begin]) || i > 0 && w.Begin < h.Writes[i-1].Begin {
			t.Errorf("write %d is %+v, want %+v", i, w, want[w.Begin])
		}
	}
	delete(begins, 59)
	delete(acks, 58)
	if h = p.History(lookUp(begins), lookUp(acks), lookUp(nil)); len(h.Writes) != 59 {
		t.Errorf("%d writes of a run that was cut, want 59", len(h.Writes))
	}
}
