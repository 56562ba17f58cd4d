package sim

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// opener opens an engine by name.
func opener(t testing.TB, name string) OpenFunc {
	t.Helper()
	info, err := engines.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return func(fs vfs.FS, d kv.Durability) (kv.Engine, error) {
		return info.Open(Dir, engines.Options{FS: fs, Small: true, Durability: d})
	}
}

// show says all of a finding.
func show(s Scenario, f *rundir.Finding) string {
	text, _ := json.MarshalIndent(f, "", " ")
	scenario, _ := json.Marshal(s)
	return strings.Join([]string{string(text), string(scenario), s.Program.String()}, "\n")
}

// TestSound explores the three variants of the core under all profiles that
// hold what a disk promises. Nothing may be found.
func TestSound(t *testing.T) {
	for _, engine := range []string{"lsm-skiplist", "lsm-rbtree", "lsm-bptree"} {
		for _, p := range []explore.Profile{explore.DropAll, explore.Ext4Ordered, explore.PosixStrict} {
			t.Run(engine+"/"+string(p), func(t *testing.T) {
				c := Campaign{Open: opener(t, engine), Profile: p, Seed: 1, States: 2500}
				c.OnResult = func(s Scenario, r Result, _ explore.Counts) {
					if r.Finding != nil {
						t.Error(show(s, r.Finding))
					}
				}
				total, err := c.Run(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d programs, %d explored, %d distinct, depths %v", total.Programs, total.Explored, total.Distinct, total.Depths)
			})
		}
	}
}
