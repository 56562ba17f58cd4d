package jump

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
)

var errBroken = errors.New("the disk is broken")

// shards opens shards whose writes fail once left is used up, with err.
type shards struct {
	left atomic.Int64
	err  error
}

func sound() *shards {
	s := &shards{}
	s.left.Store(math.MaxInt64)
	return s
}

type limited struct {
	kv.Engine
	*shards
}

func (l limited) Apply(b *kv.Batch, d kv.Durability) error {
	if l.left.Add(-1) < 0 {
		return l.err
	}
	return l.Engine.Apply(b, d)
}

func (s *shards) open(dir string) (kv.Engine, error) {
	db, err := lsm.Open(dir, lsm.Options{}.Small())
	if err != nil {
		return nil, err
	}
	return limited{db, s}, nil
}

func (s *shards) options(n int) Options {
	return Options{Shards: n, Open: s.open, Levels: []kv.Durability{kv.Buffered, kv.Synced}}
}

// across returns a batch that sets a key in each shard.
func across(n int, value string) (*kv.Batch, [][]byte) {
	b, keys := &kv.Batch{}, make([][]byte, n)
	for left, i := n, 0; left > 0; i++ {
		key := fmt.Append(nil, "key", i)
		if at := shard(key, n); keys[at] == nil {
			b.Set(key, []byte(value))
			keys[at] = key
			left--
		}
	}
	return b, keys
}

func open(t *testing.T, dir string, s *shards, n int) *Engine {
	t.Helper()
	e, err := Open(dir, s.options(n))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func wantAll(t *testing.T, e *Engine, keys [][]byte, want string) {
	t.Helper()
	for _, key := range keys {
		if got, err := e.Get(nil, key); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", key, got, err, want)
		}
	}
}

// TestInterrupted has each write of a batch across shards fail: nothing shows a part of the
// batch, and all of it is there once the shards write again, or the store is opened again.
func TestInterrupted(t *testing.T) {
	const n = 4
	for _, again := range []bool{false, true} {
		for writes := range n {
			t.Run(fmt.Sprint("opened again ", again, " after write ", writes), func(t *testing.T) {
				dir, s := t.TempDir(), sound()
				e := open(t, dir, s, n)
				b, keys := across(n, "old")
				if err := e.Apply(b, kv.Buffered); err != nil {
					t.Fatal(err)
				}
				s.err = errBroken
				s.left.Store(int64(writes))
				b, _ = across(n, "new")
				if err := e.Apply(b, kv.Buffered); !errors.Is(err, errBroken) {
					t.Fatalf("a write that failed: %v", err)
				}
				s.left.Store(0)
				if got, err := e.Get(nil, keys[0]); !errors.Is(err, errBroken) {
					t.Errorf("read amid a batch: %q, %v", got, err)
				}
				if _, err := e.Snapshot(); !errors.Is(err, errBroken) {
					t.Errorf("snapshot amid a batch: %v", err)
				}
				s.left.Store(math.MaxInt64)
				if again {
					if err := e.Close(); err != nil {
						t.Fatal(err)
					}
					e = open(t, dir, s, n)
				}
				wantAll(t, e, keys, "new")
			})
		}
	}
}

// TestRefused has the shards refuse a batch: nothing of it is there, and the store goes on.
func TestRefused(t *testing.T) {
	s := sound()
	e := open(t, t.TempDir(), s, 3)
	b, keys := across(3, "value")
	s.err = kv.ErrTooLarge
	s.left.Store(0)
	if err := e.Apply(b, kv.Synced); !errors.Is(err, kv.ErrTooLarge) {
		t.Fatal(err)
	}
	s.left.Store(math.MaxInt64)
	for _, key := range keys {
		if _, err := e.Get(nil, key); !errors.Is(err, kv.ErrNotFound) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if err := e.Apply(b, kv.Synced); err != nil {
		t.Error(err)
	}
	wantAll(t, e, keys, "value")
}

// TestNoted opens stores whose file of a batch under way was cut or damaged at each byte:
// the batch is there as a whole, or nothing of it is.
func TestNoted(t *testing.T) {
	const n = 3
	dir, s := t.TempDir(), sound()
	if err := open(t, dir, s, n).Close(); err != nil {
		t.Fatal(err)
	}
	b, keys := across(n, "value")
	path := filepath.Join(dir, "batch")
	i, err := openIntent(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(i.put(b.Bytes()), i.Close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		damaged := append([]byte(nil), whole...)
		damaged[at] ^= 0x40
		for _, content := range [][]byte{whole[:at], damaged} {
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
			e := open(t, dir, s, n)
			if _, err := e.Get(nil, keys[n-1]); !errors.Is(err, kv.ErrNotFound) {
				t.Fatalf("byte %d: %v", at, err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	e := open(t, dir, s, n)
	wantAll(t, e, keys, "value")
	if left, err := os.ReadFile(path); err != nil || len(left) > 0 {
		t.Errorf("%d bytes are left in %s, %v", len(left), path, err)
	}
}

// TestOtherShards opens a store with another number of shards, and without one of them.
func TestOtherShards(t *testing.T) {
	dir, s := t.TempDir(), sound()
	if err := open(t, dir, s, 3).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, s.options(4)); !errors.Is(err, kv.ErrUnsupported) || !strings.Contains(err.Error(), "open it as jump3, not as jump4") {
		t.Errorf("4 shards for 3: %v", err)
	}
	for _, n := range []int{0, -1, MaxShards + 1} {
		if _, err := Open(t.TempDir(), s.options(n)); !errors.Is(err, kv.ErrUnsupported) {
			t.Errorf("%d shards: %v", n, err)
		}
	}
	if err := os.RemoveAll(roll.Dir(dir, 2)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, s.options(3)); !errors.Is(err, kv.ErrCorrupt) || !strings.Contains(err.Error(), "shard 2 of 3") {
		t.Errorf("without shard 2: %v", err)
	}
}

// TestOneState writes numbers to one shard and then to another, beside scans and snapshots:
// none of them sees the second write without the first.
func TestOneState(t *testing.T) {
	e := open(t, t.TempDir(), sound(), 2)
	b, keys := across(2, "0000")
	if err := e.Apply(b, kv.Buffered); err != nil {
		t.Fatal(err)
	}
	const rounds = 1000
	var writer sync.WaitGroup
	writer.Go(func() {
		for round := range rounds {
			for at := range keys { // in the order in which shards are looked at
				b := &kv.Batch{}
				b.Set(keys[at], fmt.Appendf(nil, "%04d", round))
				if err := e.Apply(b, kv.Buffered); err != nil {
					t.Error(err)
				}
			}
		}
	})
	defer writer.Wait()
	for last := ""; last != fmt.Sprintf("%04d", rounds-1) && !t.Failed(); {
		snap, err := e.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []kv.Reader{e, snap} {
			values, it := map[string]string{}, r.Scan(nil, nil)
			for it.Next() {
				values[string(it.Key())] = string(it.Value())
			}
			if err := it.Close(); err != nil {
				t.Fatal(err)
			}
			first, second := values[string(keys[0])], values[string(keys[1])]
			if first < second {
				t.Fatalf("the first shard to be written has %s, the second %s", first, second)
			}
			last = second
		}
		if err := snap.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
