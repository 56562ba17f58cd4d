package compaction

// Occasion says when compactions begin that a planner finds. It is pure; its user keeps it
// from being used at once. The zero value lets them begin whenever they are found.
type Occasion struct {
	// OnTick lets them begin at a tick: then all that is found, and what follows from it, until
	// nothing is left.
	OnTick bool
	// Stop is the pressure of L0 at which writes stop. They would wait for a tick, so this is
	// one too.
	Stop float64

	due bool // since a tick, until nothing was left
}

// Tick makes what is found from now on begin.
func (o *Occasion) Tick() { o.due = true }

// Now says whether compactions begin now.
func (o *Occasion) Now(p Pressure) bool {
	if p.L0 >= o.Stop {
		o.due = true
	}
	return !o.OnTick || o.due
}

// Rest notes that none is found and none runs.
func (o *Occasion) Rest() { o.due = false }
