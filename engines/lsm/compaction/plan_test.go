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
var small = Planner{L0Trigger: 4, BaseBytes: 100, SizeRatio: 10, TableSize: 10}

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
		{name: "few in L0", levels: deep(wide(1, 3, "a-z"))},
		{name: "L0 as a whole", levels: deep([]string{"1:a-m", "2:l-z", "3:a-z", "4:c-d"}, []string{"5:a-c", "6:x-z"}), want: []uint64{1, 2, 3, 4, 5, 6}, output: 6},
		{name: "one that meets none", levels: deep([]string{"1:a-b", "2:c-d"}, []string{"3:e-f"}), want: []uint64{1}, output: 6, move: true},
		{name: "one that meets a deeper one", levels: deep([]string{"1:a-b"}, []string{"3:b-f"})},
		{name: "L0 busy", levels: deep(wide(1, 5, "a-z"), []string{"7:a-c"}), busy: 1},
		{name: "L6 busy", levels: deep(wide(1, 5, "a-z"), []string{"7:a-c"}), busy: 7},
		{name: "a column", levels: deep(slices.Concat(wide(1, 4, "a-c"), wide(5, 5, "d-f")), []string{"10:a-b", "11:e-f"}), want: []uint64{5, 6, 7, 8, 9, 11}, output: 6},
		{name: "the other column", levels: deep(slices.Concat(wide(1, 4, "a-c"), wide(5, 5, "d-f")), []string{"10:a-b", "11:e-f"}), busy: 7, want: []uint64{1, 2, 3, 4, 10}, output: 6},
		{name: "a column not due by its share", levels: deep(wide(1, 4, "0-k"), row(10, 30))},
		{name: "a column due by its share", levels: deep(wide(1, 5, "0-k"), row(10, 30)), want: append(numbers(1, 5), numbers(10, 30)...), output: 6},
		{name: "L5 not needed, nothing below", levels: deep(nil, []string{"1:0-1"}, row(10, 20)[10:]), want: []uint64{1}, output: 6, move: true},
		{name: "a level that should be empty", levels: deep(wide(1, 3, "a-z"), []string{"4:a-c"}, nil, []string{"5:c-d"}), want: []uint64{4}, output: 5, move: true},
		{name: "L0 does not pass it", levels: deep(wide(1, 4, "a-z"), []string{"5:a-c"}, nil, []string{"6:c-d"}), busy: 5},
		{name: "cursor", levels: deep(nil, []string{"1:a-b", "2:c-d", "3:e-f"}, []string{"10:e-e", "11:f-g"}), cursor: "d", want: []uint64{3, 10, 11}, output: 6},
		{name: "cursor at the end", levels: deep(nil, []string{"1:a-b", "2:c-d"}, []string{"10:e-e"}), cursor: "zz", want: []uint64{1}, output: 6, move: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var cursor [manifest.NumLevels][]byte
			cursor[5] = []byte(tc.cursor)
			busy := func(id uint64) bool { return id == tc.busy }
			plan, ok := small.Plan(versionOf(t, tc.levels...), busy, &cursor)
			if ok != (tc.want != nil) || ok && (!slices.Equal(ids(plan), tc.want) || plan.OutputLevel != tc.output || plan.Move != tc.move) {
				t.Errorf("plan %v into L%d (move %v, ok %v), want %v into L%d (move %v)",
					ids(plan), plan.OutputLevel, plan.Move, ok, tc.want, tc.output, tc.move)
			}
		})
	}
}

