package workloads

import (
	"errors"
	"fmt"
	"math"

	"lsmlab/engines/nearest"
	"lsmlab/workloads/dist"
)

// chooser draws kinds of operation by their shares.
type chooser struct {
	kinds  []Kind
	limits []uint64 // kind i is drawn up to limits[i], of 2^64; the last is the maximum
}

func newChooser(mix []share) chooser {
	var sum, below float64
	for _, s := range mix {
		sum += s.weight
	}
	var c chooser
	for i, s := range mix {
		below += s.weight
		limit := uint64(math.MaxUint64)
		if i < len(mix)-1 && below < sum {
			limit = uint64(below / sum * 0x1p64)
		}
		c.kinds, c.limits = append(c.kinds, s.kind), append(c.limits, limit)
	}
	return c
}

// next draws a kind. If there is only one, it takes no random word.
func (c *chooser) next(src *dist.Source) Kind {
	if len(c.kinds) == 1 {
		return c.kinds[0]
	}
	u, i := src.Uint64(), 0
	for u > c.limits[i] {
		i++
	}
	return c.kinds[i]
}

// parseMix turns a spec's mix into shares, in the order of [Kind].
func parseMix(mix map[string]float64) ([]share, error) {
	var shares []share
	for kind := range mixableCount {
		weight, ok := mix[kind.String()]
		if !ok || weight == 0 {
			continue
		}
		if !(weight > 0 && weight < 1e9) {
			return nil, fmt.Errorf("share of %s is %v: want a positive number", kind, weight)
		}
		shares = append(shares, share{kind, weight})
	}
	for name := range mix {
		if !isMixable(name) {
			return nil, nearest.Unknown("kind of operation", name, mixableNames())
		}
	}
	if len(shares) == 0 {
		return nil, errors.New(`no share above 0: give some, as in {"get": 0.9, "set": 0.1}`)
	}
	return shares, nil
}

// mixableNames lists the kinds that a mix may have. The full scan is not among them,
// because it needs a store that does not change.
func mixableNames() []string {
	var names []string
	for kind := range mixableCount {
		if kind != ReadNext {
			names = append(names, kind.String())
		}
	}
	return names
}

func isMixable(name string) bool {
	for _, n := range mixableNames() {
		if n == name {
			return true
		}
	}
	return false
}

// shareOf returns the share of one kind in a mix, as a fraction.
func shareOf(mix []share, kind Kind) float64 {
	var sum, of float64
	for _, s := range mix {
		sum += s.weight
		if s.kind == kind {
			of += s.weight
		}
	}
	if sum == 0 {
		return 0
	}
	return of / sum
}
