package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"lsmlab/harness/cmd/cmdline"
	"lsmlab/harness/cmd/outdir"
	"lsmlab/harness/load"
	"lsmlab/harness/result"
)

// loadFlags are the flags of load.
type loadFlags struct {
	engines, settings []string
	profile           string
	environments      string
	out               outdir.Flags
	k6, scripts       string
	rounds            int
	seed              uint64
	inProcess         time.Duration
}

func (a *app) loadCommand() *cobra.Command {
	var f loadFlags
	c := &cobra.Command{
		Use:   "load",
		Short: "Load engines as services, by k6 from outside, and draw what came out",
		Long: `For every engine and environment, once a round: starts lsmlab serve with the environment's limits on
a fresh store, runs a k6 profile against it, watches the CPU and memory of both, stops the server,
and runs the same work once more without a server, for the cost of the transport. Then it draws
DIR/index.html. Load is open: arrivals follow the clock.

An environment is a named set of limits: see k6/environments.json for the form. Settings of profiles
(rates, seconds, users, keys, objectives) are in k6/README.md.

Ctrl-C keeps every cell that has ended; --resume goes on. Exit status 1: a cell failed, read
something wrong, or broke a threshold of its profile.`,
		Example: `  lsmlab load --engines lsm-bptree,pebble --profile steady --set RATE=1000 --out results/steady
  lsmlab load --engines lsm-bptree --profile three-level --environments k6/environments.json
  lsmlab load --engines pebble --profile sweep --rounds 3 --out results/sweep
  lsmlab capacity --from results/sweep --peak-qps 50000`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.load(c, f) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&f.engines, "engines", nil, "`NAMES` of engines, see lsmlab list engines and list options, or @own, @peers")
	fs.StringVar(&f.profile, "profile", "steady", "`NAME` of a script of --scripts")
	fs.StringVar(&f.environments, "environments", "", "JSON `FILE` of environments (default: one without limits, buffered)")
	fs.StringSliceVar(&f.settings, "set", nil, "`NAME=VALUE`, a setting of the profile; several with commas, or --set again")
	fs.IntVar(&f.rounds, "rounds", 1, "repetitions; 3 or more give an interval")
	fs.Uint64Var(&f.seed, "seed", 1, "of keys, values and the order of cells")
	fs.DurationVar(&f.inProcess, "in-process", 5*time.Second, "how long the same work runs without a server; 0: not at all")
	f.out.Add(fs, "run", "load-PROFILE")
	fs.StringVar(&f.k6, "k6", "", "`FILE`: the k6 program (default: beside lsmlab, or bin/k6, or on the PATH; make bin/k6 builds it)")
	fs.StringVar(&f.scripts, "scripts", "k6", "`DIR` of the k6 scripts")
	return c
}

func (a *app) load(c *cobra.Command, f loadFlags) error {
	plan := result.LoadPlan{Profile: f.profile, Engines: f.engines, Rounds: f.rounds, Seed: f.seed, InProcess: result.Duration(f.inProcess)}
	err := load.Complete(a.catalog, f.scripts, f.settings, f.environments, &plan)
	if err != nil {
		return err
	}
	if err := f.out.Choose("load-" + f.profile); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	k6, err := load.FindK6(f.k6, self, exec.LookPath)
	if err != nil {
		return err
	}
	r := load.Runner{
		Catalog: a.catalog, Plan: plan, Dir: f.out.Dir, Resume: f.out.Resume, K6: k6, Scripts: f.scripts,
		Program: []string{self}, Stdout: a.stdout, Stderr: a.stderr, Again: cmdline.To(c.CommandPath(), c.Flags(), f.out.Dir),
	}
	return f.out.Draw(a.stdout, r.Run(c.Context()))
}
