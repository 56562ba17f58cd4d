package rundir

import (
	"math"
	"strings"
	"testing"

	"lsmlab/powerfail/explore"
)

func TestBound(t *testing.T) {
	cell := func(programs, distinct int64, broken map[string]int64) Cell {
		return Cell{Counts: explore.Counts{Programs: programs, Distinct: distinct, Violations: broken}}
	}
	for _, c := range []struct {
		cells []Cell
		want  []string // none: no text
	}{
		{nil, nil},
		{[]Cell{cell(1, 0, nil)}, nil},
		{[]Cell{cell(9, 1000, map[string]int64{"lost": 1})}, nil},
		{[]Cell{cell(1, 300, nil)}, []string{"in 300 distinct states", "one of 100 would", "alike, so the true figure is lower"}},
		{[]Cell{cell(60, 2_000_000, nil), cell(30, 1_000_000, nil)}, []string{"one of 1000000 would", "profile: in one of 333333)", "one of 30."}},
	} {
		got := Bound(c.cells)
		if (got == "") != (c.want == nil) {
			t.Errorf("%+v: %q", c.cells, got)
		}
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%q is missing in %q", want, got)
			}
		}
	}
	// The rule of three is ln 20 rounded up, at its limit.
	if chance := 1 - math.Pow(1-1.0/1_000_000, 3_000_000); chance < 0.95 {
		t.Errorf("a bug of one in a million is found with %.3f", chance)
	}
}

// A cell that took no time has no rate, and none that is not a number.
func TestRate(t *testing.T) {
	if r := (&Cell{}).Rate(); r != 0 {
		t.Errorf("%v states a second", r)
	}
	if r := (&Cell{Counts: explore.Counts{Distinct: 30}, Seconds: 2}).Rate(); r != 15 {
		t.Errorf("%v states a second, want 15", r)
	}
}
