// Package notebooks_test runs the notebooks of this folder headless.
package notebooks_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/testneed"
	"lsmlab/harness/journal"
	"lsmlab/harness/result"
	"lsmlab/harness/study"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/rundir"
)

// python is Debian's interpreter: its packages are not those of another one on the path.
const python = "/usr/bin/python3"

var lsmlab string // the program, built once

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "notebooks")
	if err != nil {
		panic(err)
	}
	lsmlab = filepath.Join(dir, "lsmlab")
	if out, err := exec.Command("go", "build", "-o", lsmlab, "lsmlab/harness/cmd/lsmlab").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("go build: %v\n%s", err, out))
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// Each test runs the notebook of its kind on a fresh run. The figures that the notebook
// computes from the raw files are those that the page of the run shows.

func TestRace(t *testing.T) {
	needPython(t)
	run := measure(t, "bench", "--no-report", "--control", "", "--engines", "lsm-skiplist", "--workloads", "fillrandom,ycsb-a",
		"--keys", "50000", "--rounds", "2", "--threads", "2", "--duration", "1s")
	cells, _, err := result.ReadCells(run)
	if err != nil || len(cells) != 4 {
		t.Fatalf("%d cells, %v", len(cells), err)
	}
	var figures []string
	for _, c := range cells {
		figures = append(figures, fmt.Sprintf("p99_ns %s %d", c.ID, c.Latency.P99))
		checkSeries(t, filepath.Join(run, c.SeriesFile))
	}
	check(t, "race.ipynb", run, figures)
}

func TestCrash(t *testing.T) {
	needPython(t)
	run := measure(t, "crash", "sim", "--engines", "lsm-skiplist,lsm-rbtree", "--profile", "drop-all", "--states", "20000")
	checkCrash(t, run, 2)
}

// A tier that records programs before it explores them has units that cut nothing.
func TestCrashOfRecordings(t *testing.T) {
	needPython(t)
	if err := files.Require(); err != nil {
		testneed.Missing(t, err)
	}
	run := measure(t, "crash", "files", "--engines", "lsm-skiplist", "--profile", "drop-all,ext4-ordered", "--states", "20")
	checkCrash(t, run, 2)
}

func checkCrash(t *testing.T, run string, want int) {
	t.Helper()
	_, cells, _, err := rundir.Read(run)
	if err != nil || len(cells) != want {
		t.Fatalf("%d cells, want %d, %v", len(cells), want, err)
	}
	var figures []string
	for _, c := range cells {
		figures = append(figures, fmt.Sprintf("distinct %s %s %d", c.Engine, c.Profile, c.Distinct))
	}
	check(t, "crash.ipynb", run, figures)
}

func TestLoad(t *testing.T) {
	needPython(t)
	k6, err := filepath.Abs("../bin/k6")
	if err == nil {
		_, err = os.Stat(k6)
	}
	if err != nil {
		testneed.Missing(t, fmt.Sprintf("%v: run make bin/k6", err))
	}
	run := measure(t, "load", "--no-report", "--k6", k6, "--scripts", "../k6", "--engines", "lsm-bptree", "--profile", "sweep",
		"--set", "RATE=50,FACTOR=2,STEPS=3,SECONDS=2,WARMUP=0,USERS=20,KEYS=1000,P95_MS=10000", "--in-process", "0")
	cells, _, err := result.ReadLoadCells(run)
	if err != nil || len(cells) != 1 || len(cells[0].Phases) != 3 {
		t.Fatalf("%+v, %v", cells, err)
	}
	var figures []string
	for _, p := range cells[0].Phases {
		figures = append(figures, fmt.Sprintf("p95_ns %s %s %d", cells[0].ID, p.Name, p.Latency.P95))
	}
	check(t, "load.ipynb", run, figures)
}

func TestStudy(t *testing.T) {
	needPython(t)
	run := measure(t, "study", "codec", "--size", "tiny", "--rounds", "2", "--no-report")
	verdicts, _, err := journal.ReadLines[study.Verdict](filepath.Join(run, study.VerdictsName))
	s, errStudy := study.Read(run)
	if err = errors.Join(err, errStudy); err != nil {
		t.Fatal(err)
	}
	var figures []string
	for _, c := range slices.Concat(s.Claims, s.Controls) {
		if c.Over == nil || c.Of.Per != nil || c.Of.Less != nil {
			continue
		}
		i := slices.IndexFunc(verdicts, func(v study.Verdict) bool { return v.ID == c.ID })
		if i < 0 || verdicts[i].Rounds != 2 {
			t.Fatalf("claim %s: %+v", c.ID, verdicts)
		}
		figures = append(figures, fmt.Sprintf("ratio %s %.9g", c.ID, verdicts[i].Ours))
	}
	check(t, "study.ipynb", run, figures)
}

func needPython(t *testing.T) {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import nbconvert, ipykernel, matplotlib").CombinedOutput(); err != nil {
		testneed.Missing(t, fmt.Sprintf("%v: %s: run make packages", err, out))
	}
}

// measure runs lsmlab and returns the run directory.
func measure(t *testing.T, args ...string) string {
	t.Helper()
	run := filepath.Join(t.TempDir(), "run")
	command(t, nil, lsmlab, append(args, "--out", run)...)
	return run
}

// check executes a notebook on a run. Each of the figures is printed on a line of its own,
// and there is one at least.
func check(t *testing.T, notebook, run string, figures []string) {
	t.Helper()
	dir := t.TempDir()
	command(t, []string{"LSMLAB_RUN=" + run}, python, "-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", dir, notebook)
	text := output(t, filepath.Join(dir, notebook))
	if len(figures) == 0 {
		t.Fatal("the run has no figures to compare")
	}
	for _, f := range figures {
		if !strings.Contains(text, "figure "+f+"\n") {
			t.Errorf("the notebook does not print figure %s:\n%s", f, text)
		}
	}
}

// checkSeries compares the reader's points of a series file with those of package result.
func checkSeries(t *testing.T, path string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), python, "-c", "import json, sys, labrun; json.dump(labrun.series(sys.argv[1]), sys.stdout)", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string][][2]float64
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	want, err := result.ReadSeries(path)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d series, want %d, %v", len(got), len(want), err)
	}
	for _, s := range want {
		points := got[s.Name]
		if len(points) != len(s.Millis) {
			t.Fatalf("%s: %s has %d points, want %d", path, s.Name, len(points), len(s.Millis))
		}
		for i, p := range points {
			if int64(p[0]) != s.Millis[i] || p[1] != s.Values[i] {
				t.Fatalf("%s: point %d of %s is %v, want %d, %v", path, i, s.Name, p, s.Millis[i], s.Values[i])
			}
		}
	}
}

func command(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Env = append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", c, err, out)
	}
}

// output returns what the code of an executed notebook printed.
func output(t *testing.T, path string) string {
	t.Helper()
	var book struct {
		Cells []struct {
			Outputs []struct{ Text []string }
		}
	}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &book)
	}
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, c := range book.Cells {
		for _, o := range c.Outputs {
			text.WriteString(strings.Join(o.Text, ""))
		}
	}
	return text.String()
}
