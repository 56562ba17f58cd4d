package replicas_test

import (
	"math"
	"testing"

	"lsmlab/harness/load/replicas"
)

func TestReplicas(t *testing.T) {
	// 10,000/s on instances of 1,200/s: 8.33 of them, 10.8 with headroom.
	if got := replicas.For(10_000, 1200); got != 11 {
		t.Errorf("replicas %v", got)
	}
	// As given: 10,000 x 0.5 / 1,200 is 4.17, so 5 x 1.3.
	if got := replicas.AsGiven(10_000, 0.5, 1200); math.Abs(got-6.5) > 1e-9 {
		t.Errorf("as given %v", got)
	}
	// With a second a request the two differ by rounding alone.
	if got := replicas.AsGiven(10_000, 1, 1250); math.Abs(got-8*replicas.Headroom) > 1e-9 || replicas.For(10_000, 1250) != 11 {
		t.Errorf("as given %v, replicas %v", got, replicas.For(10_000, 1250))
	}
	if got := replicas.Bare(10_000, 1200); got != 9 {
		t.Errorf("bare %v", got)
	}
}
