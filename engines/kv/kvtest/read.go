package kvtest

import (
	"bytes"
	"errors"
	"testing"

	"lsmlab/engines/kv"
)

var readCases = []Case{
	{"PointReads", testPointReads},
	{"GetAppends", testGetAppends},
	{"GetIsOwned", testGetIsOwned},
	{"EmptyValue", testEmptyValue},
	{"ArgumentsAreCopied", testArgumentsAreCopied},
}

func testPointReads(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.wantMissing(s, "a")
	s.set("a", "1")
	s.want(s, "a", "1")
	s.wantMissing(s, "")
	s.wantMissing(s, "a\x00")
	s.set("a", "2")
	s.set("b", "3")
	s.want(s, "a", "2")
	s.delete("a")
	s.wantMissing(s, "a")
	s.want(s, "b", "3")
	s.delete("a")
	s.delete("never")
	s.wantMissing(s, "never")
	s.set("a", "4")
	s.want(s, "a", "4")
	s.wantScan(s, nil, nil, []pair{{"a", "4"}, {"b", "3"}})
}

func testGetAppends(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.set("k", "value")
	for _, capacity := range []int{3, 5, 100} {
		dst := append(make([]byte, 0, capacity), "dst"...)
		got, err := s.Get(dst, []byte("k"))
		if err != nil || string(got) != "dstvalue" {
			t.Fatalf("get into a capacity of %d: %q, %v", capacity, got, err)
		}
		got, err = s.Get(dst, []byte("missing"))
		if !errors.Is(err, kv.ErrNotFound) || !bytes.Equal(got, dst) {
			t.Fatalf("get of a missing key: %q, %v; want dst unchanged", got, err)
		}
	}
}

func testGetIsOwned(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.set("k", "value")
	first, err := s.Get(nil, []byte("k"))
	if err != nil {
		t.Fatal(err)
	}
	s.set("k", "other")
	second, _ := s.Get(nil, []byte("k"))
	if string(first) != "value" {
		t.Fatalf("a result changed with the store, to %q", first)
	}
	copy(second, "XXXXX")
	s.want(s, "k", "other")
}

func testEmptyValue(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.set("empty", "")
	s.want(s, "empty", "")
	s.set("full", "x")
	s.set("full", "")
	s.want(s, "full", "")
	s.wantScan(s, nil, nil, []pair{{"empty", ""}, {"full", ""}})
	s.delete("empty")
	s.wantMissing(s, "empty")
	s.wantScan(s, nil, nil, []pair{{"full", ""}})
}

// testArgumentsAreCopied changes every slice that it passed, right after.
func testArgumentsAreCopied(t testing.TB, h Harness) {
	s := newStore(t, h)
	var b kv.Batch
	for i := range 100 {
		key := []byte{'k', byte(i)}
		b.Reset()
		b.Set(key, key)
		if err := s.Apply(&b, s.durability); err != nil {
			t.Fatal(err)
		}
		clear(b.Bytes())
		if got, err := s.Get(nil, key); err != nil || !bytes.Equal(got, key) {
			t.Fatalf("get %q: %q, %v", key, got, err)
		}
		clear(key)
	}
	for i := range 100 {
		s.want(s, string([]byte{'k', byte(i)}), string([]byte{'k', byte(i)}))
	}
}