// A level between L0 and L6 is there from SizeRatio times BaseBytes in L6 on, and
// another one from SizeRatio times that.
func TestShape(t *testing.T) {
	for _, tc := range []struct {
		sizes  map[int]int64 // by level
		base   int
		limits map[int]int64
	}{
		{base: 6},
		{sizes: map[int]int64{6: 1000}, base: 6},
		{sizes: map[int]int64{6: 1010}, base: 5, limits: map[int]int64{5: 101}},
		{sizes: map[int]int64{6: 10000}, base: 5, limits: map[int]int64{5: 1000}},
		{sizes: map[int]int64{6: 10100}, base: 4, limits: map[int]int64{5: 1010, 4: 101}},
		{sizes: map[int]int64{6: 1e9}, base: 1, limits: map[int]int64{5: 1e8, 4: 1e7, 3: 1e6, 2: 1e5, 1: 1e4}},
		{sizes: map[int]int64{6: 1010, 3: 10}, base: 3, limits: map[int]int64{5: 101}},
		{sizes: map[int]int64{2: 5000}, base: 2},
	} {
		v := &manifest.Version{}
		for level, size := range tc.sizes {
			v.Levels[level] = []*manifest.Table{{Size: size}}
		}
		s := small.shape(v)
		if s.base != tc.base {
			t.Errorf("%v: base L%d, want L%d", tc.sizes, s.base, tc.base)
		}
		for level, limit := range s.limits {
			if limit != tc.limits[level] {
				t.Errorf("%v: limit of L%d %d, want %d", tc.sizes, level, limit, tc.limits[level])
			}
		}
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
	if _, ok := small.PlanAll(versionOf(t), true); ok {
		t.Error("a plan for an empty version")
	}
	if _, ok := small.PlanAll(versionOf(t, deep(nil, []string{"1:a-b", "2:c-d"})...), false); ok {
		t.Error("a plan for one sorted run")
	}
	if _, ok := small.PlanAll(versionOf(t, deep(nil, []string{"1:a-b"})...), true); !ok {
		t.Error("no plan for a run with shadowed versions")
	}
	plan, ok := small.PlanAll(versionOf(t, []string{"1:a-z"}, nil, []string{"2:c-d"}), false)
	if !ok || plan.OutputLevel != 6 || !slices.Equal(ids(plan), []uint64{1, 2}) {
		t.Errorf("plan %v into L%d", ids(plan), plan.OutputLevel)
	}
}

// A flush is cut where the tables of the level begin that it will be merged into.
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
		if got := bytes.Join(small.Cuts(versionOf(t, tc.levels...)), nil); string(got) != tc.want {
			t.Errorf("cuts of %v: %q, want %q", tc.levels, got, tc.want)
		}
	}
}

// A column keeps its one table until it has grown to twice the size, and is then
// cut in equal parts, not in a whole table and a rest.
func TestTableSize(t *testing.T) {
	for _, tc := range []struct {
		above, below, total int64
		want                int64
	}{
		{above: 30, below: 64, total: 640, want: 128},
		{above: 30, below: 95, total: 640, want: 128},
		{above: 40, below: 130, total: 640, want: 71},   // 130 in two parts
		{above: 40, below: 130, total: 6400, want: 400}, // tables of 200
		{above: 256, below: 0, total: 0, want: 70},
		{above: 256, below: 10, total: 10, want: 70},
	} {
		v := &manifest.Version{}
		v.Levels[6] = []*manifest.Table{{Size: tc.below}, {Size: tc.total - tc.below}}
		plan := Plan{OutputLevel: 6, Inputs: []manifest.LevelTable{
			{Level: 0, Table: &manifest.Table{Size: tc.above}}, {Level: 6, Table: v.Levels[6][0]},
		}}
		if got := (Planner{TableSize: 64}).tableSize(v, &plan); got != tc.want {
			t.Errorf("%d bytes onto %d of %d: tables of %d, want %d", tc.above, tc.below, tc.total, got, tc.want)
		}
	}
}

func TestDebt(t *testing.T) {
	if d := small.Debt(versionOf(t, deep([]string{"1:a-z"}, []string{"2:a-z"})...)); d != 0 {
		t.Errorf("debt %d of a tree within its limits", d)
	}
	if d := small.Debt(versionOf(t, deep(wide(1, 4, "a-z"), []string{"5:a-z"})...)); d != 50 {
		t.Errorf("debt %d, want the 50 bytes of L0 and L6", d)
	}
	if d := small.Debt(versionOf(t, deep(wide(1, 4, "a-z"), []string{"5:a-z"}, []string{"6:a-z"})...)); d != 110 {
		t.Errorf("debt %d, want the 50 bytes of L0 and L5, and again with L6", d)
	}
}

// What a deeper level holds over its limit counts as tables of L0, and so do runs
// of L0, as shares of what is due.
func TestPressure(t *testing.T) {
	for _, tc := range []struct {
		levels [][]string
		want   Pressure
	}{
		{deep(nil), Pressure{}},
		{deep(slices.Concat(wide(1, 3, "a-c"), wide(4, 2, "d-f"))), Pressure{L0: 3}},
		{deep(wide(1, 4, "0-k"), row(10, 30)), Pressure{L0: 4 * 4 / 4.8}},
		{deep(nil, []string{"1:a-b", "2:c-d"}, []string{"3:a-b"}), Pressure{Deep: 1}},
	} {
		if got := small.Pressure(versionOf(t, tc.levels...), 20); math.Abs(got.L0-tc.want.L0) > 1e-9 || got.Deep != tc.want.Deep {
			t.Errorf("%v: %v, want %v", tc.levels, got, tc.want)
		}
	}
}
