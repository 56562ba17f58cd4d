// Package notebooks_test runs the notebooks of this folder headless.
package notebooks_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/testneed"
	"lsmlab/harness/result"
)

// python is Debian's interpreter: its packages are not those of another one on the path.
const python = "/usr/bin/python3"

// The notebook of a race runs on a fresh run, and the quantiles that it computes
// from the raw histograms are those of the cells, which the page shows.
func TestRace(t *testing.T) {
	if out, err := exec.Command(python, "-c", "import nbconvert, ipykernel, matplotlib").CombinedOutput(); err != nil {
		testneed.Missing(t, fmt.Sprintf("%v: %s: run make packages", err, out))
	}
	dir := t.TempDir()
	bin, run := filepath.Join(dir, "lsmlab"), filepath.Join(dir, "run")
	command(t, nil, "go", "build", "-o", bin, "lsmlab/harness/cmd/lsmlab")
	command(t, nil, bin, "bench", "--no-report", "--control", "", "--engines", "lsm-skiplist", "--workloads", "fillrandom,ycsb-a",
		"--keys", "50000", "--rounds", "2", "--threads", "2", "--duration", "1s", "--out", run)
	command(t, []string{"LSMLAB_RUN=" + run}, python, "-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", dir, "race.ipynb")

	text := output(t, filepath.Join(dir, "race.ipynb"))
	cells, _, err := result.ReadCells(run)
	if err != nil || len(cells) != 4 {
		t.Fatalf("%d cells, %v", len(cells), err)
	}
	for _, c := range cells {
		if want := fmt.Sprintf("figure p99_ns %s %d\n", c.ID, c.Latency.P99); !strings.Contains(text, want) {
			t.Errorf("the notebook does not print %q:\n%s", want, text)
		}
		checkSeries(t, filepath.Join(run, c.SeriesFile))
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
