package campaign

import (
	"errors"
	"fmt"
	"testing"

	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/program"
	"lsmlab/powerfail/rundir"
)

// TestRunUnisolated runs the program of a finding again: the finding has the new detail
// if the program still shows a violation, and there is none if it does not or if the
// program cannot be run.
func TestRunUnisolated(t *testing.T) {
	const text = "lsmlab program 1\nopen synced\nw0 txn 1 begin serializable\nw0 txn 1 get a\n"
	f := Unisolated("toy", toy{}.key(), text, &oracle.Violation{Rule: oracle.RuleIsolation, Detail: "before"})
	if f.Rule != oracle.RuleIsolation || f.Detail != "before" || f.Program != text || f.State != nil || len(f.Lost) != 1 {
		t.Errorf("%+v", f)
	}
	failed := errors.New("no disk")
	for _, c := range []struct {
		text, detail string
		met, want    error
	}{
		{text, program.ErrIsolation.Error() + ": now", fmt.Errorf("worker: %w: now", program.ErrIsolation), nil},
		{text, "", nil, nil},
		{text, "", failed, failed},
	} {
		ran := false
		again, counts, err := RunUnisolated(&f, func(p *program.Program) error {
			ran = p.String() == text
			return c.met
		})
		if !ran || counts.Programs != 1 || !errors.Is(err, c.want) || (again == nil) != (c.detail == "") {
			t.Fatalf("%v: ran %v, %+v, %v, %v", c.met, ran, again, counts, err)
		}
		if again != nil && (again.Detail != c.detail || again.Rule != f.Rule || again.Program != text) {
			t.Errorf("%+v", again)
		}
	}
	if _, counts, err := RunUnisolated(&rundir.Finding{Program: "nonsense"}, nil); err == nil || counts.Programs != 0 {
		t.Errorf("%v, %+v", err, counts)
	}
}
