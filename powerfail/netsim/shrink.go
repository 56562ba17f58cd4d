package netsim

import "slices"

// shrinkRuns bounds the runs that shrinking takes.
const shrinkRuns = 20_000

// Shrink leaves out what need not happen for the same rule to be broken: events, alone
// and in groups (Zeller's ddmin), then time. It returns the least schedule that it found.
func Shrink(o Options, s *Schedule) *Schedule {
	first := Run(o, s)
	if first.Broken == nil {
		return s
	}
	runs := 0
	breaks := func(t *Schedule) bool {
		runs++
		r := Run(o, t)
		return r.Broken != nil && r.Broken.Rule == first.Broken.Rule
	}
	for changed := true; changed && runs < shrinkRuns; {
		changed = false
		for size := max(1, len(s.Events)/2); size >= 1; size /= 2 {
			for at := 0; at < len(s.Events) && runs < shrinkRuns; {
				t := *s
				t.Events = slices.Delete(slices.Clone(s.Events), at, min(at+size, len(s.Events)))
				if breaks(&t) {
					s, changed = &t, true
				} else {
					at += size
				}
			}
		}
		for _, horizon := range []int64{s.Horizon / 2, s.Horizon * 3 / 4, s.Horizon - tickUnits} {
			t := *s
			if t.Horizon = horizon; horizon > 0 && breaks(&t) {
				s, changed = &t, true
				break
			}
		}
	}
	return s
}
