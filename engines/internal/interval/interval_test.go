package interval_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lsmlab/engines/internal/interval"
	"lsmlab/engines/kv"
)

// TestSyncer runs on a virtual clock: a sync begins every half interval, one that
// takes longer than that makes the syncer late until it ends, and one that fails is
// the last.
func TestSyncer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // of the three below
		var takes time.Duration
		var fails error
		var begun []time.Duration
		start := time.Now()
		s := interval.New(time.Second, func() error {
			mu.Lock()
			begun = append(begun, time.Since(start))
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
		ended := make(chan error, 1)
		stop := make(chan struct{})
		go func() { ended <- s.Run(stop) }()
		at := func(d time.Duration, syncs int, late bool) {
			t.Helper()
			time.Sleep(d - time.Since(start))
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if len(begun) != syncs || s.Late() != late {
				t.Errorf("at %v: syncs begun at %v, late %v; want %d, %v", d, begun, s.Late(), syncs, late)
			}
		}
		at(499*time.Millisecond, 0, false)
		at(time.Second, 2, false)
		disk(1200*time.Millisecond, nil)
		at(1500*time.Millisecond, 3, false)
		at(1999*time.Millisecond, 3, false)
		at(2100*time.Millisecond, 3, true)
		disk(0, nil)
		at(2701*time.Millisecond, 4, false)
		gone := errors.New("the disk is gone")
		disk(0, gone)
		at(3500*time.Millisecond, 5, false)
		if err := <-ended; !errors.Is(err, gone) {
			t.Error(err)
		}
		at(10*time.Second, 5, false)
		go func() { ended <- s.Run(stop) }()
		close(stop)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if err := interval.Check(1); !errors.Is(err, kv.ErrUnsupported) {
		t.Error(err)
	}
}
