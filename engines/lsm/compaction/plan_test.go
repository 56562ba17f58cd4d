package compaction

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/manifest"
)

// small is a planner of tables of 10 bytes: L5 is needed from 1000 bytes in L6 on.
var small = Leveled{L0Trigger: 4, BaseBytes: 100, SizeRatio: 10, TableSize: 10}

// versionOf returns a version built from a few words: tables as "id:lo-hi" of 10 bytes.
func versionOf(t *testing.T, levels ...[]string) *manifest.Version {
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

// deep is levels of a version whose last one is L6.
func deep(l0 []string, levels ...[]string) [][]string {
	all := make([][]string, manifest.NumLevels)
	all[0] = l0
	copy(all[manifest.NumLevels-len(levels):], levels)
	return all
}

// wide returns n tables that all span the same keys.
func wide(first, n int, keys string) (tables []string) {
	for i := range n {
		tables = append(tables, fmt.Sprintf("%d:%s", first+i, keys))
	}
	return tables
}

// row returns n neighbouring tables, two keys each.
func row(first, n int) (tables []string) {
	for i := range n {
		tables = append(tables, fmt.Sprintf("%d:%c-%c", first+i, keyOf(2*i), keyOf(2*i+1)))
	}
	return tables
}

// keyOf returns the i-th key: there are more than letters.
func keyOf(i int) byte { return byte('0' + i) }

func TestPlan(t *testing.T) {
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
		{name: "few in L0", levels: deep(wide(1, 3, "a-z"), []string{"4:a-f", "5:g-z"})},
		{name: "L0 as a whole", levels: deep([]string{"1:a-m", "2:l-z", "3:a-z", "4:c-d"}, []string{"5:a-c", "6:x-z"}), want: []uint64{1, 2, 3, 4, 5, 6}, output: 6},
		{name: "one that meets none", levels: deep([]string{"1:a-b", "2:c-d"}, []string{"3:e-f"}), want: []uint64{1}, output: 6, move: true},
		{name: "one that meets a deeper one", levels: deep([]string{"1:a-b"}, []string{"3:b-f"})},
		{name: "L0 busy", levels: deep(wide(1, 5, "a-z"), []string{"7:a-c"}), busy: 1},
		{name: "L6 busy", levels: deep(wide(1, 5, "a-z"), []string{"7:a-c"}), busy: 7},
		{name: "a column", levels: deep(slices.Concat(wide(1, 4, "a-c"), wide(5, 5, "d-f")), []string{"10:a-b", "11:e-f"}), want: []uint64{5, 6, 7, 8, 9, 11}, output: 6},
		{name: "the other column", levels: deep(slices.Concat(wide(1, 4, "a-c"), wide(5, 5, "d-f")), []string{"10:a-b", "11:e-f"}), busy: 7, want: []uint64{1, 2, 3, 4, 10}, output: 6},
		{name: "a wide table is cut first", levels: deep(append(wide(1, 4, "0-1"), "5:0-9", "6:0-9"), row(20, 5)), want: []uint64{5}, output: 0},
		{name: "what is newer waits for it", levels: deep(append([]string{"1:0-9"}, wide(2, 4, "0-1")...), row(20, 5)), busy: 1},
		{name: "what is older does not", levels: deep(append(wide(1, 4, "0-1"), "5:0-9"), row(20, 5)), busy: 5, want: []uint64{1, 2, 3, 4, 20}, output: 6},
		{name: "L5 not needed, nothing below", levels: deep(nil, []string{"1:0-1"}, row(10, 20)[10:]), want: []uint64{1}, output: 6, move: true},
		{name: "a level that should be empty", levels: deep(wide(1, 3, "a-z"), []string{"4:a-c"}, nil, []string{"5:c-d"}), want: []uint64{4}, output: 5, move: true},
		{name: "L0 does not pass it", levels: deep(wide(1, 4, "a-z"), []string{"5:a-c"}, nil, []string{"6:c-d"}), busy: 5},
		{name: "cursor", levels: deep(nil, []string{"1:a-b", "2:c-d", "3:e-f"}, []string{"10:e-e", "11:f-g"}), cursor: "d", want: []uint64{3, 10, 11}, output: 6},
		{name: "cursor at the end", levels: deep(nil, []string{"1:a-b", "2:c-d"}, []string{"10:e-e"}), cursor: "zz", want: []uint64{1}, output: 6, move: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := Running{tables: map[uint64]bool{tc.busy: true}}
			r.cursor[5] = []byte(tc.cursor)
			plan, ok := small.layout(versionOf(t, tc.levels...)).Plan(&r)
			if ok != (tc.want != nil) || ok && (!slices.Equal(ids(plan), tc.want) || plan.OutputLevel != tc.output || plan.Move != tc.move) {
				t.Errorf("plan %v into L%d (move %v, ok %v), want %v into L%d (move %v)",
					ids(plan), plan.OutputLevel, plan.Move, ok, tc.want, tc.output, tc.move)
			}
		})
	}
}

