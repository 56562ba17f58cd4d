package compaction

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
)

var small = Planner{L0Trigger: 4, BaseBytes: 100, SizeRatio: 10}

func idle(uint64) bool { return false }

// shape is a version built from a few words: tables as "id:lo-hi" of 10 bytes.
func shape(t *testing.T, levels ...[]string) *manifest.Version {
	t.Helper()
	e := &manifest.Edit{}
	for l, tables := range levels {
		for _, spec := range tables {
			var id uint64
			var lo, hi string
			if _, err := fmt.Sscanf(spec, "%d:%1s-%1s", &id, &lo, &hi); err != nil {
				t.Fatalf("%q: %v", spec, err)
			}
			e.Added = append(e.Added, manifest.LevelTable{Level: l, Table: &manifest.Table{
				ID: id, Size: 10, Smallest: []byte(lo), Largest: []byte(hi),
				MinSeq: ikey.Seq(id), MaxSeq: ikey.Seq(id), Entries: 1,
			}})
		}
	}
	v, err := (&manifest.Version{}).Apply(e)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func ids(p Plan) (ids []uint64) {
	for _, in := range p.Inputs {
		ids = append(ids, in.Table.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestPlan(t *testing.T) {
	full := []string{"11:a-b", "12:c-d", "13:e-f", "14:g-h", "15:i-j", "16:k-l", "17:m-n", "18:o-p", "19:q-r", "20:s-t", "21:u-v"}
	for _, tc := range []struct {
		name   string
		levels [][]string
		busy   uint64
		cursor string
		want   []uint64 // none: no plan
		output int
		move   bool
	}{
		{name: "empty"},
		{name: "few in L0", levels: [][]string{{"1:a-z", "2:a-z", "3:a-z"}}},
		{name: "L0 as a whole", levels: [][]string{{"1:a-m", "2:l-z", "3:a-z", "4:c-d"}, {"5:a-c", "6:x-z"}}, want: []uint64{1, 2, 3, 4, 5, 6}, output: 1},
		{name: "oldest of a sequential load", levels: [][]string{{"1:a-b", "2:c-d", "3:e-f", "4:g-h"}}, want: []uint64{1}, output: 1, move: true},
		{name: "L0 busy", levels: [][]string{{"1:a-m", "2:l-z", "3:a-z", "4:c-d", "7:a-z"}, {"5:a-c"}}, busy: 1},
		{name: "L1 busy", levels: [][]string{{"1:a-m", "2:l-z", "3:a-z", "4:c-d"}, {"5:a-c"}}, busy: 5},
		{name: "L1 full, nothing below", levels: [][]string{nil, full}, want: []uint64{11}, output: 2, move: true},
		{name: "L1 full, cursor", levels: [][]string{nil, full, {"30:e-g"}}, cursor: "d", want: []uint64{13, 30}, output: 2},
		{name: "L1 full, cursor at the end", levels: [][]string{nil, full}, cursor: "zz", want: []uint64{11}, output: 2, move: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var cursor [manifest.NumLevels][]byte
			cursor[1] = []byte(tc.cursor)
			busy := func(id uint64) bool { return id == tc.busy }
			plan, ok := small.Plan(shape(t, tc.levels...), busy, &cursor)
			if ok != (tc.want != nil) || ok && (!slices.Equal(ids(plan), tc.want) || plan.OutputLevel != tc.output || plan.Move != tc.move) {
				t.Errorf("plan %v into L%d (move %v, ok %v), want %v into L%d (move %v)",
					ids(plan), plan.OutputLevel, plan.Move, ok, tc.want, tc.output, tc.move)
			}
		})
	}
}

func TestPlanAll(t *testing.T) {
	if _, ok := PlanAll(shape(t), true); ok {
		t.Error("a plan for an empty version")
	}
	if _, ok := PlanAll(shape(t, nil, nil, []string{"1:a-b", "2:c-d"}), false); ok {
		t.Error("a plan for one sorted run")
	}
	if _, ok := PlanAll(shape(t, nil, nil, []string{"1:a-b"}), true); !ok {
		t.Error("no plan for a run with shadowed versions")
	}
	plan, ok := PlanAll(shape(t, []string{"1:a-z"}, nil, []string{"2:c-d"}), false)
	if !ok || plan.OutputLevel != 2 || !slices.Equal(ids(plan), []uint64{1, 2}) {
		t.Errorf("plan %v into L%d", ids(plan), plan.OutputLevel)
	}
}

// TestPlansKeepTheTreeSound carries out random plans on the version alone: it
// adds random tables to L0, runs every plan that is offered as a merge that
// keeps all ranges, and checks that the version stays sound, that no older
// version of a key ever comes to lie above a newer one, and that planning ends.
// A plan that left an overlapping older table behind in L0, or missed one in
// the output level, would fail the check.
func TestPlansKeepTheTreeSound(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	v, nextID := &manifest.Version{}, uint64(1)
	var cursor [manifest.NumLevels][]byte
	apply := func(e *manifest.Edit) {
		t.Helper()
		next, err := v.Apply(e)
		if err != nil {
			t.Fatal(err)
		}
		v = next
	}
	for range 300 {
		a, b := byte(rng.IntN(200)), byte(rng.IntN(200))
		apply(&manifest.Edit{Added: []manifest.LevelTable{{Table: &manifest.Table{
			ID: nextID, Size: 10, Smallest: []byte{min(a, b)}, Largest: []byte{max(a, b)},
			MinSeq: ikey.Seq(nextID), MaxSeq: ikey.Seq(nextID), Entries: 1,
		}}}})
		nextID++
		for steps := 0; ; steps++ {
			plan, ok := small.Plan(v, idle, &cursor)
			if !ok {
				break
			}
			if steps > 1000 {
				t.Fatal("planning does not end")
			}
			checkOrder(t, v, &plan)
			apply(carryOut(&plan, &nextID))
		}
	}
}

// carryOut returns the edit of a merge that writes one table over the range.
func carryOut(plan *Plan, nextID *uint64) *manifest.Edit {
	e := &manifest.Edit{}
	lo, hi := plan.Range()
	merged := &manifest.Table{ID: *nextID, Size: 10, Smallest: lo, Largest: hi, MinSeq: ikey.MaxSeq}
	*nextID++
	for _, in := range plan.Inputs {
		e.Removed = append(e.Removed, manifest.TableRef{Level: in.Level, ID: in.Table.ID})
		merged.MinSeq = min(merged.MinSeq, in.Table.MinSeq)
		merged.MaxSeq = max(merged.MaxSeq, in.Table.MaxSeq)
	}
	if plan.Move {
		merged = plan.Inputs[0].Table
	}
	e.Added = []manifest.LevelTable{{Level: plan.OutputLevel, Table: merged}}
	return e
}

// checkOrder fails if the plan would sink a table below an older one that it
// leaves where it is.
func checkOrder(t *testing.T, v *manifest.Version, plan *Plan) {
	t.Helper()
	taken := map[uint64]bool{}
	for _, in := range plan.Inputs {
		taken[in.Table.ID] = true
	}
	for _, in := range plan.Inputs {
		for _, other := range v.Tables() {
			older := other.Level == 0 && in.Level == 0 && other.Table.MaxSeq < in.Table.MinSeq ||
				other.Level > in.Level && other.Level <= plan.OutputLevel
			if older && !taken[other.Table.ID] && other.Table.Overlaps(in.Table.Smallest, in.Table.Largest) {
				t.Fatalf("plan %v into L%d sinks table %d below table %d of L%d",
					ids(*plan), plan.OutputLevel, in.Table.ID, other.Table.ID, other.Level)
			}
		}
	}
}

func TestDebt(t *testing.T) {
	if d := small.Debt(shape(t, []string{"1:a-z"}, []string{"2:a-z"})); d != 0 {
		t.Errorf("debt %d of a tree within its limits", d)
	}
	v := shape(t, []string{"1:a-z", "2:a-z", "3:a-z", "4:a-z"}, []string{"5:a-z"})
	if d := small.Debt(v); d != 50 {
		t.Errorf("debt %d, want the 50 bytes of L0 and L1", d)
	}
}

// What L1 holds over its limit counts as tables of L0.
func TestPressure(t *testing.T) {
	l0 := []string{"1:a-z", "2:a-z"}
	var l1 []string
	for i := range 20 {
		l1 = append(l1, fmt.Sprintf("%d:%c-%c", i+3, 'a'+i, 'a'+i))
	}
	within := int(small.LevelLimit(1) / 10) // tables of 10 bytes
	for n, want := range map[int]int{0: 2, within: 2, within + 1: 2, within + 2: 3, within + 5: 4} {
		if p := small.Pressure(shape(t, l0, l1[:n]), 20); p != want {
			t.Errorf("%d tables in L1: pressure %d, want %d", n, p, want)
		}
	}
}

func TestRange(t *testing.T) {
	plan, _ := PlanAll(shape(t, []string{"1:f-g", "2:b-c"}), false)
	if lo, hi := plan.Range(); !bytes.Equal(lo, []byte("b")) || !bytes.Equal(hi, []byte("g")) {
		t.Errorf("range %q-%q, want b-g", lo, hi)
	}
}
