package verdict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lsmlab/harness/human"
	"lsmlab/powerfail/rundir"
)

// crashed is what crash tests say of one engine.
type crashed struct {
	states   int64
	broken   map[string]bool // rules that were violated, with the profile
	texts    []string        // of the runs
	evidence string          // that of the first run with a violation, else of the first one
	stopped  bool
}

// crashes reads the crash test in a directory into what is known of each engine. Planted bugs
// are no fault of an engine, so cells that have one are left out.
func crashes(all map[string]*crashed, dir, evidence string) error {
	run, cells, _, err := rundir.Read(dir)
	if err != nil {
		return err
	}
	byEngine := map[string][]rundir.Cell{}
	for _, c := range cells {
		if c.Bug == "" && c.Engine != "" {
			byEngine[c.Engine] = append(byEngine[c.Engine], c)
		}
	}
	for engine, cells := range byEngine {
		if all[engine] == nil {
			all[engine] = &crashed{broken: map[string]bool{}, evidence: evidence}
		}
		all[engine].add(&run, cells, evidence)
	}
	return nil
}

// add adds the cells of a run.
func (c *crashed) add(run *rundir.Run, cells []rundir.Cell, evidence string) {
	before, states := len(c.broken), int64(0)
	var profiles []string
	for i := range cells {
		states += cells[i].Distinct
		profiles = append(profiles, cells[i].Profile)
		for rule := range cells[i].Violations {
			c.broken[rule+" under "+cells[i].Profile] = true
		}
	}
	if before == 0 && len(c.broken) > 0 {
		c.evidence = evidence
	}
	c.states += states
	c.stopped = c.stopped || run.Stopped
	slices.Sort(profiles)
	c.texts = append(c.texts, fmt.Sprintf("%s states, %s (%s)", human.Thousands(fmt.Sprint(states)), run.Tier, strings.Join(slices.Compact(profiles), ", ")))
}

// cell is the answer to whether a power cut takes what was promised.
func (c *crashed) cell() Cell {
	if c.states == 0 {
		return notMeasured("no crash state was judged", c.evidence)
	}
	out := Cell{Verdict: Sound, States: c.states, Evidence: c.evidence}
	text := "nothing lost"
	if len(c.broken) > 0 {
		out.Verdict = Finding
		text = "finding: " + strings.Join(slices.Sorted(maps.Keys(c.broken)), ", ")
	}
	out.Text = text + " in " + strings.Join(c.texts, "; ")
	if c.stopped {
		out.Text += "; interrupted, so there may be more"
	}
	return out
}
