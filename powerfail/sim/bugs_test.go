//go:build plantedbugs

package sim

import (
	"cmp"
	"context"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// TestPlantedBugs plants each bug that this tier can see and explores until it is
// found; a bug that is not found fails. What is found must be shown again by a
// replay of the finding. It runs with all bugs of the core compiled in.
func TestPlantedBugs(t *testing.T) {
	for _, b := range bugs.All() {
		if !b.Sees(Tier) {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			sound := opener(t, cmp.Or(b.Engine, "lsm-skiplist"))
			open := func(fs vfs.FS, d kv.Durability) (kv.Engine, error) { return sound(b.Wrap(fs), d) }
			c := Campaign{Open: open, Profile: explore.PosixStrict, Seed: 1, States: 200_000, Levels: kv.Isolations(), RangeDeletes: true}
			var found *rundir.Finding
			c.OnResult = func(_ Scenario, r Result, _ explore.Counts) {
				if r.Finding != nil {
					found = r.Finding
				}
			}
			total, err := c.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if found == nil {
				t.Fatalf("not found in %d distinct states", total.Distinct)
			}
			again, _, err := Replay(context.Background(), open, found)
			if err != nil || again == nil {
				t.Errorf("not shown again: %v\n%s", err, found.Program)
			}
			t.Logf("%d distinct states; %s under %s: %s", total.Distinct, found.Rule, found.Weakest, found.Detail)
		})
	}
}
