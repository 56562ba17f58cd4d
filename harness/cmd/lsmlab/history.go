package main

import (
	"github.com/spf13/cobra"

	"lsmlab/harness/cmd/overtime"
)

func (a *app) historyCommand() *cobra.Command {
	d := overtime.Drawing{Stdout: a.stdout, Stderr: a.stderr}
	c := &cobra.Command{
		Use:   "history DIR..",
		Short: "Draw the figures of many runs over commits or dates, with their changes",
		Long: `Lines up the runs in the directories, finds the places at which a figure changes, and names the commits
between which each lies. Leaves in --out a page with a chart for each engine and workload, and
history.json. Only runs of one machine that did the same work are lined up; others get a section of
their own. The more runs, the smaller a change that can be told: none is from fewer than eight.`,
		Example: "  lsmlab history results/before results/mine results/after --out results/history",
		Args:    someArgs("the directories of the runs"),
		RunE:    func(_ *cobra.Command, args []string) error { return d.Draw(args) },
	}
	c.Flags().StringVar(&d.By, "by", "", "order of the runs: commit or date (default: commit, where all know the time of theirs)")
	c.Flags().StringVar(&d.Out, "out", "", "`DIR` of the page (default results/history-TIME)")
	return c
}
