package harness

import (
	"errors"
	"math"
	"testing"
	"time"

	"lsmlab/engines/testseed"
	"lsmlab/harness/result"
)

// The search finds the highest rate of a store that keeps up to a capacity, in the logarithm
// of the number of rates, and to a tenth.
func TestHighestRate(t *testing.T) {
	rng := testseed.Rand(t)
	for range 500 {
		peak := math.Exp(rng.Float64() * 15)
		capacity := peak * rng.Float64() * 1.2
		found, asked := 0.0, 0
		err := highest(trialRates(peak), func(rate float64) (bool, error) {
			asked++
			if rate <= capacity {
				found = rate
			}
			return rate <= capacity, nil
		})
		reach := min(capacity, firstShare*peak)
		if err != nil || asked > 6 || found > reach || found < reach*rateStep && capacity > 1.2*lastShare*peak {
			t.Fatalf("peak %v, capacity %v: found %v after %d trials, %v", peak, capacity, found, asked, err)
		}
	}
	broken := errors.New("broken")
	if err := highest(trialRates(100), func(float64) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestTrial(t *testing.T) {
	const objective = 10 * time.Millisecond
	late := func(d time.Duration) *result.Latency { return &result.Latency{P999: d.Nanoseconds()} }
	for why, c := range map[string]result.Cell{
		"":                                      {Rate: 100, OpsPerSec: 96, Intended: late(objective)},
		"94 operations/s done":                  {Rate: 100, OpsPerSec: 94, Intended: late(objective)},
		"compaction debt grows":                 {Rate: 100, OpsPerSec: 100, Intended: late(objective), DebtGrows: true},
		"p99.9 from the intended start is 11ms": {Rate: 100, OpsPerSec: 100, Intended: late(11 * time.Millisecond)},
	} {
		if got := trialOf(c, objective); got.Why != why || got.Holds != (why == "") {
			t.Errorf("%+v, want %q", got, why)
		}
	}
}
