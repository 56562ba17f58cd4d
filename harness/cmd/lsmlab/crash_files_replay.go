package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/files"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
)

// replayFiles checks the crash state of a finding again, from its own log; or runs the
// program again, if it did not end well by itself.
func replayFiles(ctx context.Context, f *rundir.Finding) (found *rundir.Finding, counts explore.Counts, err error) {
	if err := files.Require(); err != nil {
		return nil, counts, &harness.UsageError{Text: err.Error()}
	}
	if f.State == nil {
		return nil, counts, errors.New("the finding has no state directory, in which its operation log would lie")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, counts, err
	}
	stage, err := disk.NewStage()
	if err != nil {
		return nil, counts, err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	dir := filepath.Join(stage.Dir, "finding")
	if err := f.State(dir); err != nil {
		return nil, counts, err
	}
	rec, died, err := files.Found(f, dir)
	if err != nil {
		return nil, counts, err
	}
	counts.Explored, counts.Distinct = 1, 1
	var broken *oracle.Violation
	if died {
		server, watched := filesHelpers(self)
		failed, err := rec.RunAgain(ctx, stage, server, watched, f.Rule, filepath.Join(stage.Dir, "again.jsonl"))
		if err != nil || failed == nil {
			return nil, counts, err
		}
		broken = &oracle.Violation{Rule: f.Rule, Detail: failed.Headline()}
	} else {
		judge, err := filesJudge(stage, self, rec)
		if err != nil {
			return nil, counts, err
		}
		x := files.Exploration{Stage: stage, Log: rec.Log, LogFile: rec.LogFile(), Judge: judge}
		if broken, err = x.Replay(ctx, f); err != nil || broken == nil || broken.Rule != f.Rule {
			return nil, counts, err
		}
	}
	again := *f
	again.Detail = broken.Detail
	return &again, counts, nil
}

// crashFuseFilesCommand is the process that serves a recorded directory.
func (a *app) crashFuseFilesCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "fuse-files DIR BEHIND FAULT LOG",
		Short:  "Serve the directory BEHIND at DIR and log what is done there (started by crash files)",
		Hidden: true,
		Args:   cobra.ExactArgs(4),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			var fault disk.Fault
			if args[2] != "" {
				if fault, err = disk.ParseFault(args[2]); err != nil {
					return err
				}
			}
			log, err := os.Create(args[3])
			if err != nil {
				return err
			}
			return errors.Join(files.Serve(args[0], args[1], fault, log, a.stdin, a.stdout), log.Close())
		},
	}
}

// crashWatchedCommand is the process that becomes a program whose system calls are
// watched.
func (a *app) crashWatchedCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "watched CMD ARG...",
		Short:              "Become a command whose calls of sync(2) are told to crash files (started by it)",
		Hidden:             true,
		DisableFlagParsing: true, // they are the command's
		RunE:               func(_ *cobra.Command, args []string) error { return files.Watched(args) },
	}
}

// filesHelpers are the commands of the processes that crash files starts.
func filesHelpers(self string) (server, watched []string) {
	return []string{self, "crash", "fuse-files"}, []string{self, "crash", "watched"}
}
