package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/harness/display"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
)

// defaultDiskSize is that of a recorded disk, in bytes.
const defaultDiskSize = 256 << 20

type diskFlags struct {
	crashFlags
	fileSystems              []string
	size                     byteSize
	workers, programs        int
	workload, checkCmd, from string
	own                      ownFlags

	kinds []disk.FileSystem
}

// ownFlags are those for a person's own program.
type ownFlags struct {
	reopen, fail string
	recordings   int
	busy, kill   bool

	busySet bool // --busy was given: it holds for all recordings
	fault   disk.Fault
}

func (a *app) crashDiskCommand() *cobra.Command {
	f := diskFlags{size: defaultDiskSize}
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
		RunE: func(c *cobra.Command, _ []string) error { return a.crashDisk(c, &f) },
	}
	f.register(c, []string{"@own"}, 1000)
	fs := c.Flags()
	fs.StringSliceVar(&f.fileSystems, "fs", []string{"ext4"}, "`NAMES` of file systems: ext4, xfs, btrfs")
	fs.Var(&f.size, "disk-size", "of the recorded disk; xfs needs 300M")
	fs.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "states mounted at once; btrfs takes one")
	fs.IntVar(&f.programs, "programs", 0, "generated programs; 0: as many as --states takes")
	fs.StringVar(&f.workload, "workload-cmd", "", "shell `CMD` of your own that writes, instead of an engine")
	fs.StringVar(&f.checkCmd, "check-cmd", "", "shell `CMD` of your own that checks")
	fs.StringVar(&f.own.reopen, "reopen-cmd", "", "shell `CMD` of your own that opens what a cut left")
	fs.IntVar(&f.own.recordings, "recordings", 0, "of your own program, each with its own timing; 0: two, or up to twelve if it is quick")
	fs.BoolVar(&f.own.busy, "busy", false, "a neighbour uses the file system too (default: in all recordings of your own program but the first)")
	fs.BoolVar(&f.own.kill, "kill", false, "also kill your own program at acknowledgements, without a power cut")
	fs.StringVar(&f.own.fail, "fail", "", "`FAULT` of the disk: write:N, sync:N or enospc:BYTES")
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
	case f.size < 1 || f.workers < 1 || f.programs < 0 || f.states < 1:
		return &harness.UsageError{Text: fmt.Sprintf("--disk-size %d, --workers %d, --programs %d, --states %d: want positive numbers", f.size, f.workers, f.programs, f.states)}
	}
	if err := f.own.prepare(c, f.workload != ""); err != nil {
		return err
	}
	slices.SortFunc(f.parsed, func(a, b explore.Profile) int { return len(a.Weaker()) - len(b.Weaker()) }) // weakest first
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
	r.progress = display.New(a.stdout, a.stderr, len(f.engines)*len(f.kinds)*len(f.parsed)*diskSteps)
	if f.from != "" {
		err = r.again(c.Context(), old)
	} else {
		err = r.all(c.Context())
	}
	if err == nil {
		err = r.seen()
	}
	if err != nil && c.Context().Err() == nil {
		return errors.Join(err, run.end(true))
	}
	r.progress.Finish()
	return run.finish(c.Context(), a.stdout)
}

// prepare refuses what makes no sense. own says that there is a program of the user.
func (f *ownFlags) prepare(c *cobra.Command, own bool) (err error) {
	f.busySet = c.Flags().Changed("busy")
	for _, name := range []string{"reopen-cmd", "recordings", "kill", "fail"} {
		if c.Flags().Changed(name) && !own {
			return &harness.UsageError{Text: fmt.Sprintf("--%s is for a program of your own: give --workload-cmd and --check-cmd with it", name)}
		}
	}
	if f.recordings < 0 || f.recordings > 1000 {
		return &harness.UsageError{Text: fmt.Sprintf("--recordings %d: want 1 to 1000, or 0 for a few", f.recordings)}
	}
	if f.fail != "" {
		if f.fault, err = disk.ParseFault(f.fail); err != nil {
			return &harness.UsageError{Text: "--fail: " + err.Error()}
		}
	}
	return nil
}
