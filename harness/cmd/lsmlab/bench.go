package main

import (
	"cmp"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/harness/cmd/cmdline"
	"lsmlab/harness/cmd/outdir"
	"lsmlab/harness/cmd/planflags"
	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/target"
)

// benchFlags are the flags of bench beside those of a plan's fields.
type benchFlags struct {
	plan         string
	quick, print bool
	memTables    bool
	data         string
	out          outdir.Flags
}

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "bench",
		Short: "Race engines, or bare MemTables, and keep all that was measured",
		Long: `Race engines under workloads: every cell (engine x workload x durability x threads, once a
round) runs in a fresh process on a fresh store, rounds interleaved over engines in random order.

A plan says what to run; flags override its fields. Without --plan it is "default", or "quick" with
--quick, or "memtables" with --memtables. Plans that come with lsmlab:
` + human.Lines(harness.PlanNames()) + `.

At the end it draws DIR/index.html, also of a run that was cut or has failed cells. Ctrl-C keeps
every cell that has ended; --resume goes on.`,
		Example: `  lsmlab bench --quick --out results/quick
  lsmlab bench --engines lsm-skiplist,pebble --workloads ycsb-a --keys 1000000 --rounds 5
  lsmlab bench --engines lsm-bptree,lsm-bptree+tiered,lsm-bptree+zstd+pread --workloads overwrite
  lsmlab bench --engines pebble --workloads ycsb-b --rate 20000 --duration 30s
  lsmlab bench --engines lsm-bptree,pebble --workloads overwrite --sustain 10ms --duration 10s
  lsmlab bench --memtables --out results/memtables`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.bench(c, f) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	planflags.Add(fs, &result.Plan{})
	fs.BoolVar(&f.memTables, "memtables", false, "race bare MemTables: insert, get, ordered walk, mixed")
	fs.StringVar(&f.plan, "plan", "", "`NAME` of a plan, or path of a JSON file")
	fs.BoolVar(&f.quick, "quick", false, "the quick plan: 3 minutes on 2 cores")
	fs.StringVar(&f.data, "data", "", "`DIR` where stores are made (default: in the run directory)")
	f.out.Add(fs, "run", "PLAN")
	fs.BoolVar(&f.print, "print-plan", false, "print the plan as JSON and run nothing")
	return c
}

func (a *app) bench(c *cobra.Command, f benchFlags) error {
	plan, err := planflags.Load(c.Flags(), a.catalog, cmp.Or(f.plan, harness.DefaultPlan(f.memTables, f.quick)), f.memTables)
	if err != nil {
		return err
	}
	if f.print {
		return a.printJSON(plan)
	}
	if err := f.out.Choose(plan.Name); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	r := harness.Runner{
		Catalog: a.catalog, Plan: plan, Dir: f.out.Dir, DataDir: f.data, Resume: f.out.Resume,
		Command: []string{self, "cell"}, Stdout: a.stdout, Stderr: a.stderr, Again: cmdline.To("lsmlab bench", c.Flags(), f.out.Dir),
	}
	err = r.Run(c.Context())
	if err == nil {
		err = target.PrintRun(a.stdout, f.out.Dir)
	}
	return f.out.Draw(a.stdout, err)
}
