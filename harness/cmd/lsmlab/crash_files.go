package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/powerfail/campaign/filestier"
	"lsmlab/powerfail/files"
)

type filesFlags struct {
	crashFlags
	tier filestier.Tier
	from string
}

func (a *app) crashFilesCommand() *cobra.Command {
	f := filesFlags{}
	c := &cobra.Command{
		Use:   "files",
		Short: "File level: any program's file operations, crashed by the model of tier 1",
		Long: `Records what a program of your own does to a directory, served over FUSE: every write, size, rename, entry
and sync. Then makes the states in which a crash may leave the directory, by the model of a file system
that crash sim has: so a missing sync of a directory shows, which the journal of a real file system
hides. Nothing is mounted for a state, so hundreds are checked a second.

--workload-cmd writes to a directory and prints "ack ID" on its own line once something must survive;
--check-cmd gets the acked IDs, one a line, on standard input, and exits with 0 if all is well. With
--reopen-cmd, which gets the same input, the program opens what a crash left before it is checked; some
of these openings are recorded and crashed too. All are run by sh with the directory as their last
argument. A workload or reopening that does not end well is a finding, but with --fail.

Every crash of the process alone is among the states: the directory as it was at each operation and
acknowledgement. --kill makes these alone.

--engines takes engines instead, put through generated programs and judged by their histories: also those
that reach their files without our file layer, which crash sim cannot do.

Recordings stay in the run directory; --log explores them again, under other profiles say.
--states is per profile, over all recordings. Once --findings are there, profiles that lose more are not
explored: they would show the same. Stores through mappings are seen when the kernel writes
them back; what else is seen and is not: see powerfail/README.md.

Needs root and /dev/fuse. What a killed run leaves is released by lsmlab crash clean.

Exit status: 0 sound; 1 a finding, kept in the run directory with the command that shows it again;
2 wrong use or no root or /dev/fuse; 130 interrupted, what was found is on disk.`,
		Example: `  lsmlab crash files --workload-cmd ./fill.sh --check-cmd ./check.sh
  lsmlab crash files --workload-cmd ./fill.sh --check-cmd ./check.sh --fail sync:3
  lsmlab crash files --engines badger,bbolt,goleveldb,pebble --profile posix-strict
  lsmlab crash files --log results/crash-files-20260102-030405 --profile posix-strict --states 20000`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.crashFiles(c, &f) },
	}
	f.register(c, nil, 1000)
	fs := c.Flags()
	_ = fs.MarkHidden("shard") // recordings are fast enough
	fs.Lookup("depth").Usage = "crashes that follow each other: 2 crashes what --reopen-cmd does too"
	fs.StringVar(&f.tier.Program.Workload, "workload-cmd", "", "shell `CMD` of your own that writes")
	fs.StringVar(&f.tier.Program.Check, "check-cmd", "", "shell `CMD` of your own that checks")
	fs.StringVar(&f.tier.Program.Reopen, "reopen-cmd", "", "shell `CMD` of your own that opens what a crash left, before the check")
	fs.IntVar(&f.tier.Recordings, "recordings", 2, "how often the workload is recorded, each time with a timing of its own")
	fs.BoolVar(&f.tier.Kill, "kill", false, "only kill the process, at each operation and acknowledgement; no power loss")
	fs.Var(&f.tier.Fault, "fail", "`FAULT` of the workload's files: write:N or sync:N fails, from 1 on, or enospc:SIZE is the room there is")
	fs.StringVar(&f.from, "log", "", "`PATH` of recordings to explore again: a run directory, or one recording's")
	fs.IntVar(&f.tier.Workers, "workers", runtime.GOMAXPROCS(0), "states checked at once")
	return c
}

// prepare refuses what makes no sense, and a machine on which it can't be done.
func (f *filesFlags) prepare() (err error) {
	if err := f.crashFlags.check(); err != nil {
		return err
	}
	t, program := &f.tier, &f.tier.Program
	own := program.Workload != "" || program.Check != "" || program.Reopen != ""
	switch {
	case f.Shard.N > 1:
		return &harness.UsageError{Text: "--shard is of crash sim and crash disk: give another --seed for other states"}
	case len(f.Engines) > 0 && (own || f.from != "" || t.Fault.Kind != ""), len(f.Engines) == 0 && f.Bug != "":
		return &harness.UsageError{Text: "--engines and --bug are for recordings of engines: leave them out beside --workload-cmd, --check-cmd, --fail and --log"}
	case len(f.Engines) == 0 && f.from == "" && (program.Workload == "" || program.Check == ""):
		return &harness.UsageError{Text: "--workload-cmd and --check-cmd go together: give both, or --log with what was recorded, or --engines"}
	case f.from != "" && (program.Workload != "" || t.Fault.Kind != ""):
		return &harness.UsageError{Text: "--log explores what was recorded, so --workload-cmd and --fail make no sense with it"}
	case t.Workers < 1 || t.Recordings < 1 || f.States < 1:
		return &harness.UsageError{Text: fmt.Sprintf("--workers %d, --recordings %d, --states %d: want 1 at least of each", t.Workers, t.Recordings, f.States)}
	}
	f.WeakestFirst()
	if err := files.Require(); err != nil {
		return &harness.UsageError{Text: err.Error()}
	}
	if f.from != "" {
		t.Old, err = files.ReadRecordings(f.from)
	}
	return err
}

func (a *app) crashFiles(c *cobra.Command, f *filesFlags) error {
	if err := f.prepare(); err != nil {
		return err
	}
	f.tier.Options = &f.Options
	return a.explore(c, &f.crashFlags, &f.tier)
}
