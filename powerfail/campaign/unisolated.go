package campaign

import (
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// Unisolated returns the finding of a tier that transactions of a program were not
// isolated. The run of the program shows it without a crash, so the finding has no crash
// state, and nothing was lost.
func Unisolated(tier string, key rundir.Key, text string, broken *oracle.Violation) rundir.Finding {
	return rundir.Finding{
		Tier: tier, Key: key, Rule: broken.Rule, Detail: broken.Detail, Depth: 1,
		Lost: []rundir.Loss{{What: "nothing: no power was cut"}}, Program: text,
	}
}

// RunUnisolated runs the program of a finding of [Unisolated] again. It returns the finding
// with the violation that this run shows, or nil if the run shows none.
func RunUnisolated(f *rundir.Finding, run func(*program.Program) error) (*rundir.Finding, explore.Counts, error) {
	p, err := program.Parse(f.Program)
	if err != nil {
		return nil, explore.Counts{}, err
	}
	counts := explore.Counts{Programs: 1}
	err = run(p)
	broken := program.Broken(err)
	if broken == nil {
		return nil, counts, err
	}
	again := *f
	again.Detail = broken.Detail
	return &again, counts, nil
}
