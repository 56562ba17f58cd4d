package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/harness/result"
	"lsmlab/harness/verdict"
	"lsmlab/powerfail/isolation/isorun"
	"lsmlab/powerfail/rundir"
	"lsmlab/reports/internal/fakeenv"
)

// A directory is drawn by what it holds, whatever it is called and however its path is
// written; one that holds no run is refused by its name.
func TestDispatch(t *testing.T) {
	env := fakeenv.Of([]string{"pebble"}, []string{"buffered"})
	for _, c := range []struct {
		kind  Kind
		make  func(dir string) error
		title string
	}{
		{Race, func(dir string) error {
			return result.WritePlan(dir, result.Plan{Engines: []string{"pebble"}, Workloads: []string{"ycsb-a"}, Durabilities: []string{"buffered"}, Threads: []int{1}, Rounds: 1})
		}, "Race of storage engines"},
		{Service, func(dir string) error {
			return result.WriteLoadPlan(dir, result.LoadPlan{Profile: "steady", Engines: []string{"pebble"}, Environments: []result.Environment{{Name: "all"}}, Rounds: 1})
		}, "Load of a service"},
		{Crash, func(dir string) error {
			_, err := rundir.Create(dir, rundir.Run{Tier: "sim"})
			return err
		}, "Power cuts"},
		{Isolation, func(dir string) error {
			_, err := isorun.Create(dir, isorun.Run{Command: "lsmlab isolation"})
			return err
		}, "Isolation of transactions"},
		{Verdict, func(dir string) error {
			return verdict.Files.Write(dir, verdict.Plan{Engines: []string{"pebble"}, Parts: []verdict.Part{{Kind: verdict.Race, Dir: "race"}}})
		}, "Verdict on pebble"},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		if c.kind != Crash && c.kind != Isolation { // which makes its directory
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := result.WriteEnv(dir, env); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.make(dir); err != nil {
			t.Fatal(err)
		}
		if k := KindOf(dir); k != c.kind {
			t.Errorf("%s is of kind %d", c.title, k)
		}
		index, err := Render(dir+"/./", Options{})
		if err != nil || index != filepath.Join(dir, "index.html") {
			t.Errorf("%s: %s, %v", c.title, index, err)
			continue
		}
		if html, err := os.ReadFile(index); err != nil || !strings.Contains(string(html), c.title) {
			t.Errorf("no %q on the page, %v", c.title, err)
		}
	}
	if _, err := Render("/nowhere", Options{}); err == nil || !strings.Contains(err.Error(), "/nowhere: not a run directory") {
		t.Error(err)
	}
}
