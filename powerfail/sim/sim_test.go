package sim

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
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

// TestSound explores the variants of the core under all profiles that
// hold what a disk promises. Nothing may be found.
func TestSound(t *testing.T) {
	for _, engine := range engines.Own() {
		for _, p := range []explore.Profile{explore.DropAll, explore.Ext4Ordered, explore.PosixStrict} {
			t.Run(engine+"/"+string(p), func(t *testing.T) {
				c := Campaign{Open: opener(t, engine), Profile: p, Seed: testseed.New(t), States: 2500, Levels: kv.Isolations(), RangeDeletes: true}
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

// TestCoveringSound explores a little of each engine of the covering set, in which each
// two options meet: one generated program under the profile that loses most. The seed is
// fresh each time; a failure prints it, and `lsmlab crash sim --engines NAME --profile
// posix-strict --no-short --states 400 --seed SEED` shows it again.
func TestCoveringSound(t *testing.T) {
	for _, engine := range engines.Covering(kv.Synced) {
		t.Run(engine, func(t *testing.T) {
			c := Campaign{Open: opener(t, engine), Profile: explore.PosixStrict, Seed: rand.Uint64(), States: 400, NoShort: true, Levels: kv.Isolations(), RangeDeletes: true}
			t.Logf("seed %d", c.Seed)
			c.OnResult = func(s Scenario, r Result, _ explore.Counts) {
				if r.Finding != nil {
					t.Error(show(s, r.Finding))
				}
			}
			if total, err := c.Run(context.Background()); err != nil || total.Distinct < 400 {
				t.Fatal(total, err)
			}
		})
	}
}

// A finding ends with the program that it takes: of a log that is never synced
// one batch, of which two operations are enough to be torn.
func TestShrinkProgram(t *testing.T) {
	b, err := bugs.Lookup("wal-sync-skipped")
	if err != nil {
		t.Fatal(err)
	}
	sound := opener(t, "lsm-skiplist")
	open := func(fs vfs.FS, d kv.Durability) (kv.Engine, error) { return sound(b.Wrap(fs), d) }
	s := Scenario{Profile: explore.PosixStrict, Seed: 1, Depth: 2, States: 3000, Program: &program.Program{Durability: kv.Synced}}
	for range 4 {
		s.Program.Steps = append(s.Program.Steps, program.Step{Durability: kv.Synced, Ops: []program.Op{
			{Key: "a", Size: 10}, {Key: "b", Size: 20}, {Key: "c", Delete: true}, {Key: "d", Size: 30},
		}})
	}
	r, err := Explore(t.Context(), open, s)
	if err != nil || r.Finding == nil {
		t.Fatalf("%d states, %v", r.Distinct, err)
	}
	least, f := shrinkProgram(t.Context(), open, s, r.Finding)
	if steps := least.Program.Steps; len(steps) != 1 || len(steps[0].Ops) != 2 || least.Depth != 1 || f.Rule != oracle.RuleTorn {
		t.Errorf("%s at depth %d by\n%s", f.Rule, least.Depth, least.Program)
	}
}
