package breaker_test

import (
	"context"
	"testing"

	"lsmlab/harness/micro"
	"lsmlab/harness/micro/microtest"
	"lsmlab/harness/result"
	"lsmlab/harness/studies/breaker"
	"lsmlab/harness/studies/internal/served/servedtest"
)

// TestMain makes the test binary the server that is flooded. It takes as many requests as
// the burst, in all.
func TestMain(m *testing.M) { servedtest.Main(m) }

func TestKind(t *testing.T) { microtest.Run(t, breaker.Kind(), 20) }

// What is refused with the fall-back answer counts as such, and what is taken at once does
// not count as the rate.
func TestFigures(t *testing.T) {
	k := breaker.Kind()
	var c result.Cell
	j := k.Complete(micro.Job{Contender: "limited", Work: "flood", Keys: 50, Ops: 20, Threads: 2, Dir: t.TempDir()})
	if _, err := k.Measure(context.Background(), j, func(string, float64) {}, &c); err != nil {
		t.Fatal(err)
	}
	if c.Figures["taken_per_sec"] != 0 || c.Figures["fallback_share"] != 1 {
		t.Errorf("5 of 20 were taken at once, none later, all others were told: %v", c.Figures)
	}
}
