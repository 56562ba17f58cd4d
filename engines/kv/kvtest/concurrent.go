package kvtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lsmlab/engines/kv"
)

var concurrentCases = []Case{
	{"ConcurrentBatches", testConcurrentBatches},
	{"ConcurrentWriters", testConcurrentWriters},
	{"SharedSnapshot", testSharedSnapshot},
	{"CloseWhileWorking", testCloseWhileWorking},
}

// workers runs functions side by side. The first error of each is reported by
// wait, on the goroutine of the test, where it may end the test.
type workers struct {
	wg   sync.WaitGroup
	mu   sync.Mutex
	errs []error
}

func (w *workers) run(f func() error) {
	w.wg.Go(func() {
		if err := f(); err != nil {
			w.mu.Lock()
			w.errs = append(w.errs, err)
			w.mu.Unlock()
		}
	})
}

// failed returns the errors so far.
func (w *workers) failed() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.errs
}

func (w *workers) wait(t testing.TB) {
	t.Helper()
	w.wg.Wait()
	if err := errors.Join(w.errs...); err != nil {
		t.Fatal(err)
	}
}

// testConcurrentBatches: every batch writes one and the same value to all keys
// of a group, so any reader of a consistent state sees equal values there. A
// batch applied in parts, or an iterator or snapshot that mixes two states,
// shows unequal ones.
func testConcurrentBatches(t testing.TB, h Harness) {
	s := newStore(t, h)
	// On a busy machine all writers could be done before a reader looks: they go on until
	// the readers have looked often enough while somebody writes, up to a bound.
	const groups, size, batches, mostBatches, looks = 4, 8, 150, 15_000, 100
	var done atomic.Bool
	var writing, looked atomic.Int64
	var last [groups]int
	var writers, readers workers
	for g := range groups {
		writers.run(func() error {
			var b kv.Batch
			for i := 0; i < batches || looked.Load() < looks && i < mostBatches; i++ {
				last[g] = i
				b.Reset()
				for k := range size {
					b.Set([]byte{byte(k), byte(g)}, fmt.Append(nil, g, i)) // groups interleave in key order
				}
				writing.Add(1)
				err := s.Apply(&b, s.durability)
				writing.Add(-1)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	for r := range 4 {
		readers.run(func() error {
			for !done.Load() {
				if writing.Load() > 0 {
					looked.Add(1)
				}
				if err := checkGroups(s, r%2 == 0, size); err != nil {
					return err
				}
			}
			return nil
		})
	}
	writers.wg.Wait()
	done.Store(true)
	writers.wait(t)
	readers.wait(t)
	var want []pair
	for k := range size {
		for g := range groups {
			want = append(want, pair{string([]byte{byte(k), byte(g)}), fmt.Sprint(g, last[g])})
		}
	}
	s.wantScan(s, nil, nil, want)
}

// checkGroups reads a state of the store once, through a snapshot or not.
func checkGroups(s *store, snapped bool, size int) (err error) {
	var r kv.Reader = s
	if snapped {
		snap, err := s.Snapshot()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, snap.Close()) }()
		r = snap
	}
	seen, count := map[byte]string{}, map[byte]int{}
	it := r.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		g := it.Key()[1]
		if value, ok := seen[g]; ok && value != string(it.Value()) {
			it.Close()
			return fmt.Errorf("one state shows %q and %q, written by two batches", value, it.Value())
		}
		seen[g] = string(it.Value())
		count[g]++
	}
	if err := it.Close(); err != nil {
		return err
	}
	for g, n := range count {
		if n != size {
			return fmt.Errorf("one state shows %d keys of group %d, each batch writes %d", n, g, size)
		}
		if !snapped {
			continue
		}
		got, err := r.Get(nil, []byte{0, g})
		if err != nil || string(got) != seen[g] {
			return fmt.Errorf("snapshot: get says %q, %v; its scan said %q", got, err, seen[g])
		}
	}
	return nil
}

// testConcurrentWriters: writers count up on keys of their own and remember in
// an atomic what was acknowledged; readers must never see less than that.
func testConcurrentWriters(t testing.TB, h Harness) {
	s := newStore(t, h)
	const writers, writes = 8, 200
	var acked [writers]atomic.Uint64
	var done atomic.Bool
	var write, read workers
	for w := range writers {
		write.run(func() error {
			var b kv.Batch
			for i := uint64(1); i <= writes; i++ {
				b.Reset()
				b.Set([]byte{byte(w)}, binary.BigEndian.AppendUint64(nil, i))
				b.Delete([]byte{byte(w), 'x'}) // a neighbour comes and goes
				b.Set([]byte{byte(w), 'y'}, make([]byte, i%200))
				if err := s.Apply(&b, s.durability); err != nil {
					return err
				}
				acked[w].Store(i)
			}
			return nil
		})
	}
	for range 4 {
		read.run(func() error {
			var buf []byte
			for n := 0; !done.Load(); n++ {
				w := n % writers
				floor := acked[w].Load()
				var err error
				buf, err = s.Get(buf[:0], []byte{byte(w)})
				if errors.Is(err, kv.ErrNotFound) && floor == 0 {
					continue
				}
				if err != nil {
					return err
				}
				if got := binary.BigEndian.Uint64(buf); got < floor || got > writes {
					return fmt.Errorf("read %d after %d was acknowledged", got, floor)
				}
			}
			return nil
		})
	}
	write.wg.Wait()
	done.Store(true)
	write.wait(t)
	read.wait(t)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], writes)
	s.barrier()
	for range 2 {
		for w := range writers {
			s.want(s, string([]byte{byte(w)}), string(b[:]))
		}
		s.reopen()
	}
}

