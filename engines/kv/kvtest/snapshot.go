package kvtest

import (
	"errors"
	"fmt"
	"testing"

	"lsmlab/engines/kv"
)

var snapshotCases = []Case{
	{"Snapshot", testSnapshot},
	{"SnapshotMany", testSnapshotMany},
	{"SnapshotClosed", testSnapshotClosed},
}

func testSnapshot(t testing.TB, h Harness) {
	s := newStore(t, h)
	empty := s.snapshot()
	all := fill(s, 30)
	full := s.snapshot()
	for _, p := range all {
		s.delete(p.key)
	}
	s.set("new", "1")
	s.wantScan(empty, nil, nil, nil)
	s.wantMissing(empty, "01")
	s.wantMissing(empty, "new")
	s.wantScan(full, nil, nil, all)
	s.wantScan(full, []byte("10"), []byte("20"), all[10:20])
	s.want(full, "07", "v7")
	s.wantMissing(full, "new")
	s.wantScan(s, nil, nil, []pair{{"new", "1"}})
	if got, err := full.Get([]byte("dst"), []byte("01")); err != nil || string(got) != "dstv1" {
		t.Fatalf("snapshot get: %q, %v", got, err)
	}
	for _, snap := range []kv.Snapshot{empty, full} {
		if err := snap.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// testSnapshotMany takes a snapshot after each of many versions, flushing now
// and then, and closes them in another order than they were taken.
func testSnapshotMany(t testing.TB, h Harness) {
	s := newStore(t, h)
	const n = 200
	snaps := make([]kv.Snapshot, n)
	for i := range snaps {
		s.apply(s.durability, func(b *kv.Batch) {
			b.Set([]byte("k"), fmt.Append(nil, i))
			b.Delete(fmt.Appendf(nil, "gone%03d", i-1))
			b.Set(fmt.Appendf(nil, "gone%03d", i), nil)
		})
		snaps[i] = s.snapshot()
		if f, ok := s.Engine.(kv.Flusher); ok && i%50 == 25 {
			if err := f.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.delete("k")
	for j := range snaps {
		i := j * 77 % n
		s.wantScan(snaps[i], nil, nil, []pair{{fmt.Sprintf("gone%03d", i), ""}, {"k", fmt.Sprint(i)}})
		if err := snaps[i].Close(); err != nil {
			t.Fatal(err)
		}
	}
	s.wantMissing(s, "k")
}

func testSnapshotClosed(t testing.TB, h Harness) {
	s := newStore(t, h)
	s.set("k", "1")
	snap := s.snapshot()
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
	if err := snap.Close(); !errors.Is(err, kv.ErrClosed) {
		t.Fatalf("second close: %v", err)
	}
	wantReaderClosed(t, snap)
	s.want(s, "k", "1")
}

// wantReaderClosed checks that r answers ErrClosed everywhere.
func wantReaderClosed(t testing.TB, r kv.Reader) {
	t.Helper()
	if got, err := r.Get([]byte("dst"), []byte("k")); !errors.Is(err, kv.ErrClosed) || string(got) != "dst" {
		t.Fatalf("get after close: %q, %v", got, err)
	}
	it := r.Scan(nil, nil)
	wantIterClosed(t, it)
}

// wantIterClosed checks that no move of it succeeds and that Close says why.
func wantIterClosed(t testing.TB, it kv.Iterator) {
	t.Helper()
	if it.Next() || it.First() || it.SeekGE(nil) {
		t.Fatal("an iterator moves after its store was closed")
	}
	if err := it.Close(); !errors.Is(err, kv.ErrClosed) {
		t.Fatalf("close of an iterator on a closed store: %v", err)
	}
}