// numbers returns n numbers from first on.
func numbers(first uint64, n int) (ids []uint64) {
	for i := range n {
		ids = append(ids, first+uint64(i))
	}
	return ids
}

func TestPlanAll(t *testing.T) {
	plan := func(shadowed bool, levels ...[]string) (Plan, bool) {
		return small.layout(versionOf(t, levels...)).PlanAll(shadowed)
	}
	if _, ok := plan(true); ok {
		t.Error("a plan for an empty version")
	}
	if _, ok := plan(false, deep(nil, []string{"1:a-b", "2:c-d"})...); ok {
		t.Error("a plan for one sorted run")
	}
	if _, ok := plan(true, deep(nil, []string{"1:a-b"})...); !ok {
		t.Error("no plan for a run with shadowed versions")
	}
	p, ok := plan(false, []string{"1:a-z"}, nil, []string{"2:c-d"})
	if !ok || p.OutputLevel != 6 || !slices.Equal(ids(p), []uint64{1, 2}) {
		t.Errorf("plan %v into L%d", ids(p), p.OutputLevel)
	}
}

// sized returns a version with tables of those sizes, each level's over keys of
// its own, rising.
func sized(levels map[int][]int64) *manifest.Version {
	v := &manifest.Version{}
	id := uint64(1)
	for level, sizes := range levels {
		for i, size := range sizes {
			key := []byte{byte(level), byte(i)}
			v.Levels[level] = append(v.Levels[level], &manifest.Table{ID: id, Size: size, Smallest: key, Largest: key, Entries: uint64(size)})
			id++
		}
	}
	return v
}

// A level between L0 and L6 is needed from SizeRatio times BaseBytes in L6 on, and
// another one from SizeRatio times that.
func TestLevels(t *testing.T) {
	for _, tc := range []struct {
		sizes        map[int][]int64
		base, needed int
		limits       [manifest.NumLevels]int64 // of L1 to L5
	}{
		{nil, 6, 6, [...]int64{0, 100, 100, 100, 100, 100, 0}},
		{map[int][]int64{6: {1000}}, 6, 6, [...]int64{0, 100, 100, 100, 100, 100, 0}},
		{map[int][]int64{6: {1010}}, 5, 5, [...]int64{0, 100, 100, 100, 100, 101, 0}},
		{map[int][]int64{6: {4000, 6000}}, 5, 5, [...]int64{0, 100, 100, 100, 100, 1000, 0}},
		{map[int][]int64{6: {10100}}, 4, 4, [...]int64{0, 100, 100, 100, 101, 1010, 0}},
		{map[int][]int64{6: {1e9}}, 1, 1, [...]int64{0, 1e4, 1e5, 1e6, 1e7, 1e8, 0}},
		{map[int][]int64{6: {1010}, 3: {10}}, 3, 5, [...]int64{0, 100, 100, 100, 100, 101, 0}},
		{map[int][]int64{2: {5000}, 4: {5000}}, 2, 6, [...]int64{0, 100, 100, 100, 100, 100, 0}},
	} {
		l := small.layout(sized(tc.sizes))
		if l.base != tc.base || l.needed != tc.needed {
			t.Errorf("%v: base L%d, L%d needed, want L%d and L%d", tc.sizes, l.base, l.needed, tc.base, tc.needed)
		}
		for level := 1; level < last; level++ {
			if l.limits[level] != tc.limits[level] {
				t.Errorf("%v: limit of L%d %d, want %d", tc.sizes, level, l.limits[level], tc.limits[level])
			}
		}
	}
}

// Levels of an older layout go down together, so that nothing passes another.
func TestSunk(t *testing.T) {
	v := sized(map[int][]int64{0: {1}, 1: {2}, 3: {3, 4}})
	sunk := Sunk(v)
	for level, want := range [][]int64{0: {1}, 4: {2}, 6: {3, 4}} {
		if got := sizes(sunk.Levels[level]); !slices.Equal(got, want) {
			t.Errorf("L%d has %v, want %v", level, got, want)
		}
	}
	if len(v.Levels[1]) != 1 || len(v.Levels[3]) != 2 {
		t.Error("Sunk changed the version it was given")
	}
	if again := Sunk(sunk); again.Levels[4] == nil || again.Levels[6] == nil {
		t.Error("sunk twice")
	}
	if empty := Sunk(&manifest.Version{}); len(empty.Tables()) != 0 {
		t.Error("tables out of nothing")
	}
}

