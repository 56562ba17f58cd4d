package program

import (
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/oracle"
)

// The history made from positions is the one that a run records, and a run that
// was cut leaves out what had not begun.
func TestHistory(t *testing.T) {
	p := Generate(11, Shape{Durability: kv.Synced, Writers: 3, Levels: kv.Isolations()})
	var mu sync.Mutex
	position := int64(0)
	begins, acks, aborts := map[int]int64{}, map[int]int64{}, map[int]int64{}
	next := func(m map[int]int64, id int) {
		mu.Lock()
		defer mu.Unlock()
		position++
		m[id] = position
	}
	recorded := map[int]oracle.Write{}
	disk := vfs.NewMem()
	r := Runner{
		Open: func() (kv.Engine, error) { return lsm.Open("/db", lsm.Options{FS: disk}.Small()) },
		Begin: func(id int, s *Step, b *kv.Batch) {
			next(begins, id)
			mu.Lock()
			defer mu.Unlock()
			recorded[id] = oracle.Write{Writer: s.Writer, Batch: append([]byte(nil), b.Bytes()...), Durability: s.Durability, Begin: begins[id]}
		},
		Ack:   func(id int) { next(acks, id) },
		Abort: func(id int) { next(aborts, id) },
	}
	if err := r.Run(p); err != nil {
		t.Fatal(err)
	}
	lookUp := func(m map[int]int64) Position {
		return func(id int) (int64, bool) { at, ok := m[id]; return at, ok }
	}
	want := map[int64]oracle.Write{}
	for id, w := range recorded {
		w.Ack = oracle.Never
		if at, ok := acks[id]; ok {
			w.Ack = at
		}
		_, w.Aborted = aborts[id]
		want[w.Begin] = w
	}
	h := p.History(lookUp(begins), lookUp(acks), lookUp(aborts))
	if len(aborts) == 0 || len(h.Writes) != len(acks)+len(aborts) {
		t.Fatalf("%d writes, want %d that were acknowledged and %d that were aborted", len(h.Writes), len(acks), len(aborts))
	}
	for i, w := range h.Writes {
		if !reflect.DeepEqual(w, want[w.Begin]) || i > 0 && w.Begin < h.Writes[i-1].Begin {
			t.Errorf("write %d is %+v, want %+v", i, w, want[w.Begin])
		}
	}
	all, last := len(h.Writes), slices.Max(slices.Collect(maps.Keys(begins)))
	delete(begins, last)
	if h = p.History(lookUp(begins), lookUp(acks), lookUp(aborts)); len(h.Writes) != all-1 {
		t.Errorf("%d writes of a run that was cut, want %d", len(h.Writes), all-1)
	}
}
