package main

import (
	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/harness/cmd/cmdline"
	"lsmlab/harness/cmd/verdictrun"
)

func (a *app) verdictCommand() *cobra.Command {
	r := verdictrun.Request{Catalog: a.catalog, Stdout: a.stdout, Stderr: a.stderr}
	c := &cobra.Command{
		Use:   "verdict [DIR..]",
		Short: "One page for a decision between engines: speed, lasting rate, memory, space, crashes, isolation, restart",
		Long: `Without DIR it runs what a decision takes, each in a folder of --out that is an ordinary run: the
default race (race), a search for lasting rates (lasting), openings after a kill (restart), crash tests
(crash/ENGINE) in simulation or, of engines that have none, at the level of files, which needs root, and
a probe of isolation (isolation). With DIR.. it takes runs that are there.

The page is one table, in which each answer is a link to its evidence; DIR/verdict.json has the same for
programs. A difference that the rounds cannot show is called not resolved, and what was not measured says
why. It is sized for all engines within an hour on 2 quiet cores.

Exit status: 0 nothing was found; 1 an engine breaks a promise, or a run failed; 2 wrong use; 130
interrupted, and --resume goes on.`,
		Example: `  lsmlab verdict --engines lsm-bptree,pebble --quick --out results/decision
  lsmlab verdict results/quick --out results/table`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				r.Again = cmdline.Of("lsmlab verdict", c.Flags())
				return r.Run(c.Context())
			}
			for _, name := range []string{"engines", "quick", "data"} {
				if c.Flags().Changed(name) {
					return &harness.UsageError{Text: "verdict: --" + name + " is for runs that are to be made: leave it out beside directories"}
				}
			}
			return verdictrun.Take(args, r.Out, a.stdout)
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&r.Engines, "engines", []string{"@own", "@peers"}, "`NAMES` of engines, see lsmlab list engines and list options, or @own, @peers")
	fs.BoolVar(&r.Quick, "quick", false, "a minute or two for two engines: shows that everything works, and large differences")
	fs.StringVar(&r.DataDir, "data", "", "`DIR` where stores of races are made (default: in the directory of each race)")
	r.Out.Add(fs, "verdict", "verdict")
	return c
}
