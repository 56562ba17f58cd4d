package adapter

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lsmlab/engines/kv"
)

// levels is a store that notes at which levels it is written.
type levels struct {
	Store
	given []kv.Durability
}

func (s *levels) Apply(_ *kv.Batch, d kv.Durability) error {
	s.given = append(s.given, d)
	return nil
}
func (s *levels) Close() error { return nil }

// TestSyncInterval: the library is asked to sync only when there was a weaker write;
// while a sync takes too long writes are synced; after one that fails none is taken.
func TestSyncInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // of the three below
		syncs, takes := 0, time.Duration(0)
		var fails error
		s := &levels{}
		e := New(s, kv.Buffered, kv.Synced).WithSyncInterval(time.Second, func() error {
			mu.Lock()
			syncs++
			takes, fails := takes, fails
			mu.Unlock()
			time.Sleep(takes)
			return fails
		})
		disk := func(t time.Duration, err error) {
			mu.Lock()
			takes, fails = t, err
			mu.Unlock()
		}
		write := func(want kv.Durability) error {
			t.Helper()
			var b kv.Batch
			b.Set([]byte("k"), nil)
			err := e.Apply(&b, kv.Buffered)
			if got := s.given[len(s.given)-1]; err == nil && got != want {
				t.Errorf("written at %v, want %v", got, want)
			}
			return err
		}
		pass := func(d time.Duration, want int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if syncs != want {
				t.Errorf("%d syncs, want %d", syncs, want)
			}
		}
		pass(3*time.Second+time.Millisecond, 0) // nothing was written
		write(kv.Buffered)
		pass(3*time.Second, 1)
		disk(3*time.Second, nil)
		write(kv.Buffered)
		pass(600*time.Millisecond, 2)
		pass(500*time.Millisecond, 2)
		write(kv.Synced)
		pass(3*time.Second, 2)
		disk(0, kv.ErrExhausted) // then it is tried again, and writes are synced
		write(kv.Buffered)
		pass(time.Second, 4)
		write(kv.Synced)
		disk(0, nil)
		pass(time.Second, 5)
		write(kv.Buffered)
		pass(time.Second, 6)
		gone := errors.New("the disk is gone")
		disk(0, gone)
		write(kv.Buffered)
		pass(time.Second, 7)
		if err := write(kv.Buffered); !errors.Is(err, gone) || !errors.Is(e.Writable(), gone) {
			t.Errorf("after a sync that failed: %v, %v", err, e.Writable())
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}
