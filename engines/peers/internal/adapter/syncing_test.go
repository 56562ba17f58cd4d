package adapter

import (
	"errors"
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
		s, syncs, takes := &levels{}, 0, time.Duration(0)
		var fails error
		e := New(s, kv.Buffered, kv.Synced).WithSyncInterval(time.Second, func() error {
			syncs++
			time.Sleep(takes)
			return fails
		})
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
			if syncs != want {
				t.Errorf("%d syncs, want %d", syncs, want)
			}
		}
		pass(3*time.Second+time.Millisecond, 0) // nothing was written
		write(kv.Buffered)
		pass(3*time.Second, 1)
		takes = 3 * time.Second
		write(kv.Buffered)
		pass(600*time.Millisecond, 2)
		pass(500*time.Millisecond, 2)
		write(kv.Synced)
		pass(3*time.Second, 2)
		takes, fails = 0, errors.New("the disk is gone")
		write(kv.Buffered)
		pass(time.Second, 3)
		if err := write(kv.Buffered); !errors.Is(err, fails) || !errors.Is(e.Writable(), fails) {
			t.Errorf("after a sync that failed: %v, %v", err, e.Writable())
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}
