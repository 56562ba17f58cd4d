package sim

import (
	"context"
	"slices"

	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// shrinkStates bounds the states that one try to shrink a program may explore.
const shrinkStates = 3000

// shrinkProgram makes the program one writer's, and leaves out crashes before the
// last, steps of the program and operations of its batches, as long as exploring
// what stays shows the same rule broken. One writer comes first: its scenario is
// repeated exactly, so that what is tried after it, and each replay, shows what
// there is and not luck. It returns the scenario that shows it with the least
// program found, and what it shows.
func shrinkProgram(ctx context.Context, open OpenFunc, s Scenario, f *rundir.Finding) (Scenario, *rundir.Finding) {
	try := func(steps []program.Step, depth int) bool {
		t := s
		t.Depth = depth
		t.States = min(s.States, shrinkStates)
		t.Program = &program.Program{Durability: s.Program.Durability, Steps: steps}
		r, err := Explore(ctx, open, t)
		if err != nil || r.Finding == nil || r.Finding.Rule != f.Rule {
			return false
		}
		s, f = t, r.Finding
		return true
	}
	if s.Program.Writers() > 1 {
		seed, alone := s.Seed, oneWriter(s.Program.Steps)
		for tries := 0; tries < replays && !try(alone, s.Depth); tries++ {
			s.Seed++ // draws other states
		}
		if s.Program.Writers() > 1 {
			s.Seed = seed
		}
	}
	for depth := 1; depth < s.Depth && !try(s.Program.Steps, depth); depth++ {
	}
	s.Program.Shrink(func(p *program.Program) bool { return try(p.Steps, s.Depth) })
	return s, f
}

// oneWriter returns the steps as those of one writer.
func oneWriter(steps []program.Step) []program.Step {
	alone := slices.Clone(steps)
	for i := range alone {
		alone[i].Writer = 0
	}
	return alone
}
