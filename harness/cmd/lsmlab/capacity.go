package main

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
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
				return &harness.UsageError{Text: fmt.Sprintf("--from: %v", err)}
			}
			return a.capacity(l, peak, latency.Seconds())
		},
	}
	c.Flags().StringVar(&from, "from", "", "`DIR` of a load run")
	c.Flags().Float64Var(&peak, "peak-qps", 0, "requests/s of the peak")
	c.Flags().DurationVar(&latency, "latency", 0, "mean time of a request in the formula (default: as measured at the sustained rate)")
	return c
}

// capacity prints the instances; seconds is the mean of a request, or 0 for what
// was measured.
func (a *app) capacity(l result.Load, peak, seconds float64) error {
	list := load.Instances(l)
	if len(list) == 0 {
		return &harness.UsageError{Text: fmt.Sprintf("--from %s: no cell has figures yet; go on with that run by --resume", l.Dir)}
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "engine\tenvironment\tone instance\tinterval\tmean request\treplicas\tinterval\tas given\n")
	for _, i := range list {
		fmt.Fprintln(w, capacityRow(i, peak, seconds))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprint(a.stdout, capacityNotes(l, list, peak))
	return nil
}

func capacityRow(i load.Instance, peak, seconds float64) string {
	cells := []string{i.Engine, i.Environment}
	if i.Rate.Median <= 0 {
		return strings.Join(append(cells, "kept no rate", "-", "-", "-", "-", "-"), "\t")
	}
	if seconds == 0 {
		seconds = i.MeanSeconds
	}
	bound := ""
	if i.LowerBound {
		bound = " or more"
	}
	rates, replicas := "one round: none", "one round: none"
	if i.Rate.N() > 1 {
		rates = fmt.Sprintf("%.0f to %.0f (%.0f%%)", i.Rate.Lo, i.Rate.Hi, 100*i.Rate.Confidence)
		most := "no bound" // some round kept no rate at all
		if i.Rate.Lo > 0 {
			most = fmt.Sprintf("%.0f", load.Replicas(peak, i.Rate.Lo))
		}
		replicas = fmt.Sprintf("%.0f to %s", load.Replicas(peak, i.Rate.Hi), most)
	}
	return strings.Join(append(cells,
		fmt.Sprintf("%.0f/s%s", i.Rate.Median, bound), rates, fmt.Sprintf("%.3g ms", 1e3*seconds),
		fmt.Sprintf("%.0f", load.Replicas(peak, i.Rate.Median)), replicas, fmt.Sprintf("%.1f", load.ReplicasAsGiven(peak, seconds, i.Rate.Median)),
	), "\t")
}

// capacityNotes says what the figures assume.
func capacityNotes(l result.Load, list []load.Instance, peak float64) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("")
	for _, c := range l.Cells {
		if c.OK() {
			say("One instance: the highest rate of profile %s that kept p95 below %.3g ms with at most %.3g%% failed and %.0f%% missed,", c.Profile, float64(c.ObjectiveP95NS)/1e6, 100*c.ErrorRate, 100*result.MissedShare)
			break
		}
	}
	say("median over rounds, with the confidence of its interval; measured with the client on the same machine: %s, %d cores.", l.Env.CPU, l.Env.Cores)
	for _, i := range list {
		if i.LowerBound {
			say("\"or more\": the load never broke the objective, or did not look for the highest rate (profile sweep does).")
			break
		}
	}
	say("replicas = ceil(%g / one instance x %.1f). It assumes that instances do not share a bottleneck, that load is spread evenly over", peak, load.Headroom)
	say("them and over their keys, and that each has the cores and the storage of the one that was measured.")
	say("as given = ceil(%g x mean seconds of a request / one instance) x %.1f, the formula of the source. Its units are questionable:", peak, load.Headroom)
	say("requests/s x seconds / (requests/s) are seconds, no count. It gives a count where \"QPS of one instance\" means requests in")
	say("progress at once, or where a request takes one second; below one second it asks for too few. Do not buy by it.")
	return b.String()
}
