package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"lsmlab/engines/kv"
)

// store is an open engine under test, with the few steps that cases are made
// of. Each step ends the test when it fails.
type store struct {
	testing.TB
	kv.Engine
	h   Harness
	dir string

	durability kv.Durability // the weakest that the engine gives; most cases use it
	safe       kv.Durability // the strongest
}

func newStore(t testing.TB, h Harness) *store {
	t.Helper()
	s := &store{TB: t, h: h, dir: t.TempDir()}
	s.open()
	durabilities := Durabilities(t, s.Engine)
	s.durability, s.safe = durabilities[0], durabilities[len(durabilities)-1]
	t.Cleanup(func() { s.Engine.Close() }) // a case may have closed it before
	return s
}

func (s *store) open() {
	s.Helper()
	e, err := s.h.Open(s.dir)
	if err != nil {
		s.Fatalf("open: %v", err)
	}
	s.Engine = e
}

func (s *store) close() {
	s.Helper()
	if err := s.Engine.Close(); err != nil {
		s.Fatalf("close: %v", err)
	}
}

func (s *store) reopen() {
	s.Helper()
	s.close()
	s.open()
}

func (s *store) apply(d kv.Durability, fill func(b *kv.Batch)) {
	s.Helper()
	var b kv.Batch
	fill(&b)
	if err := s.Apply(&b, d); err != nil {
		s.Fatalf("apply %d operations, %v: %v", b.Len(), d, err)
	}
}

func (s *store) set(key, value string) {
	s.Helper()
	s.apply(s.durability, func(b *kv.Batch) { b.Set([]byte(key), []byte(value)) })
}

func (s *store) delete(key string) {
	s.Helper()
	s.apply(s.durability, func(b *kv.Batch) { b.Delete([]byte(key)) })
}

func (s *store) snapshot() kv.Snapshot {
	s.Helper()
	snap, err := s.Snapshot()
	if err != nil {
		s.Fatalf("snapshot: %v", err)
	}
	return snap
}

// barrier makes all that was written before survive a clean close. Weak durability
// levels alone need not do that.
func (s *store) barrier() {
	s.Helper()
	s.apply(s.safe, func(b *kv.Batch) { b.Delete([]byte("barrier")) })
}

// want checks the value of one key in r.
func (s *store) want(r kv.Reader, key, value string) {
	s.Helper()
	if got, err := r.Get(nil, []byte(key)); err != nil || string(got) != value {
		s.Fatalf("get %s: %s, %v; want %s", show(key), show(string(got)), err, show(value))
	}
}

// wantMissing checks that a key has no value in r.
func (s *store) wantMissing(r kv.Reader, key string) {
	s.Helper()
	if got, err := r.Get(nil, []byte(key)); !errors.Is(err, kv.ErrNotFound) || len(got) != 0 {
		s.Fatalf("get %s: %s, %v; want %v", show(key), show(string(got)), err, kv.ErrNotFound)
	}
}

// pair is one entry of a store.
type pair struct{ key, value string }

// wantScan checks that a scan of r yields exactly want.
func (s *store) wantScan(r kv.Reader, lower, upper []byte, want []pair) {
	s.Helper()
	it := r.Scan(lower, upper)
	s.wantRest(it, it.First(), want)
	s.closeIter(it)
}

// wantRest checks the entries from the place where it stands; ok is what the
// last move returned.
func (s *store) wantRest(it kv.Iterator, ok bool, want []pair) {
	s.Helper()
	for i, p := range want {
		if !ok {
			s.Fatalf("scan ended after %d entries, want %d (%v)", i, len(want), it.Close())
		}
		if string(it.Key()) != p.key || string(it.Value()) != p.value {
			s.Fatalf("scan entry %d: %s = %s, want %s = %s", i,
				show(string(it.Key())), show(string(it.Value())), show(p.key), show(p.value))
		}
		ok = it.Next()
	}
	if ok {
		s.Fatalf("scan goes on after %d entries with %s", len(want), show(string(it.Key())))
	}
}

func (s *store) closeIter(it kv.Iterator) {
	s.Helper()
	if err := it.Close(); err != nil {
		s.Fatalf("close iterator: %v", err)
	}
}

// show makes a key or value fit for a message.
func show(x string) string {
	if len(x) <= 40 {
		return fmt.Sprintf("%q", x)
	}
	return fmt.Sprintf("%q... (%d bytes)", x[:32], len(x))
}

// pattern returns n bytes that differ with tag and along their length.
func pattern(tag, n int) []byte {
	p := bytes.Repeat([]byte{byte(tag)}, n)
	for i := 0; i < n; i += 61 {
		p[i] = byte(i/61) ^ byte(tag>>8)
	}
	return p
}
