package oracle

import "slices"

// Fate is what became of one write, as far as the content tells.
type Fate string

// The fates.
const (
	FateNotBegun Fate = ""        // it began after the cut
	FateThere    Fate = "there"   // its keys show it, or what was written over it
	FateMissing  Fate = "missing" // its keys show older states
	FateTorn     Fate = "torn"    // some show it, some older states
	FateUnknown  Fate = "unknown" // its keys look alike with it and without it
)

// Fates says of each write of the history what became of it. Content is sorted by
// key; unlike Judge it may be any, so that what is broken can be drawn.
func (x *Index) Fates(cut Cut, content []Entry) []Fate {
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
	fates := make([]Fate, len(writes))
	for i, w := range writes {
		switch {
		case x.history.Writes[i].Begin > cut.Position:
		case w.in && w.out:
			fates[i] = FateTorn
		case w.in:
			fates[i] = FateThere
		case w.out:
			fates[i] = FateMissing
		default:
			fates[i] = FateUnknown
		}
	}
	return fates
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
