package sim

import (
	"context"
	"math/rand/v2"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/program"
)

// TestGoesOn has each fault that passes happen in programs with a fresh seed, and cuts
// the power everywhere in them. The store goes on after it, and nothing is found: what
// was acknowledged after the fault is there, what was refused never is, or is in its
// place.
func TestGoesOn(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	refused := 0
	for i := range faults {
		if !vfs.Exhausted(faults[i].Errno) {
			continue
		}
		for n, d := range []kv.Durability{kv.Synced, kv.Buffered} {
			s := Scenario{Profile: explore.PosixStrict, Seed: mix(seed) + uint64(2*i+n), Depth: 1, States: 150, All: 2}
			s.Program = program.Generate(s.Seed, program.Shape{Durability: d, Writes: 40})
			s.Fault = fault(i, rand.New(rand.NewPCG(s.Seed, 2)))
			s.Fault.Times = 5
			x := newExplorer(context.Background(), opener(t, "lsm-skiplist"), s)
			if err := x.explore(); err != nil {
				t.Fatal(err)
			}
			if x.finding != nil {
				t.Fatal(show(s, x.finding))
			}
			refused += x.refused
		}
	}
	if refused == 0 {
		t.Error("no write was refused")
	}
	t.Log("writes refused: ", refused)
}
