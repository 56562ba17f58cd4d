package machine

import (
	"testing"
	"time"
)

// The work of this process is no disturbance, and a kernel that hides its counters
// gives none.
func TestSince(t *testing.T) {
	start := time.Unix(1000, 0)
	before := Activity{at: start, busy: 100 * time.Second, steal: time.Second, own: 10 * time.Second, swapped: 5, throttled: 1}
	after := Activity{at: start.Add(10 * time.Second), busy: 115 * time.Second, steal: 2 * time.Second, own: 20 * time.Second, swapped: 7, throttled: 4}
	if d := after.Since(before); d != (Disturbance{OtherCores: 0.5, StealCores: 0.1, Swapped: 2, Throttled: 3}) {
		t.Errorf("%+v", d)
	}
	after.busy = 105 * time.Second // ticks that are too coarse
	if d := after.Since(before); d.OtherCores != 0 {
		t.Errorf("%+v", d)
	}
	hidden := Activity{at: start.Add(time.Second)}
	if d := hidden.Since(Activity{at: start}); d != (Disturbance{}) {
		t.Errorf("%+v", d)
	}
}