func sizes(tables []*manifest.Table) (sizes []int64) {
	for _, t := range tables {
		sizes = append(sizes, t.Size)
	}
	return sizes
}

// What goes to L0 is cut where the tables of the level begin that it will be merged
// into.
func TestCuts(t *testing.T) {
	for _, tc := range []struct {
		levels [][]string
		want   string
	}{
		{deep(nil), ""},
		{deep(nil, []string{"1:a-b"}), ""},
		{deep([]string{"9:a-z"}, []string{"1:a-b", "2:d-e", "3:g-h"}), "dg"},
		{deep(nil, []string{"1:a-b", "2:d-e"}, nil, []string{"3:f-g", "4:h-i"}), "d"},
	} {
		if got := bytes.Join(small.layout(versionOf(t, tc.levels...)).Cuts(), nil); string(got) != tc.want {
			t.Errorf("cuts of %v: %q, want %q", tc.levels, got, tc.want)
		}
	}
}

// Many runs with few bytes are merged within L0, the largest and oldest not with
// them, but for one that lies in between.
func TestPlanWithinL0(t *testing.T) {
	table := func(id uint64, size int64, keys string) *manifest.Table {
		return &manifest.Table{
			ID: id, Size: size, Entries: 1, Smallest: []byte(keys[:1]), Largest: []byte(keys[2:]), MinSeq: ikey.Seq(id), MaxSeq: ikey.Seq(id),
		}
	}
	v := &manifest.Version{}
	v.Levels[6] = []*manifest.Table{table(100, 1e6, "a-z")}
	for id := uint64(14); id > 2; id-- {
		v.Levels[0] = append(v.Levels[0], table(id, 10, "f-g"))
	}
	v.Levels[0] = append(v.Levels[0], table(2, 500, "p-q"), table(1, 500, "f-g"))
	v.Levels[0][0].Largest = []byte("r") // 14 spans 2, which is older than all that are merged
	planner := small
	planner.BaseBytes = 1e6
	r := Running{}
	plan, ok := planner.layout(v).Plan(&r)
	if !ok || plan.OutputLevel != 0 || !slices.Equal(ids(plan), numbers(3, 12)) {
		t.Fatalf("plan %v into L%d (%v), want 3 to 14 into L0", ids(plan), plan.OutputLevel, ok)
	}
	r.Start(&plan)
	if plan, ok := planner.layout(v).Plan(&r); ok {
		t.Errorf("plan %v beside one within L0", ids(plan))
	}
	v.Levels[0][12].MinSeq, v.Levels[0][12].MaxSeq = 5, 5 // now 2 lies in between
	if plan, _ := planner.layout(v).Plan(&Running{}); !slices.Equal(ids(plan), numbers(2, 13)) {
		t.Errorf("plan %v, want 2 to 14", ids(plan))
	}
}

// No plan makes tables where one that runs will make others of the same level.
func TestRunning(t *testing.T) {
	plan := func(output int, id uint64, keys string) *Plan {
		return &Plan{OutputLevel: output, Inputs: []manifest.LevelTable{{Level: 0, Table: &manifest.Table{
			ID: id, Smallest: []byte(keys[:1]), Largest: []byte(keys[2:]),
		}}}}
	}
	var r Running
	first := plan(6, 1, "d-f")
	r.Start(first)
	for _, tc := range []struct {
		plan *Plan
		want bool
	}{
		{plan(6, 2, "a-c"), true},
		{plan(6, 2, "a-d"), false},
		{plan(6, 2, "f-z"), false},
		{plan(6, 2, "e-e"), false},
		{plan(5, 2, "e-e"), true},
		{plan(5, 1, "a-b"), false},
	} {
		if got := r.allows(tc.plan); got != tc.want {
			t.Errorf("table %d into L%d beside 1 into L6: %v", tc.plan.Inputs[0].Table.ID, tc.plan.OutputLevel, got)
		}
	}
	if r.End(first); !r.allows(plan(6, 1, "d-f")) {
		t.Error("a plan is refused for one that has ended")
	}
}

