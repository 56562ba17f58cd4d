package harness

import (
	"slices"
	"strings"
	"testing"

	"lsmlab/engines"
	"lsmlab/harness/memrace"
	"lsmlab/harness/micro"
	"lsmlab/harness/result"
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
		if err := expandPlan(everything(), &p); err != nil {
			t.Fatal(err)
		}
		for _, l := range p.Targets.Lines {
			lines++
			if !slices.Contains(p.Workloads, l.Workload) || l.Over != "" && !slices.Contains(p.Workloads, l.Over) {
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

// everything is a catalog of the tables and engines that a plan may name: those of
// this module, and peers that this build may lack.
func everything() Catalog {
	return Catalog{
		Engines: append(engines.Own(), "pebble"),
		Lookup: func(name string) (result.EngineInfo, error) {
			base, _, _ := strings.Cut(name, "+")
			return result.EngineInfo{Name: name, Own: slices.Contains(engines.Own(), base)}, nil
		},
		Kinds: []micro.Kind{memrace.Kind(append(memrace.Own(), memrace.Peers()...))},
	}
}

// Groups stand for their members, in plans, in their targets and for bare tables;
// what they stand for is written down.
func TestGroups(t *testing.T) {
	p := result.Plan{Engines: []string{"pebble", "@own", "lsm-bptree+pread"}, Targets: &result.Targets{Own: []string{"@own"}}}
	if err := expandPlan(everything(), &p); err != nil {
		t.Fatal(err)
	}
	if want := slices.Concat([]string{"pebble"}, engines.Own(), []string{"lsm-bptree+pread"}); !slices.Equal(p.Engines, want) {
		t.Errorf("engines %q, want %q", p.Engines, want)
	}
	if !slices.Equal(p.Targets.Own, engines.Own()) {
		t.Errorf("own of the targets: %q", p.Targets.Own)
	}
	p = result.Plan{MemTables: true, Engines: []string{"@peers", "bptree"}}
	if err := expandPlan(everything(), &p); err != nil {
		t.Fatal(err)
	}
	if want := len(memrace.Peers()) + 1; len(p.Engines) != want || p.Engines[want-1] != "bptree" {
		t.Errorf("bare tables %q", p.Engines)
	}
	for name, want := range map[string]string{"@owm": "did you mean @own?", "@": "known: @own, @peers"} {
		p = result.Plan{Engines: []string{name}}
		if err := expandPlan(everything(), &p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