// testSharedSnapshot has many goroutines read one snapshot, by gets and scans,
// while a writer changes every key, until it is closed below them.
func testSharedSnapshot(t testing.TB, h Harness) {
	s := newStore(t, h)
	all := fill(s, 50)
	snap := s.snapshot()
	var readers workers
	for r := range 4 {
		readers.run(func() error {
			for i := r; ; i++ {
				p := all[i%len(all)]
				got, err := snap.Get(nil, []byte(p.key))
				if err != nil {
					return onlyClosed(err)
				}
				it := snap.Scan([]byte(p.key), nil)
				ok := it.Next()
				moved := !ok || string(it.Key()) == p.key && string(it.Value()) == p.value
				if err := it.Close(); err != nil {
					return onlyClosed(err)
				}
				if string(got) != p.value || !ok || !moved {
					return fmt.Errorf("snapshot has %s = %s, its iterator agrees: %v", p.key, show(string(got)), ok && moved)
				}
			}
		})
	}
	for i := range 200 {
		s.set(all[i%len(all)].key, "changed")
	}
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
	readers.wait(t)
}

// testCloseWhileWorking closes the store below goroutines that write, read,
// scan and take snapshots. Each call succeeds or says ErrClosed; all that was
// acknowledged is there after.
func testCloseWhileWorking(t testing.TB, h Harness) {
	for round := range 3 {
		s := newStore(t, h)
		const writers = 3
		var acked [writers]uint64
		var all workers
		for w := range writers {
			all.run(func() error { return countUntilClosed(s, w, &acked[w]) })
		}
		for range 2 {
			all.run(func() error { return readUntilClosed(s, writers) })
		}
		time.Sleep(time.Duration(round) * 10 * time.Millisecond)
		if err := s.Engine.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		all.wait(t)
		s.open()
		for w, n := range acked {
			got, err := s.Get(nil, []byte{byte(w)})
			if errors.Is(err, kv.ErrNotFound) && n == 0 {
				continue
			}
			if err != nil || binary.BigEndian.Uint64(got) < n {
				t.Fatalf("writer %d: store has %x, %v; acknowledged was %d", w, got, err, n)
			}
		}
		s.close()
	}
}

func countUntilClosed(s *store, w int, acked *uint64) error {
	var b kv.Batch
	for i := uint64(1); ; i++ {
		b.Reset()
		b.Set([]byte{byte(w)}, binary.BigEndian.AppendUint64(nil, i))
		if err := s.Apply(&b, s.safe); err != nil {
			return onlyClosed(err)
		}
		*acked = i
	}
}

func readUntilClosed(s *store, writers int) error {
	for n := 0; ; n++ {
		_, err := s.Get(nil, []byte{byte(n % writers)})
		if err != nil && !errors.Is(err, kv.ErrNotFound) {
			return onlyClosed(err)
		}
		var r kv.Reader = s
		snap, err := s.Snapshot()
		if err != nil {
			return onlyClosed(err)
		}
		if n%2 == 0 {
			r = snap
		}
		it := r.Scan(nil, nil)
		size := 0
		for ok := it.First(); ok && size < 2; ok = it.Next() { // then left half way
			size += len(it.Key())
		}
		if err := errors.Join(it.Close(), snap.Close()); err != nil {
			return onlyClosed(err)
		}
	}
}

func onlyClosed(err error) error {
	if errors.Is(err, kv.ErrClosed) {
		return nil
	}
	return err
}
