package main

import (
	"os"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/harness/cmd/tracerun"
)

// cellCommand is the process of one cell; people have no use for it.
func (a *app) cellCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "cell",
		Short:  "Run one cell: its spec on standard input, its result on standard output",
		Hidden: true,
		Args:   noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			os.Stdout = os.Stderr // an engine that prints must not break the protocol
			return harness.ServeCell(c.Context(), tracerun.Traced(a.catalog), a.stdin, a.stdout)
		},
	}
}
