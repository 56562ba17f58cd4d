package lsm

import (
	"fmt"
	"testing"
	"time"
)

// TestCompactEvery: tables pile up until a tick, which merges all that is due, and only as high as
// writes allow.
func TestCompactEvery(t *testing.T) {
	db := openTxns(t, func(o *Options) {
		o.Deterministic, o.CompactEvery = true, time.Second
		o.L0CompactionTrigger, o.L0SlowdownTrigger, o.L0StopTrigger = 2, 6, 6
	})
	flush := func() (runs int64, merges int64) {
		set(t, db, "a", fmt.Sprint(db.LSN()))
		check(t, db.Flush())
		check(t, db.Settle())
		m := db.Metrics()
		return m.Levels[0].Runs, m.Compactions
	}
	for want := range int64(5) {
		if runs, merges := flush(); runs != want+1 || merges != 0 {
			t.Fatalf("%d runs, %d merges before a tick, want %d, 0", runs, merges, want+1)
		}
	}
	db.tick(0)
	check(t, db.Settle())
	if m := db.Metrics(); m.Levels[0].Runs >= 2 || m.Compactions == 0 {
		t.Errorf("%d runs, %d merges after a tick", m.Levels[0].Runs, m.Compactions)
	}
	merged := db.Metrics().Compactions
	most := int64(0)
	for range 20 {
		runs, _ := flush()
		most = max(most, runs)
	}
	if m := db.Metrics(); most < 4 || most >= 6 || m.Compactions == merged {
		t.Errorf("%d runs at most without a tick, %d merges", most, m.Compactions-merged)
	}
}
