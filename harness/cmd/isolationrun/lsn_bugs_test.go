//go:build plantedbugs

package isolationrun

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"lsmlab/engines/plantedbugs"
	"lsmlab/harness"
	"lsmlab/powerfail/isolation/isorun"
)

// Bugs of the core that are planted are found by both judges, and they never disagree.
func TestPlantedBugsLSNs(t *testing.T) {
	for _, c := range []struct{ bug, level string }{
		{"txn-unchecked", "snapshot"}, {"txn-unchecked", "serializable"},
		{"txn-discard-applied", "read-committed"}, {"txn-discard-applied", "serializable"},
	} {
		t.Run(c.bug+" "+c.level, func(t *testing.T) {
			plantedbugs.Plant(c.bug)
			defer plantedbugs.Plant("")
			var out bytes.Buffer
			r := Request{
				Engines: []string{"lsm-skiplist"}, Levels: []string{c.level}, Durability: "buffered", Seed: 1, Scripts: 20, Keep: 1,
				Out: filepath.Join(t.TempDir(), "run"), Stdout: &out, Stderr: &out,
			}
			if err := r.Run(t.Context()); !errors.Is(err, harness.ErrFinding) {
				t.Fatalf("%v\n%s", err, out.String())
			}
			_, cells, _, err := isorun.Read(r.Out)
			if err != nil || len(cells) != 1 {
				t.Fatalf("%d cells, %v", len(cells), err)
			}
			cell := cells[0]
			if cell.Disagreed > 0 || cell.JudgedByLSNs != cell.Scripts || cell.RefutingByLSNs == 0 || cell.Sound() {
				t.Errorf("by LSNs %d of %d refute, %d disagree\n%s", cell.RefutingByLSNs, cell.JudgedByLSNs, cell.Disagreed, out.String())
			}
			t.Logf("%d of %d scripts refute, %d by LSNs: %s", cell.Refuting, cell.Scripts, cell.RefutingByLSNs, cell.AnomalyText())
		})
	}
}
