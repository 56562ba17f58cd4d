//go:build plantedbugs

package isolationrun

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/engines/plantedbugs"
	"lsmlab/harness"
	"lsmlab/harness/cmd/crashrun"
	"lsmlab/powerfail/isolation/isorun"
)

// Each verdict on transactions is that of a bug which is planted, is on the page, and is
// shown again.
func TestPlantedBugsVerdicts(t *testing.T) {
	for bug, verdict := range map[string]string{
		"wal-sync-skipped":    "acknowledged transaction lost",
		"txn-torn":            "torn transaction",
		"txn-discard-applied": "aborted resurrected",
		"txn-unchecked":       "isolation broken",
		"past-newest":         "floor violated",
		"gap-replayed":        "hole",
	} {
		t.Run(bug, func(t *testing.T) {
			defer plantedbugs.Plant("")
			var out bytes.Buffer
			r := Request{
				Engines: []string{"lsm-skiplist"}, Levels: []string{"snapshot"}, Durability: "buffered", Seed: 1, Keep: 5,
				Crash: Crash{Tier: "sim", Bug: bug, States: 100_000}, Out: filepath.Join(t.TempDir(), "run"), Stdout: &out, Stderr: &out,
			}
			if err := r.Run(t.Context()); !errors.Is(err, harness.ErrFinding) {
				t.Fatalf("%v\n%s", err, out.String())
			}
			all, err := isorun.ReadCrashes(r.Out)
			if err != nil || len(all) != 1 {
				t.Fatalf("%d cells, %v", len(all), err)
			}
			for _, f := range all[0].Findings {
				if isorun.Verdict(f.Rule) != verdict {
					t.Logf("also %s: %s", f.Rule, f.Detail)
					continue
				}
				page, err := os.ReadFile(filepath.Join(r.Out, "index.html"))
				if err != nil || !strings.Contains(string(page), f.Command) {
					t.Errorf("the page lacks %q: %v", f.Command, err)
				}
				if err := crashrun.Replay(t.Context(), &out, strings.TrimPrefix(f.Command, "lsmlab crash replay ")); !errors.Is(err, harness.ErrFinding) {
					t.Errorf("not shown again: %v", err)
				}
				return
			}
			t.Errorf("no finding is %q:\n%s", verdict, out.String())
		})
	}
}
