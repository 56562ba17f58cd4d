package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm"
)

var errBroken = errors.New("the disk is broken")

// breaker is a store whose writes fail once it is broken.
type breaker struct {
	kv.Engine
	broken *atomic.Bool
}

func (b breaker) Apply(batch *kv.Batch, d kv.Durability) error {
	if b.broken.Load() {
		return errBroken
	}
	return b.Engine.Apply(batch, d)
}

// breakable opens a store of three whose members' stores can be broken.
func breakable(t *testing.T, lease bool) (e *Engine, broken []*atomic.Bool) {
	t.Helper()
	e, err := Open(t.TempDir(), Options{Members: 3, Log: kv.Buffered, State: kv.Volatile, LeaseReads: lease,
		Open: func(dir string) (kv.Engine, error) {
			store, err := lsm.Open(dir, lsm.Options{MemTableSize: 8 << 20, CacheSize: 8 << 20})
			if err != nil {
				return nil, err
			}
			broken = append(broken, new(atomic.Bool))
			return breaker{store, broken[len(broken)-1]}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e, broken
}

func set(e *Engine, key, value string) error {
	var b kv.Batch
	b.Set([]byte(key), []byte(value))
	return e.Apply(&b, kv.Buffered)
}

// TestLeaderFails breaks the disk of the leader under writers and readers: the others go
// on, and each writer reads what it wrote last, or what it tried then.
func TestLeaderFails(t *testing.T) {
	for _, lease := range []bool{false, true} {
		t.Run(fmt.Sprint("lease ", lease), func(t *testing.T) { testLeaderFails(t, lease) })
	}
}

func testLeaderFails(t *testing.T, lease bool) {
	e, broken := breakable(t, lease)
	if err := set(e, "key", "value"); err != nil {
		t.Fatal(err)
	}
	leader, err := e.group.leader()
	if err != nil {
		t.Fatal(err)
	}
	const writers, after = 8, 50
	var all sync.WaitGroup
	var mu sync.Mutex
	var longest time.Duration
	for w := range writers {
		all.Go(func() {
			key, left := fmt.Sprint("key", w), after
			for i := 0; left > 0; i++ {
				if w == 0 && i == 20 {
					broken[leader.id-1].Store(true)
				}
				began := time.Now()
				value := fmt.Sprint(i)
				err := set(e, key, value)
				if err != nil && !errors.Is(err, ErrUnknown) {
					t.Error(err)
					return
				}
				got, errGet := e.Get(nil, []byte(key))
				mu.Lock()
				longest = max(longest, time.Since(began))
				mu.Unlock()
				if errGet != nil && !(err != nil && errors.Is(errGet, kv.ErrNotFound)) || err == nil && string(got) != value {
					t.Errorf("key %s: read %q, %v after %q, %v", key, got, errGet, value, err)
					return
				}
				if broken[leader.id-1].Load() {
					left--
				}
			}
		})
	}
	all.Wait()
	if next, err := e.group.leader(); err != nil || next == leader {
		t.Errorf("member %d leads with a broken disk, %v", leader.id, err)
	}
	t.Logf("the longest write with a read took %v; elections time out after %v to %v", longest, 10*tick, 20*tick)
}

// TestMajorityFails breaks the disks of two members: all calls say so, and none waits.
func TestMajorityFails(t *testing.T) {
	e, broken := breakable(t, false)
	if err := set(e, "key", "value"); err != nil {
		t.Fatal(err)
	}
	broken[0].Store(true)
	broken[1].Store(true)
	for i := 0; ; i++ {
		err := set(e, "key", fmt.Sprint(i))
		if err != nil && !errors.Is(err, ErrUnknown) {
			if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "no majority") {
				t.Errorf("write: %v", err)
			}
			break
		}
	}
	if _, err := e.Get(nil, []byte("key")); !errors.Is(err, errBroken) {
		t.Errorf("read: %v", err)
	}
	if err := e.Writable(); !errors.Is(err, errBroken) {
		t.Errorf("writable: %v", err)
	}
}

// TestOtherMembers opens a store with another number of members, and one that is none.
func TestOtherMembers(t *testing.T) {
	open := func(dir string) (kv.Engine, error) { return lsm.Open(dir, lsm.Options{}.Small()) }
	dir := t.TempDir()
	e, err := Open(dir, Options{Members: 3, Open: open, Log: kv.Synced})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{Members: 5, Open: open, Log: kv.Synced}); !errors.Is(err, kv.ErrUnsupported) || !strings.Contains(err.Error(), "3 members") {
		t.Errorf("5 members for 3: %v", err)
	}
	if _, err := Open(roll.Dir(dir, 1), Options{Members: 3, Open: open, Log: kv.Synced}); !errors.Is(err, kv.ErrUnsupported) {
		t.Errorf("a member's directory: %v", err)
	}
	for _, n := range []int{0, -1, MaxMembers + 1} {
		if _, err := Open(t.TempDir(), Options{Members: n, Open: open, Log: kv.Synced}); !errors.Is(err, kv.ErrUnsupported) {
			t.Errorf("%d members: %v", n, err)
		}
	}
}

// TestBehind opens a store in which one member is as it was long ago: it gets a snapshot, as
// the others' logs do not reach back to it. Without any store
// it is refused.
func TestBehind(t *testing.T) {
	dir, old := t.TempDir(), t.TempDir()
	o := Options{Members: 3, Log: kv.Buffered, State: kv.Volatile, Open: func(dir string) (kv.Engine, error) {
		return lsm.Open(dir, lsm.Options{MemTableSize: 8 << 20, CacheSize: 8 << 20})
	}}
	within := func(f func(e *Engine)) {
		t.Helper()
		e, err := Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		f(e)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	within(func(e *Engine) {
		if err := set(e, "key", "old"); err != nil {
			t.Fatal(err)
		}
	})
	if err := os.CopyFS(filepath.Join(old, "member"), os.DirFS(roll.Dir(dir, 3))); err != nil {
		t.Fatal(err)
	}
	var last uint64
	within(func(e *Engine) {
		var all sync.WaitGroup
		for w := range 64 {
			all.Go(func() {
				for i := range 400 {
					if err := set(e, fmt.Sprintf("key%d.%d", w, i), "value"); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		for range 3 { // by one proposal each, so that the log is truncated on disk too
			if err := set(e, "key", "new"); err != nil {
				t.Error(err)
			}
		}
		last = 64*400 + 3
	})
	if err := os.RemoveAll(roll.Dir(dir, 3)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(old, "member"), roll.Dir(dir, 3)); err != nil {
		t.Fatal(err)
	}
	within(func(e *Engine) {
		behind := e.group.members[2]
		if err := set(e, "key", "newer"); err != nil {
			t.Fatal(err)
		}
		if err := behind.read(); err != nil {
			t.Fatal(err)
		}
		if got, err := behind.replica.State().Get(nil, []byte("key63.399")); err != nil || string(got) != "value" {
			t.Errorf("a key of the snapshot: %q, %v", got, err)
		}
		if got, err := behind.replica.State().Get(nil, []byte("key")); err != nil || string(got) != "newer" {
			t.Errorf("key: %q, %v", got, err)
		}
		it := behind.store.Scan([]byte("l"), []byte("m"))
		if it.First() && binary.BigEndian.Uint64(it.Key()[1:]) < last/4 {
			t.Errorf("its log begins at entry %d: it got no snapshot", binary.BigEndian.Uint64(it.Key()[1:]))
		}
		if err := it.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := os.RemoveAll(roll.Dir(dir, 3)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, o); !errors.Is(err, kv.ErrCorrupt) || !strings.Contains(err.Error(), "member 3 of 3") {
		t.Errorf("without the store of member 3: %v", err)
	}
}
