package result

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lsmlab/harness/journal"

	"golang.org/x/perf/benchfmt"
)

func testCell(round int) Cell {
	return Cell{
		ID: CellID("fillrandom", "pebble", "buffered", 2, round), Status: StatusOK,
		Engine: "pebble", Workload: "fillrandom", Round: round, Durability: "buffered", Threads: 2, Loop: LoopClosed,
		Ops: 1000, Seconds: 2, OpsPerSec: 500, Latency: Latency{P50: 10, P99: 20, P999: 30, Max: 40},
		Kinds: []Part{{Name: "insert", Ops: 1000}}, Warnings: []string{"short"},
	}
}

func appendCells(t *testing.T, dir string, cells ...Cell) {
	t.Helper()
	w, err := OpenCells(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cells {
		if err := w.Append(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCellsRoundTrip(t *testing.T) {
	dir := t.TempDir()
	appendCells(t, dir, testCell(1), testCell(2))
	failed := testCell(3)
	failed.Status = StatusFailed
	appendCells(t, dir, failed, testCell(3)) // run again by --resume
	got, warnings, err := ReadCells(dir)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if want := []Cell{testCell(1), testCell(2), testCell(3)}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// Cut at every byte: the whole lines before the cut are the results, the torn
// one is left out with a warning, and appending afterwards loses nothing.
func TestCellsCutAnywhere(t *testing.T) {
	dir := t.TempDir()
	appendCells(t, dir, testCell(1), testCell(2))
	path := filepath.Join(dir, "cells.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < len(whole); cut += 1 + cut%23 { // a sync each, so not all of them
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(string(whole[:cut]), "\n")
		torn := cut > 0 && whole[cut-1] != '\n'
		cells, warnings, err := ReadCells(dir)
		if err != nil || len(cells) != lines || (len(warnings) == 1) != torn {
			t.Fatalf("cut at %d: %d cells, warnings %q, %v", cut, len(cells), warnings, err)
		}
		appendCells(t, dir, testCell(9))
		cells, warnings, err = ReadCells(dir)
		if err != nil || len(cells) != lines+1 || len(warnings) > 0 {
			t.Fatalf("cut at %d and appended: %d cells, warnings %q, %v", cut, len(cells), warnings, err)
		}
	}
}

func TestCellsDamageNamesTheLine(t *testing.T) {
	dir := t.TempDir()
	appendCells(t, dir, testCell(1), testCell(2))
	path := filepath.Join(dir, "cells.jsonl")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	for _, bad := range []string{"{\"id\":\n", "{}\n", "\n"} {
		if err := os.WriteFile(path, []byte(lines[0]+bad+lines[1]), 0o644); err != nil {
			t.Fatal(err)
		}
		_, _, err := ReadCells(dir)
		if damage := new(journal.DamageError); !errors.As(err, &damage) || damage.Line != 2 || damage.Path != path {
			t.Errorf("%q: got %v, want damage in line 2", bad, err)
		}
	}
}

func TestPlanAndEnv(t *testing.T) {
	dir := t.TempDir()
	p := Plan{Engines: []string{"pebble"}, Workloads: []string{"ycsb-a"}, Rounds: 3, Duration: Duration(1500e6)}
	if err := WritePlan(dir, p); err != nil {
		t.Fatal(err)
	}
	if err := WriteEnv(dir, Env{CPU: "x"}); err != nil {
		t.Fatal(err)
	}
	r, err := ReadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	if field, _, _, differs := r.Plan.Difference(p); differs || r.Env.CPU != "x" || r.Plan.Schema != SchemaVersion {
		t.Errorf("read back %+v %+v, first difference %q", r.Plan, r.Env, field)
	}
	q := p
	q.Rounds = 5
	if field, mine, other, _ := p.Difference(q); field != "rounds" || mine != 3 || other != 5 {
		t.Errorf("difference %s: %v %v", field, mine, other)
	}
}

func TestPlanErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "plan.json")
	for content, want := range map[string]string{
		"{\n\"rounds\": 3,\n\"roundz\": 4}": "plan.json:3",
		"{\"rounds\": \"x\"}":               "plan.json:1",
		"{\"schema\": 99}":                  "newer",
		"{} {}":                             "more after the end",
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPlan(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want ...%s...", content, err, want)
		}
	}
	if _, err := ReadRun(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a run directory") {
		t.Errorf("empty directory: %v", err)
	}
}

// bench.txt is what benchstat reads: parsed by its own parser, every cell is a
// result with its keys and its figures.
func TestBenchFormat(t *testing.T) {
	dir := t.TempDir()
	failed := testCell(3)
	failed.Status = StatusFailed
	if err := WriteBench(dir, Env{OS: "linux", Arch: "amd64", CPU: "A CPU"}, []Cell{testCell(1), testCell(2), failed}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "bench.txt")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := benchfmt.NewReader(f, path)
	var n int
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Error(rec)
		case *benchfmt.Result:
			n++
			base, parts := rec.Name.Parts()
			if string(base) != "Fillrandom" || len(parts) != 3 || string(parts[0]) != "/engine=pebble" {
				t.Errorf("name %s", rec.Name)
			}
			if v, ok := rec.Value("ops/s"); !ok || v != 500 {
				t.Errorf("ops/s %v %v", v, ok)
			}
			if v, ok := rec.Value("sec/op"); !ok || v != 0.004 { // tidied from ns/op: 2 threads x 2 s / 1000
				t.Errorf("sec/op %v %v", v, ok)
			}
			if rec.GetConfig("cpu") != "A CPU" {
				t.Errorf("cpu %q", rec.GetConfig("cpu"))
			}
		}
	}
	if err := r.Err(); err != nil || n != 2 {
		t.Errorf("%d results, %v", n, err)
	}
	if better := r.Units().GetBetter("ops/s"); better != 1 {
		t.Errorf("ops/s: better %d", better)
	}
}
