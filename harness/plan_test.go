package harness

import (
	"slices"
	"testing"
)

// Every target is about a workload of its plan, and about engines that run there.
func TestTargetsFitTheirPlans(t *testing.T) {
	lines := 0
	for _, name := range PlanNames() {
		p, err := LoadPlan(name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Targets == nil {
			continue
		}
		for _, l := range p.Targets.Lines {
			lines++
			if !slices.Contains(p.Workloads, l.Workload) {
				t.Errorf("plan %s, target %q: no workload %s", name, l.Name, l.Workload)
			}
			for _, e := range slices.Concat(p.Targets.Own, l.Own, l.Peers) {
				if !slices.Contains(p.Engines, e) {
					t.Errorf("plan %s, target %q: no engine %s", name, l.Name, e)
				}
			}
		}
	}
	if lines < 40 {
		t.Errorf("%d targets: some plan has lost its own", lines)
	}
}
