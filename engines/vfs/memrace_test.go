package vfs_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"lsmlab/engines/vfs"
)

// TestCrashConcurrent crashes a Mem while goroutines write, sync, rename and
// store to a mapping. Each file counts up in its first byte and syncs now and
// then, and notes what it synced; a state older than the note, or newer than the
// last write begun, is wrong. Under -race it shows that clones and sources share
// nothing that changes, and that stores to a mapping need no lock.
func TestCrashConcurrent(t *testing.T) {
	m := newMem(t)
	const rounds = 100
	var synced, begun [3]atomic.Int64
	var wg sync.WaitGroup
	for w := range synced {
		name := fmt.Sprintf("/db/%d", w)
		f := put(t, m, name, string(make([]byte, 5000)))
		view := must(f.MapWritable())(t)
		wg.Go(func() {
			for i := range int64(rounds) {
				begun[w].Store(i + 1)
				if w == 0 {
					view.Bytes()[0] = byte(i + 1)
				} else if _, err := f.WriteAt([]byte{byte(i + 1)}, 0); err != nil {
					t.Error(err)
				}
				if i%8 == 0 {
					if err := f.SyncData(); err != nil {
						t.Error(err)
					}
					synced[w].Store(i + 1)
				}
				if err := m.Rename(name, name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for seed := uint64(0); ; seed++ {
		select {
		case <-done:
			return
		default:
		}
		var least [3]int64
		for w := range synced {
			least[w] = synced[w].Load()
		}
		o := vfs.CrashOptions{Choose: vfs.Chance(0.5, rand.New(rand.NewPCG(seed, 0))), Strict: true, BlockSize: 512}
		clone := m.CrashClone(o)
		for w := range synced {
			got := int64(contents(t, clone, fmt.Sprintf("/db/%d", w))[0])
			if most := begun[w].Load(); got < least[w] || got > most {
				t.Errorf("seed %d: file %d holds %d, want %d to %d", seed, w, got, least[w], most)
			}
		}
		must(clone.Create("/db/new"))(t)
	}
}
