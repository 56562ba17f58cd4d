package trace

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
)

func open(t *testing.T, name string) kv.Engine {
	t.Helper()
	e, err := engines.Open(name, t.TempDir(), engines.Options{MemTableSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// contents returns every key with the size of its value.
func contents(t *testing.T, e kv.Engine) map[string]int {
	t.Helper()
	all := map[string]int{}
	it := e.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		all[string(it.Key())] = len(it.Value())
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

func replayFile(t *testing.T, path string, e kv.Engine, o Options) Result {
	t.Helper()
	r, closeFile, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeFile()
	result, err := Replay(context.Background(), r, e, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestRecordAndReplay: what several threads did to one engine, replayed on another, leaves
// the same keys with values of the same sizes; reads, scans, snapshots, batches and range
// deletes are all in the trace.
func TestRecordAndReplay(t *testing.T) {
	seed := testseed.New(t)
	path := filepath.Join(t.TempDir(), "a.trace")
	w, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	e := open(t, "lsm-skiplist")
	r := NewRecorder(e, w)
	var threads sync.WaitGroup
	const each = 300
	for i := range 4 {
		threads.Go(func() { work(t, r, i, each, seed) })
	}
	threads.Wait()
	want := contents(t, e)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	back := open(t, "lsm-bptree")
	result := replayFile(t, path, back, Options{Durability: kv.Buffered})
	got := contents(t, back)
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%d keys, want %d", len(got), len(want))
	}
	for k, size := range want {
		if got[k] != size {
			t.Errorf("value of %q has %d bytes, want %d", k, got[k], size)
		}
	}
	counts := map[string]int64{}
	for _, p := range result.Kinds {
		counts[p.Kind] = p.Count
	}
	const threadCount = 4
	for kind, want := range map[string]int64{"get": 2 * each, "set": each, "batch": each, "scan": each, "delete-range": each} {
		if counts[kind] != want*threadCount {
			t.Errorf("%d calls of %s, want %d", counts[kind], kind, want*threadCount)
		}
	}
	if err := back.Close(); err != nil {
		t.Error(err)
	}
}

// work does each kind of call some times, on keys of its own.
func work(t *testing.T, e kv.Engine, thread, times int, seed uint64) {
	key := func(i int) []byte { return fmt.Appendf(nil, "t%d-%06d", thread, i) }
	apply := func(fill func(*kv.Batch)) {
		var b kv.Batch
		fill(&b)
		if err := e.Apply(&b, kv.Buffered); err != nil {
			t.Error(err)
		}
	}
	for i := range times {
		apply(func(b *kv.Batch) { b.Set(key(2*i), make([]byte, (int(seed%100)+i)%500)) })
		apply(func(b *kv.Batch) { b.Set(key(2*i+1), make([]byte, i)); b.Delete(key(i)) })
		apply(func(b *kv.Batch) { b.DeleteRange(key(3*i), key(3*i+2)) })
		_, _ = e.Get(nil, key(i)) // it may be deleted
		s, err := e.Snapshot()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = s.Get(nil, key(i+1))
		it := s.Scan(key(0), nil)
		for ok := it.First(); ok; ok = it.Next() && i < 3 {
		}
		if err := it.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestClock: by the recorded clock no operation starts before its time.
func TestClock(t *testing.T) {
	events := []Event{{Kind: Set, Key: []byte("a"), Size: 5}, {Kind: Get, At: 30 * time.Millisecond, Key: []byte("a"), Size: 5}, {Kind: Get, At: 60 * time.Millisecond, Key: []byte("b")}}
	path := write(t, events)
	e := open(t, "lsm-bptree")
	r := replayFile(t, path, e, Options{Durability: kv.Buffered, Clock: true})
	if r.Seconds < 0.06 || r.Missed != 1 || r.Events != 3 || r.Intended == nil || r.Intended.Count != 3 {
		t.Errorf("%+v", r)
	}
	if err := r.Print(io.Discard); err != nil {
		t.Error(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestReplayEnds: a cancelled replay says so.
func TestReplayEnds(t *testing.T) {
	path := write(t, []Event{{Kind: Get, At: time.Hour, Key: []byte("a")}})
	r, closeFile, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeFile()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	e := open(t, "lsm-bptree")
	if _, err := Replay(ctx, r, e, Options{Clock: true}); err != context.Canceled {
		t.Errorf("error %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
