package workloads

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"lsmlab/engines/kv"
)

// run preloads e and lets all streams of w loose on it, each in its goroutine;
// background streams end with the foreground.
func run(w *Workload, e kv.Engine) (Counts, error) {
	var total Counts
	if err := preload(w, e); err != nil {
		return total, err
	}
	var mu sync.Mutex
	var all error
	var foreground, background sync.WaitGroup
	stop := make(chan struct{})
	for i := range w.Streams() {
		group := &foreground
		if w.Role(i) == Background {
			group = &background
		}
		group.Go(func() {
			x := NewExecutor(w, e, kv.Volatile)
			err := errors.Join(drain(w.Stream(i), x, stop), x.Close())
			mu.Lock()
			defer mu.Unlock()
			all = errors.Join(all, err)
			total.Add(x.Counts)
		})
	}
	foreground.Wait()
	close(stop)
	background.Wait()
	return total, all
}

func preload(w *Workload, e kv.Engine) error {
	const parts = 3
	for i := range parts {
		if err := drain(w.PreloadStream(i, parts), NewExecutor(w, e, kv.Volatile), nil); err != nil {
			return err
		}
	}
	return nil
}

func drain(s *Stream, x *Executor, stop <-chan struct{}) error {
	for op := (Op{}); s.Next(&op); {
		if err := x.Do(&op); err != nil {
			return err
		}
		if op.Role == Background {
			select {
			case <-stop:
				return nil
			default:
			}
		}
	}
	return nil
}

// TestModel runs every workload, with one thread and with three, on an engine that
// is right: no false alarm, and the counts that the definition promises.
func TestModel(t *testing.T) {
	for _, name := range names() {
		if Transactional(name) {
			continue // see TestTransactions
		}
		for _, threads := range []int{1, 3} {
			for _, valueSize := range []int{noValue, 5, 12, 100} {
				t.Run(fmt.Sprintf("%s/%d/%d", name, threads, valueSize), func(t *testing.T) {
					spec := goldenSpec(name)
					spec.Keys, spec.Threads, spec.ValueSize, spec.Seed = 301, threads, valueSize, 9
					spec.Compressible = 0.5
					e := newModel()
					w := mustNew(t, spec)
					counts, err := run(w, e)
					if err != nil {
						t.Fatal(err)
					}
					checkCounts(t, w, e, counts)
				})
			}
		}
	}
}

// checkCounts knows what must hold after a whole run over 301 keys.
func checkCounts(t *testing.T, w *Workload, e *model, c Counts) {
	t.Helper()
	spec := w.Spec()
	total := spec.Operations + max(0, spec.Warmup)
	want := map[string]int64{}
	switch spec.Workload {
	case "fillseq", "fillbatch":
		want["keys"], want["writes"] = 301, 301
	case "fillrandom":
		want["writes"] = 301
		if n := len(e.data); n < 150 || n > 240 {
			t.Errorf("%d distinct keys of 301 draws, want about 190", n)
		}
	case "readrandom", "readhot", "ycsb-c", "readwhilewriting":
		want["keys"], want["reads"], want["misses"] = 301, total, 0
	case "readmissing":
		want["keys"], want["reads"], want["misses"] = 301, total, total
	case "readseq":
		want["entries"] = total
	case "deleterandom":
		want["deletes"] = total
		if n := len(e.data); n >= 301 {
			t.Errorf("%d keys after deleting", n)
		}
	case "seekrandom":
		want["scans"] = total
	}
	got := map[string]int64{
		"keys": int64(len(e.data)), "writes": c.Writes, "reads": c.Reads,
		"misses": c.Misses, "entries": c.EntriesScanned, "deletes": c.Deletes, "scans": c.Scans,
	}
	for what, n := range want {
		if got[what] != n {
			t.Errorf("%s: %d, want %d", what, got[what], n)
		}
	}
}

// broken is a model with one fault.
type broken struct {
	*model
	get  func(value []byte, err error) ([]byte, error)
	scan func(*modelIterator)
}

func (b *broken) Get(dst, key []byte) ([]byte, error) {
	value, err := b.model.Get(dst, key)
	if b.get != nil {
		return b.get(value, err)
	}
	return value, err
}

