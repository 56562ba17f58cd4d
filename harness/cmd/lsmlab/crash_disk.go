package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/powerfail/disk"
)

type diskFlags struct {
	crashFlags
	fileSystems              []string
	size                     byteSize
	workers, programs        int
	workload, checkCmd, from string

	kinds []disk.FileSystem
}

func (a *app) crashDiskCommand() *cobra.Command {
	f := diskFlags{size: 256 << 20}
	c := &cobra.Command{
		Use:   "disk",
		Short: "Tier 2: real ext4, xfs and btrfs on a disk whose every write is known",
		Long: `Records what a store writes to a file system of this machine's kernel: a loop device on a file that is
served over FUSE. Then makes the states in which a power cut may leave the disk, lets the kernel mount
each, and judges the store on it.

The store is that of an engine, put through generated programs; or that of any program of your own:
--workload-cmd writes to a directory and prints "ack ID" on its own line once something must survive;
--check-cmd gets the acked IDs, one a line, on standard input, and exits with 0 if all is well. Both
are run by sh with the directory as their last argument.

Recordings stay in the run directory; --log explores them again, under other profiles say.
--states is per engine, file system and profile.

Needs root, /dev/fuse and loop devices. What a killed run leaves is released by lsmlab crash clean.

Exit status: 0 sound; 1 a finding, kept in the run directory with the command that shows it again;
2 wrong use or no root, /dev/fuse or loop device; 130 interrupted, what was found is on disk.`,
		Example: `  lsmlab crash disk --engines lsm-bptree,bbolt --states 500
  lsmlab crash disk --engines pebble --fs ext4,xfs,btrfs --profile posix-strict
  lsmlab crash disk --workload-cmd ./fill.sh --check-cmd ./check.sh
  lsmlab crash disk --log results/crash-disk-20260102-030405 --profile lying-disk`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.crashDisk(c, &f) },
	}
	f.register(c, []string{"@own"}, 1000)
	fs := c.Flags()
	_ = fs.MarkHidden("depth") // the recovery of one crash is not recorded
	fs.StringSliceVar(&f.fileSystems, "fs", []string{"ext4"}, "`NAMES` of file systems: ext4, xfs, btrfs")
	fs.Var(&f.size, "disk-size", "of the recorded disk; xfs needs 300M")
	fs.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "states mounted at once; btrfs takes one")
	fs.IntVar(&f.programs, "programs", 0, "generated programs; 0: as many as --states takes")
	fs.StringVar(&f.workload, "workload-cmd", "", "shell `CMD` of your own that writes, instead of an engine")
	fs.StringVar(&f.checkCmd, "check-cmd", "", "shell `CMD` of your own that checks")
	fs.StringVar(&f.from, "log", "", "`PATH` of recordings to explore again: a run directory, or a log in one")
	return c
}

// prepare refuses what makes no sense, and a machine on which it can't be done.
func (f *diskFlags) prepare(c *cobra.Command) error {
	if err := f.crashFlags.check(); err != nil {
		return err
	}
	own := f.workload != "" || f.checkCmd != ""
	switch {
	case f.from == "" && (f.workload == "") != (f.checkCmd == ""):
		return &harness.UsageError{Text: "--workload-cmd and --check-cmd go together: give both"}
	case f.from != "" && f.workload != "":
		return &harness.UsageError{Text: "--log explores what was recorded, so --workload-cmd makes no sense with it"}
	case (own || f.from != "") && (c.Flags().Changed("engines") || f.bug != ""):
		return &harness.UsageError{Text: "--engines and --bug are for recordings of engines: leave them out beside --workload-cmd, --check-cmd and --log"}
	case f.size < 1 || f.workers < 1 || f.programs < 0:
		return &harness.UsageError{Text: fmt.Sprintf("--disk-size %d, --workers %d, --programs %d: want positive numbers", f.size, f.workers, f.programs)}
	}
	for _, name := range f.fileSystems {
		kind, err := disk.LookupFileSystem(name)
		if err != nil {
			return &harness.UsageError{Text: "--fs: " + err.Error()}
		}
		if err := disk.Require(kind); err != nil {
			return &harness.UsageError{Text: fmt.Sprintf("crash disk can't be done here: %v", err)}
		}
		f.kinds = append(f.kinds, kind)
	}
	if own || f.from != "" {
		f.engines = []string{""}
	}
	return nil
}

func (a *app) crashDisk(c *cobra.Command, f *diskFlags) (err error) {
	if err := f.prepare(c); err != nil {
		return err
	}
	var old []*disk.Recording
	if f.from != "" {
		if old, err = disk.ReadRecordings(f.from); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	stage, err := disk.NewStage()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	run, err := f.begin(c, disk.Tier, "crash-disk")
	if err != nil {
		return err
	}
	run.run.Versions["kernel"] = disk.Kernel()
	r := diskRun{diskFlags: f, crashRun: run, stage: stage, self: self}
	r.progress = harness.NewDisplay(a.stdout, a.stderr, len(f.engines)*len(f.kinds)*len(f.parsed)*diskSteps)
	if f.from != "" {
		err = r.again(c.Context(), old)
	} else {
		err = r.all(c.Context())
	}
	if err != nil && c.Context().Err() == nil {
		return errors.Join(err, run.end(true))
	}
	r.progress.Finish()
	return run.finish(c.Context(), a.stdout)
}
