package vm

import (
	"fmt"
	"slices"
	"testing"

	"lsmlab/powerfail/oracle"
)

// run runs a cell and says its findings in words.
func runCell(t *testing.T, l *Lab, c Cell, w Workload) (o *Outcome, findings []string) {
	t.Helper()
	o, err := l.Run(t.Context(), c, w)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range o.Broken() {
		findings = append(findings, fmt.Sprintf("%s at %d: %s", j.Verdict.Broken, j.Cut.Position, j.State))
	}
	return o, findings
}

// Each method, on the engine as it is, finds nothing, and did cut in the middle:
// some writes were found, and not all.
func TestMethods(t *testing.T) {
	l := testLab(t)
	for _, m := range methods() {
		t.Run(m.name, func(t *testing.T) {
			c := Cell{Kernel: "6.1", FS: "ext4", Method: m.name}
			o, findings := runCell(t, l, c, testWorkload(40, 3))
			if len(findings) > 0 {
				t.Errorf("findings: %q", findings)
			}
			if n := len(o.History.Writes); o.Distinct == 0 || n < 15 {
				t.Errorf("%d states, %d writes", o.Distinct, n)
			}
			found := slices.MaxFunc(o.Judged, func(a, b Judged) int { return writesFound(a) - writesFound(b) })
			if writesFound(found) == 0 && m.name != "flakey-corrupt" { // which may leave nothing to open
				t.Error("no write was found after any cut")
			}
		})
	}
}

func writesFound(j Judged) (n int) {
	for _, f := range j.Verdict.Found {
		n += f
	}
	return n
}

// The other file systems and the other kernel, each by a method that needs a part
// of them that may be missing.
func TestKernelsAndFileSystems(t *testing.T) {
	l := testLab(t)
	for _, c := range []Cell{
		{"6.1", "btrfs", "flakey-drop"},
		{"6.12", "xfs", "log-writes"},
	} {
		t.Run(c.String(), func(t *testing.T) {
			if _, findings := runCell(t, l, c, testWorkload(20, 3)); len(findings) > 0 {
				t.Errorf("findings: %q", findings)
			}
		})
	}
}

// A worker whose WAL is never synced loses acknowledged writes, and every method
// that takes what was not synced shows it.
func TestUnsyncedLogIsFound(t *testing.T) {
	l := testLab(t)
	for _, method := range []string{"sigkill", "flakey-drop", "disk-log"} {
		t.Run(method, func(t *testing.T) {
			w := testWorkload(40, 8)
			w.Worker = append(w.Worker, unsynced)
			o, findings := runCell(t, l, Cell{"6.1", "ext4", method}, w)
			if len(findings) == 0 {
				t.Errorf("no finding in %d states", o.Distinct)
			}
			for _, j := range o.Broken() {
				if j.Verdict.Broken.Rule != oracle.RuleLost {
					t.Errorf("broken: %s, want %s", j.Verdict.Broken, oracle.RuleLost)
				}
			}
		})
	}
}

func TestUnknownNames(t *testing.T) {
	l := &Lab{}
	for _, c := range []Cell{{"6.1", "ext4", "hammer"}, {"6.1", "fat", "sigkill"}} {
		if _, err := l.Run(t.Context(), c, Workload{}); err == nil {
			t.Errorf("%s: no error", c)
		}
	}
}
