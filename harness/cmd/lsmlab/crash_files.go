package main

import (
	"runtime"

	"lsmlab/harness/cmd/crashrun"

	"github.com/spf13/cobra"
)

func (a *app) crashFilesCommand() *cobra.Command {
	var f crashrun.Files
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
		RunE: func(c *cobra.Command, _ []string) error { return f.Run(c) },
	}
	f.Add(c, nil, 1000)
	fs := c.Flags()
	_ = fs.MarkHidden("shard") // recordings are fast enough
	fs.Lookup("depth").Usage = "crashes that follow each other: 2 crashes what --reopen-cmd does too"
	fs.StringVar(&f.Tier.Program.Workload, "workload-cmd", "", "shell `CMD` of your own that writes")
	fs.StringVar(&f.Tier.Program.Check, "check-cmd", "", "shell `CMD` of your own that checks")
	fs.StringVar(&f.Tier.Program.Reopen, "reopen-cmd", "", "shell `CMD` of your own that opens what a crash left, before the check")
	fs.IntVar(&f.Tier.Recordings, "recordings", 2, "how often the workload is recorded, each time with a timing of its own")
	fs.BoolVar(&f.Tier.Kill, "kill", false, "only kill the process, at each operation and acknowledgement; no power loss")
	fs.Var(&f.Tier.Fault, "fail", "`FAULT` of the workload's files: write:N or sync:N fails, from 1 on, or enospc:SIZE is the room there is")
	fs.StringVar(&f.From, "log", "", "`PATH` of recordings to explore again: a run directory, or one recording's")
	fs.IntVar(&f.Tier.Workers, "workers", runtime.GOMAXPROCS(0), "states checked at once")
	return c
}
