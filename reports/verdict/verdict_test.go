package verdict

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lsmlab/harness/journal"
	"lsmlab/harness/result"
	"lsmlab/harness/verdict"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/isorun"
	"lsmlab/powerfail/isolation/probe"
	"lsmlab/powerfail/rundir"
	"lsmlab/reports/internal/browsertest"
	"lsmlab/reports/internal/fakeenv"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var fakeEngines = []string{"lsm-bptree", "pebble", "badger"}

// fake writes a verdict over a race in which lsm-bptree is twice as fast as pebble under
// ycsb-a and cannot be told from it under readrandom, and in which badger fails readrandom;
// over crash tests of which that of badger could not be made, and a probe of isolation.
func fake(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	p := verdict.Plan{Engines: fakeEngines, Size: verdict.Full, Command: "lsmlab verdict --out d", Parts: []verdict.Part{
		{Kind: verdict.Race, Dir: "race"}, {Kind: verdict.Race, Dir: "restart"},
		{Kind: verdict.Crash, Dir: "crash/lsm-bptree", Engine: "lsm-bptree"}, {Kind: verdict.Crash, Dir: "crash/pebble", Engine: "pebble"},
		{Kind: verdict.Crash, Dir: "crash/badger", Engine: "badger"}, {Kind: verdict.Isolation, Dir: "isolation"},
	}}
	j, err := verdict.Files.Open(dir, dir, p, false)
	must(t, err)
	for _, d := range []verdict.Done{
		{Dir: "race", Status: result.StatusFailed, Error: "a cell failed"}, {Dir: "crash/lsm-bptree", Status: result.StatusOK},
		{Dir: "crash/pebble", Status: result.StatusOK, Finding: true}, {Dir: "crash/badger", Status: result.StatusUnsupported, Error: "needs root"},
		{Dir: "isolation", Status: result.StatusOK},
	} {
		must(t, j.Append(d))
	}
	must(t, j.Close())
	fakeRace(t, filepath.Join(dir, "race"))
	fakeCrash(t, filepath.Join(dir, "crash", "lsm-bptree"), rundir.Cell{Key: rundir.Key{Engine: "lsm-bptree", Profile: "drop-all"}, Counts: explore.Counts{Distinct: 4321}})
	fakeCrash(t, filepath.Join(dir, "crash", "pebble"),
		rundir.Cell{Key: rundir.Key{Engine: "pebble", Profile: "drop-all"}, Counts: explore.Counts{Distinct: 50}},
		rundir.Cell{Key: rundir.Key{Engine: "pebble", Profile: "posix-strict"}, Counts: explore.Counts{Distinct: 7, Violations: map[string]int64{"open": 2}}},
		rundir.Cell{Key: rundir.Key{Engine: "pebble", Profile: "drop-all", Bug: "planted"}, Counts: explore.Counts{Distinct: 9, Violations: map[string]int64{"torn": 1}}})
	fakeIsolation(t, filepath.Join(dir, "isolation"))
	for _, p := range p.Parts {
		if begun(p, dir) {
			must(t, os.WriteFile(filepath.Join(p.Path(dir), "index.html"), []byte("<p>a page</p>"), 0o644))
		}
	}
	return dir
}

func fakeRace(t *testing.T, dir string) {
	t.Helper()
	plan := result.Plan{Engines: fakeEngines, Workloads: []string{"ycsb-a", "readrandom"}, Durabilities: []string{"buffered"}, Threads: []int{1}, Rounds: 5, Keys: 10}
	must(t, os.MkdirAll(dir, 0o755))
	must(t, result.WritePlan(dir, plan))
	must(t, result.WriteEnv(dir, fakeenv.Of(plan.Engines, plan.Durabilities)))
	lines, err := result.OpenCells(dir)
	must(t, err)
	ops := map[string]map[string][]float64{
		"ycsb-a":     {"lsm-bptree": {200, 202, 199, 201, 200}, "pebble": {100, 101, 100, 99, 100}, "badger": {50, 51, 50, 49, 50}},
		"readrandom": {"lsm-bptree": {100, 130, 95, 110, 99}, "pebble": {101, 99, 112, 100, 104}},
	}
	for round := 1; round <= plan.Rounds; round++ {
		for _, w := range plan.Workloads {
			for i, e := range fakeEngines {
				c := result.Cell{
					ID: result.CellID(w, e, "buffered", 1, round), Status: result.StatusOK, Engine: e, Workload: w, Durability: "buffered", Loop: result.LoopClosed,
					Round: round, Threads: 1, Ops: 10, RSSPeakBytes: int64(10-i) << 20, SpaceAmp: 1.5,
				}
				if ops[w][e] == nil {
					c.Status, c.Error = result.StatusFailed, "the store is gone"
				} else {
					c.OpsPerSec = 1000 * ops[w][e][round-1]
				}
				must(t, lines.Append(c))
			}
		}
	}
	must(t, lines.Close())
}

func fakeCrash(t *testing.T, dir string, cells ...rundir.Cell) {
	t.Helper()
	d, err := rundir.Create(dir, rundir.Run{Tier: "sim", Command: "lsmlab crash sim"})
	must(t, err)
	must(t, d.SetCells(cells))
}

