package harness

import (
	"reflect"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/harness/result"
)

func testPlan() result.Plan {
	return result.Plan{
		Engines: []string{"a", "b", "c", "d"}, Workloads: []string{"fillrandom", "ycsb-a"}, Durabilities: []string{"buffered", "synced"},
		Threads: []int{1, 4}, Rounds: 6, Seed: 1, Keys: 100,
	}
}

// Every cell once; rounds in order; engines of a group side by side, in an order
// that changes from round to round; equal seeds give equal orders.
func TestExpand(t *testing.T) {
	p := testPlan()
	all := func(c *CellSpec) string {
		if c.Engine == "d" && c.Durability == kv.Synced {
			return "not given"
		}
		return ""
	}
	cells, err := expand(p, all)
	if err != nil {
		t.Fatal(err)
	}
	if len(cells) != 4*2*2*2*6 {
		t.Fatalf("%d cells", len(cells))
	}
	seen, orders := map[string]bool{}, map[string]bool{}
	seeds := map[int]uint64{}
	order := ""
	for i, c := range cells {
		if seen[c.ID] {
			t.Errorf("%s twice", c.ID)
		}
		seen[c.ID] = true
		if i > 0 && c.Round < cells[i-1].Round {
			t.Error("rounds out of order")
		}
		if s, ok := seeds[c.Round]; ok && s != c.Spec.Seed {
			t.Error("engines of a round have different seeds")
		}
		seeds[c.Round] = c.Spec.Seed
		if (c.Refused != "") != (c.Engine == "d" && c.Durability == kv.Synced) {
			t.Errorf("%s: refused %q", c.ID, c.Refused)
		}
		order += c.Engine
		if i%4 == 3 {
			first := cells[i-3]
			if first.Workload != c.Workload || first.Durability != c.Durability || first.Spec.Threads != c.Spec.Threads {
				t.Errorf("group of %s is broken up", c.ID)
			}
			orders[order] = true
			order = ""
		}
	}
	if len(orders) < 8 || len(seeds) != 6 {
		t.Errorf("only %d orders of engines in 48 groups, %d seeds", len(orders), len(seeds))
	}
	again, err := expand(p, all)
	if err != nil || !reflect.DeepEqual(again, cells) {
		t.Errorf("the same seed gave another order, %v", err)
	}
}

func TestWorkloadOptions(t *testing.T) {
	p := testPlan()
	p.WorkloadOptions = map[string]map[string]any{
		"deletes": {"workload": "mix", "mix": map[string]any{"get": 1.0, "delete": 1.0}, "scan_length": 7.0},
	}
	s, err := workloadSpec(p, "deletes", 3, 9)
	if err != nil || s.Workload != "mix" || s.Mix["delete"] != 1 || s.ScanLength != 7 || s.Threads != 3 || s.Keys != 100 {
		t.Errorf("%+v %v", s, err)
	}
	p.WorkloadOptions["deletes"]["scan_size"] = 7.0
	if _, err := workloadSpec(p, "deletes", 3, 9); err == nil {
		t.Error("an option that does not exist was taken")
	}
}
