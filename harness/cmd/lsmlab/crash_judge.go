package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/files"
)

// crashFuseCommand is the process that serves a recorded disk.
func (a *app) crashFuseCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "fuse DIR SIZE LOG BASE FAULT",
		Short:  "Serve a file of SIZE bytes in DIR and log what is written to it (started by crash disk)",
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := disk.ParseServed(args)
			if err != nil {
				return err
			}
			return disk.Serve(s, a.stdin, a.stdout)
		},
	}
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

// crashJudgeCommand is the process that judges the stores of one recording.
func (a *app) crashJudgeCommand() *cobra.Command {
	var store crashStore
	var history, durability string
	c := &cobra.Command{
		Use:    "judge",
		Short:  "Judge stores by a history, one for each line of standard input (started by crash disk)",
		Hidden: true,
		Args:   noArgs,
		RunE: func(*cobra.Command, []string) error {
			d, err := kv.ParseDurability(durability)
			if err != nil {
				return err
			}
			index, err := readIndex(history)
			if err != nil {
				return err
			}
			os.Stdout = os.Stderr // an engine that prints must not break the protocol
			return disk.ServeJudge(index, func(dir string) (kv.Engine, error) {
				at := store
				at.dir = dir
				return at.open(d)
			}, a.stdin, a.stdout)
		},
	}
	fs := c.Flags()
	fs.StringVar(&store.engine, "engine", "", "`NAME` of the engine, see lsmlab list engines")
	fs.StringVar(&store.bug, "bug", "", "`NAME` of a planted bug, see lsmlab list faults")
	fs.BoolVar(&store.small, "small", false, "sizes that make tables, logs and manifests end early")
	fs.StringVar(&history, "history", "", "`FILE` with the history")
	fs.StringVar(&durability, "durability", kv.Synced.String(), "`LEVEL` that the store is opened for")
	return c
}
