package main

import (
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"lsmlab/harness"
	"lsmlab/harness/load"
	"lsmlab/harness/result"
)

func (a *app) capacityCommand() *cobra.Command {
	var from string
	var peak float64
	var latency time.Duration
	c := &cobra.Command{
		Use:   "capacity",
		Short: "How many instances a peak takes, from a load run",
		Long: `Reads what one instance sustained from a load run, best of the profile sweep, and says how many
instances a peak takes: by the formula ceil(peak QPS x mean seconds per request / QPS of one
instance) x 1.3, whose units are questionable, and by ceil(peak QPS / QPS of one instance x 1.3).`,
		Example: `  lsmlab load --engines lsm-bptree,pebble --profile sweep --rounds 3 --out results/sweep
  lsmlab capacity --from results/sweep --peak-qps 50000
  lsmlab capacity --from results/sweep --peak-qps 50000 --latency 20ms`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if from == "" {
				return &harness.UsageError{Text: "capacity: no --from: say which load directory, as `lsmlab load --out` made it"}
			}
			if !(peak > 0) || math.IsInf(peak, 0) {
				return &harness.UsageError{Text: fmt.Sprintf("--peak-qps is %v: want the requests/s of the peak, above 0", peak)}
			}
			if c.Flags().Changed("latency") && latency <= 0 {
				return &harness.UsageError{Text: fmt.Sprintf("--latency is %v: want the mean time of a request, as 20ms", latency)}
			}
			l, err := result.ReadLoad(from)
			if err != nil {
				return &harness.UsageError{Text: fmt.Sprintf("--from: %v", err), Err: err}
			}
			instances := load.Instances(l)
			if len(instances) == 0 {
				return &harness.UsageError{Text: fmt.Sprintf("--from %s: no cell has figures yet; go on with that run by --resume", l.Dir)}
			}
			return load.PrintCapacity(a.stdout, l, instances, peak, latency.Seconds())
		},
	}
	c.Flags().StringVar(&from, "from", "", "`DIR` of a load run")
	c.Flags().Float64Var(&peak, "peak-qps", 0, "requests/s of the peak")
	c.Flags().DurationVar(&latency, "latency", 0, "mean time of a request in the formula (default: as measured at the sustained rate)")
	return c
}
