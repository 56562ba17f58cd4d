package explore

import (
	"math/rand/v2"
	"strings"
)

// Counts say how much was explored. Counts of different programs can be added up.
type Counts struct {
	Programs int64 `json:"programs"`
	Explored int64 `json:"explored"` // crash states made
	// Distinct counts those that were checked: states that differ, within one
	// program, in content or in the writes that must be found in them.
	Distinct   int64            `json:"distinct"`
	Violations map[string]int64 `json:"violations,omitempty"` // by rule
	// Coverage counts states by what was about to happen: "write wal".
	Coverage map[string]int64 `json:"coverage"`
	// Losses counts states by what they lost: "write wal torn". One state counts for
	// each kind of loss that it has.
	Losses map[string]int64 `json:"losses,omitempty"`
	// Refused counts states that the kernel did not mount: they say nothing of the
	// store, and are in no other count but Explored.
	Refused int64 `json:"refused,omitempty"`
	// Unconfirmed counts states that broke a rule once, and not when they were checked
	// again. They are in Distinct and in no Violations.
	Unconfirmed int64 `json:"unconfirmed,omitempty"`
	// Depths[i] counts distinct states after i+1 crashes.
	Depths []int64 `json:"depths"`
}

// FreshSeed draws the seed of a run that was given none. It has 12 digits at most,
// so that it is typed easily.
func FreshSeed() uint64 { return rand.Uint64N(1e12) }

// Add adds o to c.
func (c *Counts) Add(o *Counts) {
	c.Programs += o.Programs
	c.Explored += o.Explored
	c.Distinct += o.Distinct
	addTo(&c.Violations, o.Violations)
	addTo(&c.Coverage, o.Coverage)
	addTo(&c.Losses, o.Losses)
	c.Refused += o.Refused
	c.Unconfirmed += o.Unconfirmed
	for i, n := range o.Depths {
		c.AtDepth(i+1, n)
	}
}

func addTo(dst *map[string]int64, src map[string]int64) {
	for key, n := range src {
		Count(dst, key, n)
	}
}

// Count adds n at key, and makes the map if it is nil.
func Count(m *map[string]int64, key string, n int64) {
	if *m == nil {
		*m = map[string]int64{}
	}
	(*m)[key] += n
}

// LossGrid returns Losses by operation with kind of loss, then role: "write-torn wal".
func (c *Counts) LossGrid() map[string]int64 {
	grid := map[string]int64{}
	for key, n := range c.Losses {
		if words := strings.Fields(key); len(words) == 3 {
			grid[words[0]+"-"+words[2]+" "+words[1]] += n
		}
	}
	return grid
}

// AtDepth counts n distinct states after depth crashes, 1 or more.
func (c *Counts) AtDepth(depth int, n int64) {
	for len(c.Depths) < depth {
		c.Depths = append(c.Depths, 0)
	}
	c.Depths[depth-1] += n
}
