package lsm

import (
	"sync/atomic"
	"time"
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

// set adapts the price to the pressure, as in compaction.Planner.
func (t *throttle) set(pressure, slowdown, stop int) {
	var price int64
	if pressure = min(pressure, stop); pressure >= slowdown {
		price = slowestNanosPerKiB * int64(pressure-slowdown+1) / int64(stop-slowdown+1)
	}
	t.nanosPerKiB.Store(price)
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
// are, and L0 is below its limit. It is called under the commit lock, so all
// writers wait with it.
func (db *DB) awaitFlushes() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	full := func() bool {
		s := db.state.Load()
		return len(s.mems)-1 >= db.opts.MaxImmutable || len(s.version.Levels[0]) >= db.opts.L0StopTrigger
	}
	if db.Writable() == nil && full() {
		db.throttle.stalled(func() {
			for db.Writable() == nil && full() {
				db.changed.Wait()
			}
		})
	}
	return db.Writable()
}
