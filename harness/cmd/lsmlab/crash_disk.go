package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"lsmlab/harness/cmd/crashrun"
	"lsmlab/powerfail/campaign/disktier"
)

func (a *app) crashDiskCommand() *cobra.Command {
	f := crashrun.Disk{Size: disktier.DefaultSize}
	c := &cobra.Command{
		Use:   "disk",
		Short: "Tier 2: real ext4, xfs and btrfs on a disk whose every write is known",
		Long: `Records what a store writes to a file system of this machine's kernel: a loop device on a file that is
served over FUSE. Then makes the states in which a power cut may leave the disk, lets the kernel mount
each, and judges the store on it.

The store is that of an engine, put through generated programs; or that of any program of your own:
--workload-cmd writes to a directory and prints "ack ID" on its own line once something must survive;
--check-cmd gets the acked IDs, one a line, on standard input, and exits with 0 if all is well; its
last line says what is wrong. Both are run by sh with the directory as their last argument.

A program of your own is recorded a few times (--recordings), each with its own timing: alone, and then
beside a busy neighbour, which syncs files of its own on the same file system all the time and stops the
program for a moment now and then. So half an append may be durable, as on any machine that does more
than one thing. --busy or --busy=false makes all recordings the one or the other.

--reopen-cmd opens what a cut left, as your program does when it is started again. It gets the acked IDs
too, may write and print "ack ID", and runs before each check. Some of its runs are recorded and cut
again: what opening does must survive a power cut as well.
--kill also kills the program at acknowledgements, without a power cut, on a directory for temporary
files, and checks what is left.
--fail makes the recorded disk fail once: write:N or sync:N, the Nth after the start (recordings that
follow fail one later each), or enospc:BYTES, a file system with so many left. The program may then end
with an error; what it acknowledged must survive all the same.
A workload that dies is a finding, and what was recorded up to there is explored.

Recordings stay in the run directory; --log explores them again, under other profiles say.
--states is per engine, file system and profile. Once --findings are there, profiles that lose more are
not explored: they would show the same. A state that the kernel does not mount is the file system's
affair: it is counted apart, and says nothing of the store.

Needs root, /dev/fuse and loop devices. What a killed run leaves is released by lsmlab crash clean.

Exit status: 0 sound; 1 a finding, kept in the run directory with the command that shows it again;
2 wrong use, no state to check, or no root, /dev/fuse or loop device; 130 interrupted, what was found is
on disk.`,
		Example: `  lsmlab crash disk --engines lsm-bptree,bbolt --states 500
  lsmlab crash disk --engines pebble --fs ext4,xfs,btrfs --profile posix-strict
  lsmlab crash disk --workload-cmd ./fill.sh --check-cmd ./check.sh
  lsmlab crash disk --workload-cmd ./fill.sh --check-cmd ./check.sh --reopen-cmd ./open.sh --kill
  lsmlab crash disk --workload-cmd ./fill.sh --check-cmd ./check.sh --fail sync:1 --recordings 20
  lsmlab crash disk --log results/crash-disk-20260102-030405 --profile lying-disk`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.Run(c) },
	}
	f.Add(c, []string{"@own"}, 1000)
	fs := c.Flags()
	fs.StringSliceVar(&f.FileSystems, "fs", []string{"ext4"}, "`NAMES` of file systems: ext4, xfs, btrfs")
	fs.Var(&f.Size, "disk-size", "of the recorded disk; xfs needs 300M")
	fs.IntVar(&f.Tier.Workers, "workers", runtime.GOMAXPROCS(0), "states mounted at once; btrfs takes one")
	fs.IntVar(&f.Tier.Programs, "programs", 0, "generated programs; 0: as many as --states takes")
	fs.StringVar(&f.Tier.Own.Program.Workload, "workload-cmd", "", "shell `CMD` of your own that writes, instead of an engine")
	fs.StringVar(&f.Tier.Own.Program.Check, "check-cmd", "", "shell `CMD` of your own that checks")
	fs.StringVar(&f.Tier.Own.Program.Reopen, "reopen-cmd", "", "shell `CMD` of your own that opens what a cut left")
	fs.IntVar(&f.Tier.Own.Recordings, "recordings", 0, "of your own program, each with its own timing; 0: two, or up to twelve if it is quick")
	fs.BoolVar(&f.Busy, "busy", false, "a neighbour uses the file system too (default: in all recordings of your own program but the first)")
	fs.BoolVar(&f.Tier.Own.Kill, "kill", false, "also kill your own program at acknowledgements, without a power cut")
	fs.Var(&f.Tier.Own.Fault, "fail", "`FAULT` of the disk: write:N, sync:N or enospc:BYTES")
	fs.StringVar(&f.From, "log", "", "`PATH` of recordings to explore again: a run directory, or a log in one")
	return c
}
