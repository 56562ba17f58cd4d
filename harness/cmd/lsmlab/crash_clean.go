package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/powerfail/disk"
)

func (a *app) crashCleanCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clean",
		Short: "Release the mounts, loop devices and processes that killed runs of crash disk left",
		Long: `Releases what runs of crash disk left that were killed: processes, mounts, loop devices, directories.
Runs that are under way are left alone.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			released, running, err := disk.Clean()
			for _, dir := range released {
				fmt.Fprintln(a.stdout, "released", dir)
			}
			for _, dir := range running {
				fmt.Fprintln(a.stdout, "left alone, its run is under way:", dir)
			}
			if len(released)+len(running) == 0 && err == nil {
				fmt.Fprintln(a.stdout, "nothing to release")
			}
			return err
		},
	}
}
