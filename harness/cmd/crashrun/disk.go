package crashrun

import (
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/engines/bytesize"
	"lsmlab/harness"
	"lsmlab/powerfail/campaign/disktier"
	"lsmlab/powerfail/disk"
)

// Disk is what `lsmlab crash disk` is asked for, by its flags.
type Disk struct {
	Flags
	Tier        disktier.Tier
	FileSystems []string
	Size        bytesize.Size // of the recorded disk
	From        string        // recordings to explore again
	Busy        bool
}

// Run explores what is asked for by the flags of c.
func (f *Disk) Run(c *cobra.Command) error {
	if err := f.prepare(c); err != nil {
		return err
	}
	t := &f.Tier
	t.Options, t.Busy, t.Check = &f.Options, f.Busy, t.Own.Program.Check
	return f.Explore(c, t)
}

// prepare refuses what makes no sense, and a machine on which it can't be done.
func (f *Disk) prepare(c *cobra.Command) (err error) {
	if err := f.Flags.Check(); err != nil {
		return err
	}
	t, program := &f.Tier, &f.Tier.Own.Program
	own := program.Workload != "" || program.Check != ""
	switch {
	case f.From == "" && (program.Workload == "") != (program.Check == ""):
		return &harness.UsageError{Text: "--workload-cmd and --check-cmd go together: give both"}
	case f.From != "" && program.Workload != "":
		return &harness.UsageError{Text: "--log explores what was recorded, so --workload-cmd makes no sense with it"}
	case (own || f.From != "") && (c.Flags().Changed("engines") || f.Bug != ""):
		return &harness.UsageError{Text: "--engines and --bug are for recordings of engines: leave them out beside --workload-cmd, --check-cmd and --log"}
	}
	if err := f.prepareOwn(c); err != nil {
		return err
	}
	f.WeakestFirst()
	t.Size = int64(f.Size)
	if err := t.Prepare(f.FileSystems); err != nil {
		return err
	}
	if own || f.From != "" {
		f.Engines = nil
	}
	if f.From != "" {
		t.Old, err = disk.ReadRecordings(f.From)
	}
	return err
}

// prepareOwn refuses what makes no sense of the flags for a person's own program.
func (f *Disk) prepareOwn(c *cobra.Command) error {
	own := &f.Tier.Own
	for _, name := range []string{"reopen-cmd", "recordings", "kill", "fail"} {
		if c.Flags().Changed(name) && own.Program.Workload == "" {
			return &harness.UsageError{Text: fmt.Sprintf("--%s is for a program of your own: give --workload-cmd and --check-cmd with it", name)}
		}
	}
	if c.Flags().Changed("busy") {
		own.Busy = &f.Busy
	}
	return nil
}
