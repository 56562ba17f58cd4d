package crashrun

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/campaign/vmtier"
	"lsmlab/powerfail/rundir"
)

// A run without a single state has no verdict, whatever made it so: not one of cells
// that do not apply, and not the sum of empty shards.
func TestCrashNoVerdict(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	r, err := campaign.Begin(empty, rundir.Run{Tier: vmtier.Name}, rundir.Plan{Tier: vmtier.Name}, false)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := finish(&out, r, false); err == nil || !strings.Contains(err.Error(), "nothing was tested") {
		t.Errorf("without cells: %v", err)
	}
	r.Failed = 2
	if err := finish(&out, r, false); err == nil || !strings.Contains(err.Error(), "2 cells could not be run") {
		t.Errorf("with cells that failed: %v", err)
	}
	if err := Merge(&out, filepath.Join(dir, "merged"), []string{empty}); !errors.Is(err, errNothing) {
		t.Errorf("merged: %v", err)
	}
}