func (b *broken) Scan(lower, upper []byte) kv.Iterator {
	it := b.model.Scan(lower, upper).(*modelIterator)
	if b.scan != nil {
		b.scan(it)
	}
	return it
}

// TestFaults: every way to answer wrongly is found, with the right error, and the
// message names the key.
func TestFaults(t *testing.T) {
	flip := func(v []byte, err error) ([]byte, error) { v[40] ^= 1; return v, err }
	lose := func([]byte, error) ([]byte, error) { return nil, kv.ErrNotFound }
	broke := errors.New("disk on fire")
	for _, c := range []struct {
		workload, fault string
		engine          broken
		want            error
	}{
		{"readrandom", "bit flip", broken{get: flip}, ErrWrongValue},
		{"readrandom", "lost", broken{get: lose}, ErrLost},
		{"readrandom", "other key's", broken{get: func([]byte, error) ([]byte, error) { return AppendValue(nil, 99999, 0, 100, 0), nil }}, ErrWrongValue},
		{"readrandom", "cut", broken{get: func(v []byte, err error) ([]byte, error) { return v[:99], err }}, ErrWrongValue},
		{"readrandom", "engine error", broken{get: func([]byte, error) ([]byte, error) { return nil, broke }}, broke},
		{"readmissing", "invented", broken{get: func([]byte, error) ([]byte, error) { return []byte("x"), nil }}, ErrInvented},
		{"readmissing", "engine error", broken{get: func([]byte, error) ([]byte, error) { return nil, broke }}, broke},
		{"ycsb-f", "bit flip", broken{get: flip}, ErrWrongValue},
		{"ycsb-d", "lost", broken{get: lose}, ErrLost},
		{"seekrandom", "empty", broken{scan: func(it *modelIterator) { it.entries = nil }}, ErrLost},
		{"seekrandom", "hole", broken{scan: func(it *modelIterator) { it.entries = it.entries[len(it.entries)-1:] }}, ErrLost},
		{"ycsb-e", "stuck", broken{scan: func(it *modelIterator) { it.stuck = true }}, ErrOrder},
		{"seekrandom", "swapped values", broken{scan: swapValues}, ErrWrongValue},
		{"ycsb-e", "swapped values", broken{scan: swapValues}, ErrInvented},
		{"readseq", "one left out", broken{scan: func(it *modelIterator) { it.entries = append(it.entries[:50:50], it.entries[51:]...) }}, ErrOrder},
		{"readseq", "ends early", broken{scan: func(it *modelIterator) { it.entries = it.entries[:150] }}, ErrLost},
		{"readseq", "one too many", broken{scan: func(it *modelIterator) { it.entries = append(it.entries, [2]string{"z", ""}) }}, ErrInvented},
	} {
		t.Run(c.workload+"/"+c.fault, func(t *testing.T) {
			c.engine.model = newModel()
			_, err := run(mustNew(t, Spec{Workload: c.workload, Keys: 200, ValueSize: 100}), &c.engine)
			if !errors.Is(err, c.want) {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			if !strings.Contains(err.Error(), "of key \"") {
				t.Errorf("error does not name the key: %v", err)
			}
		})
	}
}

func swapValues(it *modelIterator) {
	for i := range it.entries {
		it.entries[i][1] = it.entries[(i+1)%len(it.entries)][1]
	}
}

// TestNoAllocations: neither making nor carrying out an operation allocates.
func TestNoAllocations(t *testing.T) {
	for _, name := range []string{"fillseq", "fillbatch", "overwrite", "readrandom", "ycsb-a", "ycsb-b", "deleterandom"} {
		w := mustNew(t, Spec{Workload: name, Keys: 1, ValueSize: 100, Operations: Unlimited})
		s, x := w.Stream(0), NewExecutor(w, &noop{AppendValue(nil, 0, 7, 100, 0)}, kv.Volatile)
		var op Op
		do := func() {
			s.Next(&op)
			if err := x.Do(&op); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 { // let buffers grow
			do()
		}
		if n := testing.AllocsPerRun(100, do); n != 0 {
			t.Errorf("%s: %v allocations an operation", name, n)
		}
	}
}
