package isolationrun

import (
	"context"
	"fmt"
	"io"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/isorun"
	"lsmlab/powerfail/isolation/probe"
)

// Replay runs the script of a finding again, at most so many times, and prints what it
// shows. Its error is [harness.ErrFinding] if what was promised is refuted again.
func Replay(ctx context.Context, w io.Writer, dir string, tries int) error {
	f, err := isorun.ReadFinding(dir)
	if err != nil {
		return usage("replay: %v", err)
	}
	if f.Way == probe.Stepwise {
		tries = 1
	}
	d, err := kv.ParseDurability(f.Durability)
	if err != nil {
		return usage("replay: %v", err)
	}
	fmt.Fprint(w, f.Text)
	t, refuted, err := isorun.Replay(ctx, &f, tries, open(d))
	if err != nil {
		return err
	}
	if !refuted {
		fmt.Fprintf(w, "not shown any more: %s is not refuted\n", f.Promised)
		return nil
	}
	h, err := isolation.NewHistory(t.History)
	if err != nil {
		return err
	}
	t.Verdict.PrintEvidence(w, h)
	if t.ByLSNs != nil {
		t.ByLSNs.Print(w, h)
	}
	if t.Disagreed() {
		fmt.Fprintln(w, "the judge that goes by LSNs finds nothing: one of the judges is wrong, or the LSNs are")
	}
	return fmt.Errorf("%w: %s promises %s", harness.ErrFinding, f.Engine, f.Promised)
}