func fakeIsolation(t *testing.T, dir string) {
	t.Helper()
	_, err := isorun.Create(dir, isorun.Run{Command: "lsmlab isolation", Started: time.Unix(0, 0)})
	must(t, err)
	for _, c := range []isorun.Cell{
		{Engine: "lsm-bptree", Level: "snapshot", Cell: probe.Cell{Promised: isolation.Serializable, Scripts: 40}},
		{Engine: "pebble", Level: "snapshot", Refused: "pebble has no transactions"},
		{Engine: "badger", Level: "serializable", Cell: probe.Cell{Promised: isolation.Serializable, Scripts: 40, Refuting: 3}},
	} {
		b, err := json.Marshal(c)
		must(t, err)
		f, err := os.OpenFile(filepath.Join(dir, isorun.CellsFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		must(t, err)
		_, err = f.Write(append(b, '\n'))
		must(t, errors.Join(err, f.Close()))
	}
}

// render draws the page and reads the table for programs.
func render(t *testing.T, dir string) (page string, table Table) {
	t.Helper()
	index, err := Render(dir)
	must(t, err)
	b, err := os.ReadFile(index)
	must(t, err)
	must(t, journal.ReadJSON(filepath.Join(dir, verdict.TableName), &table, true))
	return string(b), table
}

// cellOf returns the answer of an engine to the question whose title begins so.
func cellOf(t *testing.T, table *Table, engine, title string) Cell {
	t.Helper()
	column := slices.IndexFunc(table.Columns, func(c Column) bool { return strings.HasPrefix(c.Title, title) })
	row := slices.IndexFunc(table.Rows, func(r Row) bool { return r.Engine == engine })
	if column < 0 || row < 0 {
		t.Fatalf("%s, %s: not in %+v", engine, title, table)
	}
	return table.Rows[row].Cells[column]
}

// Every answer says what its run showed and no more: a difference only where it is resolved, a
// reason where there is no figure, and under which profile a crash broke which rule.
func TestAnswers(t *testing.T) {
	page, table := render(t, fake(t))
	for _, want := range []struct{ engine, title, verdict, says string }{
		{"lsm-bptree", "ycsb-a", Better, "200k, 2.0"},
		{"pebble", "ycsb-a", Baseline, "100k"},
		{"badger", "ycsb-a", Worse, "0.5"},
		{"lsm-bptree", "readrandom", Unresolved, "not resolved ("},
		{"badger", "readrandom", "", "not measured: the store is gone"},
		{"badger", "memory", Better, "8.00 MiB"},
		{"lsm-bptree", "power cut", Sound, "nothing lost in 4,321 states, sim (drop-all)"},
		{"pebble", "power cut", Finding, "finding: open under posix-strict in 57 states"},
		{"badger", "power cut", "", "not measured: needs root"},
		{"lsm-bptree", "isolation", Sound, "snapshot not refuted in 40 scripts"},
		{"pebble", "isolation", "", "pebble has no transactions"},
		{"badger", "isolation", Finding, "refuted by 3 of 40 scripts"},
	} {
		c := cellOf(t, &table, want.engine, want.title)
		if c.Verdict != want.verdict || !strings.Contains(c.Text, want.says) || (c.NotMeasured != "") != (want.verdict == "") {
			t.Errorf("%s, %s: %+v; want %q and %q", want.engine, want.title, c, want.verdict, want.says)
		}
		if !strings.Contains(page, strings.ReplaceAll(c.Text, "'", "&#39;")) {
			t.Errorf("not on the page: %s", c.Text)
		}
	}
	if c := cellOf(t, &table, "lsm-bptree", "ycsb-a"); c.Rounds != 5 || c.Value != 200_000 || c.Lo > 2 || c.Hi < 2 || c.P <= 0 || c.P >= 0.05 || c.Resolution <= 1 {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(page, "restart: the run has not begun") {
		t.Error("the page does not say which run is missing")
	}
}

var links = regexp.MustCompile(`href="([^"#:]+)"`)

// Every answer that has evidence links to it, and every link of the page leads to a file.
func TestEvidence(t *testing.T) {
	dir := fake(t)
	page, table := render(t, dir)
	found := map[string]bool{}
	for _, m := range links.FindAllStringSubmatch(page, -1) {
		found[m[1]] = true
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(m[1]))); err != nil {
			t.Error(err)
		}
	}
	for _, r := range table.Rows {
		for i, c := range r.Cells {
			if c.Evidence == "" && c.NotMeasured == "" || c.Evidence != "" && !found[c.Evidence] {
				t.Errorf("%s, %s: %+v has no link", r.Engine, table.Columns[i].Title, c)
			}
		}
	}
}

// The same files give the same page and the same table.
func TestSameFiles(t *testing.T) {
	dir := fake(t)
	page, _ := render(t, dir)
	b, err := os.ReadFile(filepath.Join(dir, verdict.TableName))
	must(t, err)
	for range 5 {
		again, _ := render(t, dir)
		c, err := os.ReadFile(filepath.Join(dir, verdict.TableName))
		must(t, err)
		if again != page || string(c) != string(b) {
			t.Fatal("drawn again it is another")
		}
	}
}

// A verdict over runs elsewhere says which one is gone, and damage names the file.
func TestDamage(t *testing.T) {
	dir := fake(t)
	for name, content := range map[string]string{"race/plan.json": "{", "crash/pebble/cells.jsonl": "{\n", verdict.PlanName: "{"} {
		path := filepath.Join(dir, name)
		old, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path, []byte(content), 0o644))
		if _, err := Render(dir); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s damaged: %v", name, err)
		}
		must(t, os.WriteFile(path, old, 0o644))
	}
	p, err := verdict.ReadPlan(dir)
	must(t, err)
	p.Parts = append(p.Parts, verdict.Part{Kind: verdict.Race, Dir: "../gone"})
	must(t, verdict.Files.Write(dir, p))
	if _, err := Render(dir); err == nil || !strings.Contains(err.Error(), "gone") || errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// The page is readable on a desk and on a phone.
func TestPage(t *testing.T) {
	dir := fake(t)
	render(t, dir)
	browsertest.CheckPage(browsertest.Open(t), t, filepath.Join(dir, "index.html"), "verdict", 0)
}
