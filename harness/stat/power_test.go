package stat

import (
	"math"
	"testing"

	"lsmlab/engines/testseed"
)

// Ten pairs and a true difference of one standard deviation have a power of 0.803: the
// figure of R's pwr.t.test(n = 10, d = 1, type = "paired").
func TestPowerOfKnownCase(t *testing.T) {
	if got := tPower(math.Sqrt(10), tQuantile(9), 9); math.Abs(got-0.8031) > 0.0005 {
		t.Errorf("power %.4f, want 0.8031", got)
	}
	if got := tPower(0, tQuantile(4), 4); math.Abs(got-Alpha) > 0.0005 {
		t.Errorf("without a difference, %.4f are shown, want %v", got, Alpha)
	}
}

// A true difference of the size of the resolution is shown in 80% of simulated runs. The
// limits are five standard deviations of the count away.
func TestResolutionHasItsPower(t *testing.T) {
	const runs = 5000
	for _, rounds := range []int{2, 3, 5, 10, 30} {
		rng := testseed.Rand(t)
		truth := noncentrality(float64(rounds-1)) / math.Sqrt(float64(rounds)) // in standard deviations
		shown := 0
		for range runs {
			within := make([]float64, rounds)
			for i := range within {
				within[i] = truth + rng.NormFloat64()
			}
			if pairedDifference(within).p() < Alpha {
				shown++
			}
		}
		if share := float64(shown) / runs; math.Abs(share-Power) > 5*math.Sqrt(Power*(1-Power)/runs) {
			t.Errorf("%d rounds: %.3f shown, want %v", rounds, share, Power)
		}
	}
}
