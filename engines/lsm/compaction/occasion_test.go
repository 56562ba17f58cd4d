package compaction

import "testing"

// An occasion lasts from a tick, or from a pressure that stops writes, until nothing is left.
func TestOccasion(t *testing.T) {
	always := Occasion{Stop: 12}
	if !always.Now(Pressure{}) {
		t.Error("what is found does not begin at once")
	}
	o := Occasion{OnTick: true, Stop: 12}
	for i, step := range []struct {
		do       func()
		pressure float64
		want     bool
	}{
		{func() {}, 11, false},
		{o.Tick, 0, true},
		{func() {}, 4, true},
		{o.Rest, 4, false},
		{func() {}, 12, true},
		{func() {}, 4, true}, // all that is left, not what stops writes alone
		{o.Rest, 11.9, false},
	} {
		step.do()
		if got := o.Now(Pressure{L0: step.pressure, Deep: 100}); got != step.want {
			t.Errorf("step %d, pressure %v: %v, want %v", i, step.pressure, got, step.want)
		}
	}
}
