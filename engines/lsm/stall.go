package lsm

import (
	"sync/atomic"
	"time"

	"lsmlab/engines/lsm/compaction"
)

// throttle slows writers down while compactions are behind, in proportion to how
// far, so that they meet no wall. Every written byte costs some nanoseconds;
// a writer pays when a millisecond has come together.
type throttle struct {
	nanosPerKiB atomic.Int64 // 0: no slow-down
	owed        atomic.Int64 // nanoseconds not yet slept
	stalls      atomic.Int64
	stallNanos  atomic.Int64
}

// slowestNanosPerKiB is the price just before writes stop: 8 MiB/s.
const slowestNanosPerKiB = int64(time.Second) / (8 << 10)

// set adapts the price to the pressure.
func (t *throttle) set(p compaction.Pressure, slowdown, stop int) {
	over := p.L0 + p.Deep - float64(slowdown)
	share := min(1, max(0, over/float64(max(1, stop-slowdown))))
	t.nanosPerKiB.Store(int64(share * float64(slowestNanosPerKiB)))
}

// pay charges for a write of size bytes and sleeps if it is time to.
func (t *throttle) pay(size int) {
	price := t.nanosPerKiB.Load()
	if price == 0 {
		return
	}
	if t.owed.Add(price*int64(size)>>10) < int64(time.Millisecond) {
		return
	}
	if nap := time.Duration(t.owed.Swap(0)); nap > 0 {
		t.stalled(func() { time.Sleep(nap) })
	}
}

// stalled runs wait and counts it.
func (t *throttle) stalled(wait func()) {
	t.stalls.Add(1)
	start := time.Now()
	wait()
	t.stallNanos.Add(int64(time.Since(start)))
}

// awaitFlushes waits until one more MemTable may become immutable: not too many
// are, and no column of L0 is too high. It is called under the commit lock, so all
// writers wait with it. If background work failed for want of something it is tried
// once more, and its error is the answer when that is of no avail.
func (db *DB) awaitFlushes() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	// behind says whether to wait; why is not nil if that would be in vain.
	behind := func() (wait bool, why error) {
		s := db.state.Load()
		switch {
		case len(s.mems)-1 >= db.opts.MaxImmutable:
			return true, db.shortage.flushes
		case s.pressure.L0 >= float64(db.opts.L0StopTrigger):
			return true, db.shortage.merges
		}
		return false, nil
	}
	wait, why := behind()
	if db.stopped() == nil && wait {
		db.kickLocked()
		db.throttle.stalled(func() {
			for wait, why = behind(); db.stopped() == nil && wait && why == nil; wait, why = behind() {
				db.work.progress.Wait()
			}
		})
	}
	if err := db.stopped(); err != nil {
		return err
	}
	return why
}
