//go:build plantedbugs

package lsm

import (
	"fmt"
	"testing"

	"lsmlab/engines/internal/planted"
)

// TestPlantedGarbageGuessed: a table whose garbage is none is written again once, not for ever.
// Without a guard, Settle never returns here.
func TestPlantedGarbageGuessed(t *testing.T) {
	defer planted.Set("")
	db := openTxns(t, func(o *Options) { o.Deterministic = true })
	set(t, db, "a", "0")
	s, err := db.Snapshot()
	check(t, err)
	for i := range 20 {
		set(t, db, "a", fmt.Sprint(i))
	}
	check(t, db.Compact())
	if len(db.state.Load().hidden) != 1 {
		t.Fatal("no table says that it holds a version for the snapshot")
	}
	before := db.counters.compactions.Load()
	planted.Set(planted.GarbageGuessed)
	db.schedule()
	check(t, db.Settle())
	if n := db.counters.compactions.Load() - before; n != 1 {
		t.Errorf("%d compactions, want 1", n)
	}
	value, err := s.Get(nil, []byte("a"))
	check(t, err)
	if string(value) != "0" {
		t.Errorf("the snapshot reads %q", value)
	}
	check(t, s.Close())
}
