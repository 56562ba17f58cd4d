package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/powerfail/campaign/process"
)

func (a *app) crashCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "crash",
		Short: "Cut the power of a store, again and again, and judge what is left",
		Long: `Cuts the power of a store, again and again, and judges what is left: in simulation (sim), at the level of
files (files), on real file systems (disk), in virtual machines (vm).

Ctrl-C keeps what was explored. A run that was cut, also by a kill, goes on with the same flags, the same
--out and --resume.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.crashSimCommand(), a.crashDiskCommand(), a.crashFilesCommand(), a.crashVMCommand(), a.crashCleanCommand(), a.crashReplayCommand(), a.crashMergeCommand())
	for _, role := range process.Roles() {
		c.AddCommand(a.roleCommand(role))
	}
	return c
}

// roleCommand is a command that tiers start; people have little use for it.
func (a *app) roleCommand(role process.Role) *cobra.Command {
	c := &cobra.Command{Use: role.Use, Short: role.About, Example: role.Example, Hidden: true, DisableFlagParsing: role.Raw}
	if role.Args >= 0 {
		c.Args = cobra.ExactArgs(role.Args)
	}
	run := role.Flags(c.Flags())
	c.RunE = func(_ *cobra.Command, args []string) error {
		err := run(args, a.stdin, a.stdout)
		var broken *process.BrokenError
		if errors.As(err, &broken) {
			return fmt.Errorf("%w: %v", harness.ErrFinding, broken)
		}
		return err
	}
	return c
}
