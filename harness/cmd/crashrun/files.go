package crashrun

import (
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/powerfail/campaign/filestier"
	"lsmlab/powerfail/files"
)

// Files is what `lsmlab crash files` is asked for, by its flags.
type Files struct {
	Flags
	Tier filestier.Tier
	From string // recordings to explore again
}

// Run explores what is asked for by the flags of c.
func (f *Files) Run(c *cobra.Command) error {
	if err := f.prepare(); err != nil {
		return err
	}
	f.Tier.Options = &f.Options
	return f.Explore(c, &f.Tier)
}

// prepare refuses what makes no sense, and a machine on which it can't be done.
func (f *Files) prepare() (err error) {
	if err := f.Flags.Check(); err != nil {
		return err
	}
	t, program := &f.Tier, &f.Tier.Program
	own := program.Workload != "" || program.Check != "" || program.Reopen != ""
	switch {
	case f.Shard.N > 1:
		return &harness.UsageError{Text: "--shard is of crash sim and crash disk: give another --seed for other states"}
	case len(f.Engines) > 0 && (own || f.From != "" || t.Fault.Kind != ""), len(f.Engines) == 0 && f.Bug != "":
		return &harness.UsageError{Text: "--engines and --bug are for recordings of engines: leave them out beside --workload-cmd, --check-cmd, --fail and --log"}
	case len(f.Engines) == 0 && f.From == "" && (program.Workload == "" || program.Check == ""):
		return &harness.UsageError{Text: "--workload-cmd and --check-cmd go together: give both, or --log with what was recorded, or --engines"}
	case f.From != "" && (program.Workload != "" || t.Fault.Kind != ""):
		return &harness.UsageError{Text: "--log explores what was recorded, so --workload-cmd and --fail make no sense with it"}
	case t.Workers < 1 || t.Recordings < 1 || f.States < 1:
		return &harness.UsageError{Text: fmt.Sprintf("--workers %d, --recordings %d, --states %d: want 1 at least of each", t.Workers, t.Recordings, f.States)}
	}
	f.WeakestFirst()
	if err := files.Require(); err != nil {
		return &harness.UsageError{Text: err.Error(), Err: err}
	}
	if f.From != "" {
		t.Old, err = files.ReadRecordings(f.From)
	}
	return err
}
