package sim

import (
	"context"
	"slices"

	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// shrinkStates bounds the states explored for one smaller program that is tried.
const shrinkStates = 3000

// shrinkProgram gives the program a single writer, and leaves out crashes before the last
// one, steps of the program and operations of its batches, as long as an exploration of
// the rest finds the same rule broken. The single writer is tried first, since such a
// scenario repeats exactly: then each later try and each replay depends on the program
// alone, and not on chance. It returns the scenario with the smallest program found, and
// its finding.
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
			s.Seed++ // so that other states are drawn
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

// oneWriter returns the steps with one writer for all of them.
func oneWriter(steps []program.Step) []program.Step {
	alone := slices.Clone(steps)
	for i := range alone {
		alone[i].Writer = 0
	}
	return alone
}
