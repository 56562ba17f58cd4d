package kvtest

import (
	"errors"
	"fmt"
	"testing"

	"lsmlab/engines/kv"
)

var lifecycleCases = []Case{
	{"Reopen", testReopen},
	{"UseAfterClose", testUseAfterClose},
	{"CloseUnderReaders", testCloseUnderReaders},
	{"OpenTwice", testOpenTwice},
}

// testReopen writes a little more after each opening of the store; every durability level above
// volatile survives a clean close.
func testReopen(t testing.TB, h Harness) {
	s := newStore(t, h)
	var want []pair
	for opening := range 4 {
		for _, d := range Durabilities(t, s) {
			if d == kv.Volatile {
				continue
			}
			p := pair{fmt.Sprintf("%d-%d", opening, d), fmt.Sprint(d)}
			s.apply(d, func(b *kv.Batch) {
				b.Set([]byte(p.key), []byte(p.value))
				b.Set([]byte("gone"), nil)
			})
			s.apply(d, func(b *kv.Batch) { b.Delete([]byte("gone")) })
			want = append(want, p)
		}
		s.reopen()
		s.wantScan(s, nil, nil, want)
		s.wantMissing(s, "gone")
	}
	s.reopen() // nothing was written since the last opening
	s.wantScan(s, nil, nil, want)
}

func testUseAfterClose(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.set("k", "1")
	s.close()
	if err := s.Close(); !errors.Is(err, kv.ErrClosed) {
		t.Fatalf("second close: %v", err)
	}
	wantReaderClosed(t, s)
	var b kv.Batch
	for range 2 { // an empty batch, then a full one
		if err := s.Apply(&b, s.durability); !errors.Is(err, kv.ErrClosed) {
			t.Fatalf("apply of %d operations after close: %v", b.Len(), err)
		}
		b.Set([]byte("k"), nil)
	}
	if _, err := s.Snapshot(); !errors.Is(err, kv.ErrClosed) {
		t.Fatalf("snapshot after close: %v", err)
	}
	for name, ability := range abilities(s.Engine) {
		if err := ability(); !errors.Is(err, kv.ErrClosed) {
			t.Fatalf("%s after close: %v", name, err)
		}
	}
	if m, ok := s.Engine.(kv.Metricer); ok {
		m.Metrics() // must not panic
	}
}

// testCloseUnderReaders closes the engine below open snapshots and iterators.
// They answer ErrClosed from then on, and once they are closed too the store
// opens again.
func testCloseUnderReaders(t testing.TB, h Harness) {
	s := newStore(t, h)
	all := fill(s, 10)
	s.barrier()
	snap := s.snapshot()
	fresh, moved, snapped := s.Scan(nil, nil), s.Scan(nil, nil), snap.Scan(nil, nil)
	if !moved.First() || !snapped.First() {
		t.Fatal("no entry")
	}
	if err := s.Engine.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	for _, it := range []kv.Iterator{fresh, moved, snapped} {
		wantIterClosed(t, it)
	}
	wantReaderClosed(t, snap)
	if err := snap.Close(); err != nil && !errors.Is(err, kv.ErrClosed) {
		t.Fatalf("close of a snapshot: %v", err)
	}
	s.open()
	s.wantScan(s, nil, nil, all)
}

func testOpenTwice(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.set("k", "1")
	if e, err := h.Open(s.dir); !errors.Is(err, kv.ErrInUse) {
		t.Fatalf("second open: %v, %v; want %v", e, err, kv.ErrInUse)
	}
	s.want(s, "k", "1") // the first handle is unharmed
	s.set("k", "2")
	s.want(s, "k", "2")
	s.barrier()
	s.reopen()
	s.want(s, "k", "2")
}