// A column keeps its one table until it has grown half as large again, and is then
// cut in equal parts, not in a whole table and a rest.
func TestTableSize(t *testing.T) {
	for _, tc := range []struct {
		above, below, rest int64
		level              int
		want               int64
	}{
		{above: 30, below: 64, rest: 500, level: 6, want: 128},
		{above: 30, below: 95, rest: 500, level: 6, want: 128},
		{above: 40, below: 130, rest: 500, level: 6, want: 71},   // 130 in two parts
		{above: 40, below: 130, rest: 6270, level: 6, want: 400}, // tables of 200
		{above: 40, below: 130, rest: 6270, level: 5, want: 71},  // another level than L0's
		{above: 256, below: 0, level: 6, want: 70},
		{above: 256, below: 10, level: 6, want: 70},
		{above: 6400, below: 0, level: 6, want: 220}, // 32 tables
	} {
		v := sized(map[int][]int64{6: {tc.below, tc.rest}})
		plan := Plan{OutputLevel: tc.level, Inputs: []manifest.LevelTable{
			{Level: 0, Table: &manifest.Table{Size: tc.above}}, {Level: tc.level, Table: v.Levels[6][0]},
		}}
		l := Leveled{BaseBytes: 1 << 20, SizeRatio: 10, TableSize: 64}.layout(v)
		if l.setTableSize(&plan); plan.TableSize != tc.want {
			t.Errorf("%+v: tables of %d", tc, plan.TableSize)
		}
	}
}

// A plan is cut in ranges at the output level's tables alone: those of L0 begin
// just behind them, and would leave crumbs.
func TestPartition(t *testing.T) {
	for _, tc := range []struct {
		levels [][]string
		output int
		parts  int
		want   string
	}{
		{deep(wide(1, 4, "a-z")), 6, 4, ""},
		{deep(wide(1, 4, "b-z"), []string{"5:a-z"}), 6, 4, ""},
		{deep(wide(1, 4, "a-z"), []string{"5:a-b", "6:c-d", "7:e-f", "8:g-h"}), 6, 2, "e"},
		{deep(wide(1, 4, "a-z"), []string{"5:a-b", "6:c-d", "7:e-f", "8:g-h"}), 6, 3, "e"}, // none smaller than 15
		{deep(wide(1, 4, "a-z"), []string{"5:a-b", "6:c-d", "7:e-f", "8:g-h"}), 6, 1, ""},
		{deep(wide(1, 4, "a-z"), []string{"5:a-b", "6:c-d", "7:e-f", "8:g-h"}), 0, 4, ""},
	} {
		plan := Plan{Inputs: versionOf(t, tc.levels...).Tables(), OutputLevel: tc.output}
		bounds := plan.Partition(tc.parts, 15)
		if bounds[0] != nil || bounds[len(bounds)-1] != nil {
			t.Fatalf("bounds %q", bounds)
		}
		if got := bytes.Join(bounds, nil); string(got) != tc.want {
			t.Errorf("%v in %d parts: cut at %q, want %q", tc.levels, tc.parts, got, tc.want)
		}
	}
}

func TestDebt(t *testing.T) {
	for _, tc := range []struct {
		v    *manifest.Version
		want int64
	}{
		{versionOf(t, deep([]string{"1:a-z"}, []string{"2:a-z"})...), 0},
		{versionOf(t, deep(wide(1, 4, "a-z"), []string{"5:a-z"})...), 50},
		{sized(map[int][]int64{5: {100, 20}, 6: {1100}}), 10 + 100}, // 10 over L5's limit, 10 times that below
	} {
		if d := small.layout(tc.v).Debt(); d != tc.want {
			t.Errorf("debt %d, want %d", d, tc.want)
		}
	}
}

// What a deeper level holds over its limit counts as runs of L0, and so do runs of
// L0, as shares of what is due.
func TestPressure(t *testing.T) {
	for _, tc := range []struct {
		v    *manifest.Version
		want Pressure
	}{
		{versionOf(t), Pressure{}},
		{versionOf(t, deep(slices.Concat(wide(1, 3, "a-c"), wide(4, 2, "d-f")))...), Pressure{L0: 4}}, // by bytes
		{versionOf(t, deep(slices.Concat(wide(1, 6, "a-c"), wide(7, 2, "d-f")))...), Pressure{L0: 6}},
		{versionOf(t, deep(wide(1, 4, "0-k"), row(10, 38))...), Pressure{L0: 4 * 4 / 12.}}, // wide
		{sized(map[int][]int64{5: {100, 40}, 6: {1100}}), Pressure{Deep: 1.5}},
		{sized(map[int][]int64{5: {100}}), Pressure{}},
		{sized(map[int][]int64{5: {140}}), Pressure{Deep: 2}},
	} {
		if got := small.layout(tc.v).Pressure(20); math.Abs(got.L0-tc.want.L0) > 1e-9 || got.Deep != tc.want.Deep {
			t.Errorf("%v, want %v", got, tc.want)
		}
	}
}
