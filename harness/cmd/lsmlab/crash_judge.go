package main

import (
	"os"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/disk"
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
