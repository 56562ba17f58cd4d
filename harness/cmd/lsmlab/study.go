package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"lsmlab/harness/cmd/cmdline"
	"lsmlab/harness/cmd/studyrun"
	"lsmlab/harness/study"
)

func (a *app) studyCommand() *cobra.Command {
	r := studyrun.Request{Catalog: a.catalog, Stdout: a.stdout, Stderr: a.stderr}
	quick := false
	c := &cobra.Command{
		Use:   "study NAME|all",
		Short: "Measure what someone claims, and say whether it holds here",
		Long: `A study is a question, claims with their figures and where they stand, races that measure them
anew, and a verdict on each: reproduced (our interval holds the figure), same direction, no difference
shown, contradicted. Studies are listed by ` + "`lsmlab list studies`" + `.

Each part of a study is an ordinary run in DIR/parts/NAME, for ` + "`lsmlab compare`" + ` and ` + "`lsmlab report`" + `.
The verdicts are DIR/verdicts.jsonl and the page DIR/index.html; with "all" one table holds those of all
studies. A verdict against a claim is a result and no failure: the exit status is 1 only if a cell failed.`,
		Example: `  lsmlab study locks --out results/locks
  lsmlab study all --quick --out results/studies`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("study: %d names given: want one of a study, or all", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			r.Name = args[0]
			if quick {
				r.Size = string(study.Quick)
			}
			r.Again = cmdline.Of("lsmlab study "+r.Name, c.Flags())
			return r.Run(c.Context())
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&r.Size, "size", string(study.Full), "how much is measured: full (all studies: hours), quick (minutes), tiny (seconds: shows that it runs)")
	fs.BoolVar(&quick, "quick", false, "the same as --size quick")
	fs.IntVar(&r.Rounds, "rounds", 0, "repetitions, in place of those of the plans; 2 or more give intervals")
	fs.StringVar(&r.DataDir, "data", "", "`DIR` where stores are made (default: in the directory of each part)")
	r.Out.Add(fs, "study", "study-NAME")
	c.MarkFlagsMutuallyExclusive("quick", "size")
	return c
}
