package oracle

import "slices"

// Outcome is what happened to one write, as far as the content shows.
type Outcome string

// The values of Outcome.
const (
	OutcomeNotBegun Outcome = ""        // the write began after the cut
	OutcomeThere    Outcome = "there"   // its keys show it, or a later write
	OutcomeMissing  Outcome = "missing" // its keys show older states
	OutcomeTorn     Outcome = "torn"    // some keys show it, some show older states
	OutcomeUnknown  Outcome = "unknown" // its keys look alike with it and without it
)

// outcomes returns what happened to each write of the history. content is sorted by key.
// Unlike the content of Judge it may violate any rule, so that a broken store can be
// drawn.
func (x *Index) outcomes(cut Cut, content []Entry) []Outcome {
	j := x.judgement(cut)
	type seen struct{ in, out bool }
	writes := make([]seen, len(x.history.Writes))
	for i := range x.keys {
		k := &x.keys[i]
		if k.lane == noLane {
			continue
		}
		c := claim{key: k}
		at, ok := slices.BinarySearchFunc(content, k.key, func(e Entry, key string) int { return compare(e.Key, key) })
		if ok {
			c.found = &content[at]
		}
		if c.match(j.begunOf(k)); len(c.spans) == 0 {
			continue
		}
		for _, v := range k.versions {
			if v.n == 0 || v.n > j.begun[k.lane] {
				continue
			}
			w := &writes[x.lanes[k.lane].writes[v.n-1]]
			w.in = w.in || c.first() >= v.n
			w.out = w.out || c.last() <= v.n
		}
	}
	outcomes := make([]Outcome, len(writes))
	for i, w := range writes {
		switch {
		case x.history.Writes[i].Begin > cut.Position:
		case w.in && w.out:
			outcomes[i] = OutcomeTorn
		case w.in:
			outcomes[i] = OutcomeThere
		case w.out:
			outcomes[i] = OutcomeMissing
		default:
			outcomes[i] = OutcomeUnknown
		}
	}
	return outcomes
}

func compare(a []byte, b string) int {
	switch {
	case string(a) < b:
		return -1
	case string(a) > b:
		return 1
	}
	return 0
}
