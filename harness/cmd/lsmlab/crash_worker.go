package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/program"
)

// crashWorkerCommand is the process that a recorder watches: see [program.Tell].
func (a *app) crashWorkerCommand() *cobra.Command {
	var store crashStore
	var file string
	c := &cobra.Command{
		Use:    "worker",
		Short:  "Run a program on a store and tell of each write (started by crash disk and crash vm)",
		Hidden: true,
		Args:   noArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			p, err := program.Parse(string(text))
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			return program.Tell(p, func() (kv.Engine, error) { return store.open(p.Durability) }, a.stdin, a.stdout)
		},
	}
	store.flags(c)
	c.Flags().StringVar(&file, "program", "", "`FILE` with the program")
	_ = c.MarkFlagRequired("program")
	return c
}
