package program

import "slices"

// Shrink returns what is left of the program when steps are left out, and then
// operations of batches, as long as shows says that the rest will do. shows gets
// programs of its own.
func (p *Program) Shrink(shows func(*Program) bool) *Program {
	least := p
	try := func(steps []Step) bool {
		q := &Program{Durability: p.Durability, Steps: steps}
		if !shows(q) {
			return false
		}
		least = q
		return true
	}
	leaveOut(len(p.Steps), func(from, to int) bool {
		return try(without(least.Steps, from, to))
	})
	for i := range least.Steps {
		leaveOut(len(least.Steps[i].Ops), func(from, to int) bool {
			steps := slices.Clone(least.Steps)
			steps[i].Ops = without(steps[i].Ops, from, to)
			return try(steps)
		})
	}
	return least
}

// leaveOut tries to leave out each range of n things, but not all of them: halves
// first, single ones last. try says whether the range is gone.
func leaveOut(n int, try func(from, to int) bool) {
	for size := n / 2; size >= 1; size /= 2 {
		for from := 0; from < n; {
			to := min(from+size, n)
			if to-from < n && try(from, to) {
				n -= to - from
			} else {
				from = to
			}
		}
	}
}

// without returns a new slice that lacks a range.
func without[T any](s []T, from, to int) []T { return slices.Concat(s[:from], s[to:]) }
