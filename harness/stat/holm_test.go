package stat

import (
	"math"
	"testing"
)

// By hand: 0.01, 0.02, 0.03 and 0.5 become 4*0.01, 3*0.02, then no less than that, and
// 0.5. What has no verdict is no member of the family.
func TestHolm(t *testing.T) {
	ratio := func(p float64) *Ratio { return &Ratio{Value: 2, P: p, Adjusted: p, Rounds: 5, Resolution: 1.1} }
	few := ratio(0.001)
	few.Rounds = 2
	none := ratio(1)
	none.Value = math.NaN()
	family := []*Ratio{ratio(0.03), few, ratio(0.01), ratio(0.5), none, ratio(0.02)}
	Holm(family)
	for i, want := range []float64{0.06, 0.001, 0.04, 0.5, 1, 0.06} {
		if math.Abs(family[i].Adjusted-want) > 1e-12 {
			t.Errorf("p %v became %v, want %v", family[i].P, family[i].Adjusted, want)
		}
	}
	if family[0].Resolved() || !family[2].Resolved() || family[1].Resolved() {
		t.Error("only the least P stands the correction")
	}
}
