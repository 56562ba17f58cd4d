package compare

import (
	"cmp"
	"fmt"
	"slices"

	"lsmlab/harness/result"
)

// Group identifies cells that differ only in their round: the samples of one figure.
type Group struct {
	Engine     string  `json:"engine"`
	Workload   string  `json:"workload"`
	Durability string  `json:"durability"`
	Threads    int     `json:"threads"`
	Rate       float64 `json:"rate,omitempty"`
}

// GroupOf returns the group of a cell.
func GroupOf(c result.Cell) Group {
	return Group{c.Engine, c.Workload, c.Durability, c.Threads, c.Rate}
}

// String names the group for people.
func (g Group) String() string {
	s := fmt.Sprintf("%s %s %s t=%d", g.Engine, g.Workload, g.Durability, g.Threads)
	if g.Rate > 0 {
		s += fmt.Sprintf(" rate=%g", g.Rate)
	}
	return s
}

// GroupsInOrder returns every group once. The order is by workload, durability, threads
// and rate, then by engine.
func GroupsInOrder(sets ...[]result.Cell) []Group {
	var groups []Group
	seen := map[Group]bool{}
	for _, cells := range sets {
		for _, c := range cells {
			if g := GroupOf(c); !seen[g] {
				seen[g] = true
				groups = append(groups, g)
			}
		}
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(
			cmp.Compare(a.Workload, b.Workload), cmp.Compare(a.Durability, b.Durability), cmp.Compare(a.Threads, b.Threads),
			cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Engine, b.Engine))
	})
	return groups
}

// SampleSets are the sound cells of each group.
func SampleSets(cells []result.Cell) map[Group][]result.Cell {
	out := map[Group][]result.Cell{}
	for _, c := range cells {
		if c.OK() {
			out[GroupOf(c)] = append(out[GroupOf(c)], c)
		}
	}
	return out
}
