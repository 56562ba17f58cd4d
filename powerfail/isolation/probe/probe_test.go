package probe

import (
	"context"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/testseed"
	"lsmlab/powerfail/isolation"
)

func probe(t *testing.T, e kv.Engine, level kv.Isolation, scripts int, seed uint64) (Cell, []Trial) {
	t.Helper()
	s, err := New(e, level, kv.Volatile)
	if err != nil {
		t.Fatal(err)
	}
	var found []Trial
	c, err := Probe(context.Background(), s, Options{Seed: seed, Scripts: scripts}, func(trial Trial) error {
		found = append(found, trial)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, found
}

// TestSound probes stores without a bug: they give what they promise at each level, and
// no more, so the scripts are able to tell levels apart.
func TestSound(t *testing.T) {
	seed := testseed.New(t)
	for level, want := range map[kv.Isolation]string{
		kv.ReadCommitted:     "read committed",
		kv.SnapshotIsolation: "strong snapshot isolation",
		kv.Serializable:      "strict serializable",
	} {
		for name, e := range map[string]kv.Engine{"toy": newToy(none), "model": kvtest.NewModel()} {
			c, found := probe(t, e, level, 60, seed)
			for _, f := range found {
				t.Errorf("%s at %s: %s %s: %+v\n%s", name, level, f.Way, f.Script.Name, f.Against(), f.Script)
			}
			if got := isolation.Names(c.Found); got != want {
				t.Errorf("%s at %s: found %q, want %q; anomalies %v", name, level, got, want, c.Anomalies)
			}
			if c.JudgedByLSNs != c.Scripts {
				t.Errorf("%s at %s: %d of %d histories were judged by LSNs", name, level, c.JudgedByLSNs, c.Scripts)
			}
			if c.OneWriter {
				t.Errorf("%s at %s is taken for a store of one writer", name, level)
			}
		}
	}
}

// TestPlantedBugs probes stores with one bug each. The level that is left must be the
// right one, and the anomaly the bug's own. By LSNs the promise is refuted too, in each
// history in which it is without them.
func TestPlantedBugs(t *testing.T) {
	seed := testseed.New(t)
	for _, c := range []struct {
		name    string
		bug     bug
		level   kv.Isolation
		left    string // or one of two, where it depends on how far the scripts go
		anomaly string
	}{
		{"no write check", noWriteCheck, kv.SnapshotIsolation, "read committed", "lost update"},
		{"check before assignment", checkTooEarly, kv.SnapshotIsolation, "read committed", "lost update"},
		{"stale snapshot", staleSnapshot, kv.SnapshotIsolation, "snapshot isolation", "G-single-process"},
		{"stale snapshot of readers", staleReadOnly, kv.Serializable, "serializable", "G-single-process"},
		{"dirty read", dirtyRead, kv.SnapshotIsolation, "read uncommitted", "G1a"},
		{"dirty scan", dirtyScan, kv.SnapshotIsolation, "read uncommitted", "G1a"},
		{"torn commit", tornCommit, kv.SnapshotIsolation, "read committed", "G-single"},
		{"phantom", phantom, kv.Serializable, "repeatable read, strong snapshot isolation", "G2"},
		{"lost range check", noRangeCheck, kv.Serializable, "strong snapshot isolation", "G2-item"},
		{"lost read check", noReadCheck, kv.Serializable, "strong snapshot isolation", "G2-item"},
		{"lost check of absent keys", noAbsentCheck, kv.Serializable, "strong snapshot isolation", "G2-item"},
		{"aborted write visible", abortedVisible, kv.SnapshotIsolation, "read uncommitted", "G1a"},
		{"conflict applied", conflictApplied, kv.SnapshotIsolation, "read uncommitted", "G1a"},
		{"non-repeatable read", nonRepeatable, kv.SnapshotIsolation, "read committed", "internal"},
		{"scan of the newest state", newestScan, kv.SnapshotIsolation, "read committed", "internal"},
		{"lost own write", lostOwnWrite, kv.SnapshotIsolation, "read committed", "internal"},
		{"scan misses own writes", scanMissesOwn, kv.SnapshotIsolation, "read committed", "internal"},
		{"plain writes unchecked", plainUnchecked, kv.SnapshotIsolation, "read committed", "lost update"},
		{"lost commit", lostCommit, kv.Serializable, "read committed", "G-single-process"},
		{"intermediate read", intermediateRead, kv.SnapshotIsolation, "read uncommitted|no level", "G1a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			scripts := 100
			if testing.Short() {
				scripts = 40
			}
			cell, found := probe(t, newToy(c.bug), c.level, scripts, seed)
			if got := isolation.Names(cell.Found); !slices.Contains(strings.Split(c.left, "|"), got) || cell.Sound() || cell.Anomalies[c.anomaly] == 0 {
				t.Errorf("found %q, want %q; anomalies %v, want %s", got, c.left, cell.Anomalies, c.anomaly)
			}
			if cell.Disagreed > 0 || cell.JudgedByLSNs != cell.Scripts || cell.RefutingByLSNs == 0 {
				t.Errorf("by LSNs: %d of %d refute, %d disagree", cell.RefutingByLSNs, cell.JudgedByLSNs, cell.Disagreed)
			}
			fixed := 0
			for _, f := range found {
				if slices.ContainsFunc(hermitageScripts(), func(s *Script) bool { return s.Name == f.Script.Name }) {
					fixed++
				}
			}
			t.Logf("%d of %d scripts refute, %d of them fixed; anomalies %v", cell.Refuting, cell.Scripts, fixed, cell.Anomalies)
		})
	}
}
