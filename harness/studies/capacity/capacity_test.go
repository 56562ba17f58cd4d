package capacity_test

import (
	"context"
	"testing"

	"lsmlab/harness/micro"
	"lsmlab/harness/micro/microtest"
	"lsmlab/harness/result"
	"lsmlab/harness/studies/capacity"
	"lsmlab/harness/studies/internal/served/servedtest"
)

// TestMain makes the test binary the servers of the fleet.
func TestMain(m *testing.M) { servedtest.Main(m) }

func TestKind(t *testing.T) { microtest.Run(t, capacity.Kind(), 20) }

// Formulas say how many instances there are: a quarter of the peak each, so 4 without
// headroom and 6 with; the source's formula needs 1 x 1.3 of them.
func TestInstances(t *testing.T) {
	for contender, want := range map[string]float64{"as-given": 2, "bare": 4, "headroom": 6} {
		k := capacity.Kind()
		var c result.Cell
		j := k.Complete(micro.Job{Contender: contender, Work: "lost", Keys: 40, Ops: 20, Threads: 2, Seed: 1, Dir: t.TempDir()})
		if _, err := k.Measure(context.Background(), j, func(string, float64) {}, &c); err != nil {
			t.Fatal(err)
		}
		if c.Figures["instances"] != want || c.Ops != 20 {
			t.Errorf("%s: %v, %d requests, want %v instances", contender, c.Figures, c.Ops, want)
		}
	}
}
