package writeset

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
)

type write struct {
	value string
	kind  kv.OpKind
}

// TestModel makes random writes of few keys and compares reads with a map, and iterators
// with copies of the map that were made when they were: writes that come later, also
// between two moves, must not show.
func TestModel(t *testing.T) {
	rng := testseed.Rand(t)
	var s Set
	for range 20 {
		s.Reset()
		model := map[string]write{}
		key := func() []byte { return fmt.Append(nil, rng.IntN(50)) }
		add := func() {
			k, w := key(), write{fmt.Sprint(rng.Uint32()), kv.OpKind(rng.IntN(2))}
			s.Add(w.kind, k, []byte(w.value))
			model[string(k)] = w
		}
		for n := 0; n < 200; n = s.Len() {
			k := key()
			value, kind, ok := s.Get(k)
			if want, there := model[string(k)]; ok != there || kind != want.kind || string(value) != want.value {
				t.Fatalf("Get(%s) is %q, %d, %v; want %v, %v", k, value, kind, ok, want, there)
			}
			if rng.IntN(10) == 0 {
				walk(t, &s, maps.Clone(model), key(), add)
				walkBack(t, &s, maps.Clone(model), key(), add)
				walkBack(t, &s, maps.Clone(model), nil, add)
			}
			add()
			if s.Len() <= n {
				t.Fatalf("%d writes after %d", s.Len(), n)
			}
		}
	}
}

// walk compares an iterator from a key on with want, and adds between its moves.
func walk(t *testing.T, s *Set, want map[string]write, from []byte, add func()) {
	t.Helper()
	it := s.Iter()
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(want)), func(k string) bool { return k < string(from) })
	ok := it.SeekGE(from)
	for _, k := range keys {
		w := want[k]
		if !ok || !it.Valid() || !bytes.Equal(it.Key(), []byte(k)) || string(it.Value()) != w.value || it.Kind() != w.kind {
			t.Fatalf("walk from %s: %v at %q, want %q with %v", from, ok, it.Key(), k, w)
		}
		add()
		ok = it.Next()
	}
	if ok || it.Valid() {
		t.Fatalf("walk from %s: %q after the last key", from, it.Key())
	}
}

// walkBack is walk downwards, from the last key before one, or from the end if that is nil.
func walkBack(t *testing.T, s *Set, want map[string]write, before []byte, add func()) {
	t.Helper()
	it := s.Iter()
	add() // which the iterator does not see
	keys := slices.Sorted(maps.Keys(want))
	slices.Reverse(keys)
	ok := false
	if before == nil {
		ok = it.Last()
	} else {
		keys = slices.DeleteFunc(keys, func(k string) bool { return k >= string(before) })
		ok = it.SeekLT(before)
	}
	for _, k := range keys {
		w := want[k]
		if !ok || !it.Valid() || string(it.Key()) != k || string(it.Value()) != w.value || it.Kind() != w.kind {
			t.Fatalf("walk back from %q: %v at %q, want %q with %v", before, ok, it.Key(), k, w)
		}
		add()
		ok = it.Prev()
	}
	if ok || it.Valid() {
		t.Fatalf("walk back from %q: %q before the first key", before, it.Key())
	}
}

func TestEmpty(t *testing.T) {
	var s Set
	it := s.Iter()
	if _, _, ok := s.Get([]byte("a")); ok || it.SeekGE(nil) || it.Last() || it.SeekLT([]byte("b")) {
		t.Error("an empty set holds something")
	}
	s.Add(kv.OpSet, []byte("a"), nil)
	if it.SeekGE(nil) || it.Last() || it.SeekLT([]byte("b")) {
		t.Error("an iterator sees a later write")
	}
}
