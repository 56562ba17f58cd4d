package load

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"lsmlab/harness/load/replicas"
	"lsmlab/harness/result"
)

// PrintCapacity prints how many instances a peak of requests/s takes, and what the
// figures assume. list is not empty. seconds is the mean of a request, or 0 for what was
// measured.
func PrintCapacity(out io.Writer, l result.Load, list []Instance, peak, seconds float64) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "engine\tenvironment\tone instance\tinterval\tmean request\treplicas\tinterval\tas given\n")
	for _, i := range list {
		fmt.Fprintln(w, capacityRow(i, peak, seconds))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, capacityNotes(l, list, peak))
	return err
}

func capacityRow(i Instance, peak, seconds float64) string {
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
	rates, counts := "one round: none", "one round: none"
	if i.Rate.N() > 1 {
		rates = fmt.Sprintf("%.0f to %.0f (%.0f%%)", i.Rate.Lo, i.Rate.Hi, 100*i.Rate.Confidence)
		most := "no bound" // some round kept no rate at all
		if i.Rate.Lo > 0 {
			most = fmt.Sprintf("%.0f", replicas.For(peak, i.Rate.Lo))
		}
		counts = fmt.Sprintf("%.0f to %s", replicas.For(peak, i.Rate.Hi), most)
	}
	return strings.Join(append(cells,
		fmt.Sprintf("%.0f/s%s", i.Rate.Median, bound), rates, fmt.Sprintf("%.3g ms", 1e3*seconds),
		fmt.Sprintf("%.0f", replicas.For(peak, i.Rate.Median)), counts, fmt.Sprintf("%.1f", replicas.AsGiven(peak, seconds, i.Rate.Median)),
	), "\t")
}

// capacityNotes says what the figures assume.
func capacityNotes(l result.Load, list []Instance, peak float64) string {
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
	say("replicas = ceil(%g / one instance x %.1f). It assumes that instances do not share a bottleneck, that load is spread evenly over", peak, replicas.Headroom)
	say("them and over their keys, and that each has the cores and the storage of the one that was measured.")
	say("as given = ceil(%g x mean seconds of a request / one instance) x %.1f, the formula of the source. Its units are questionable:", peak, replicas.Headroom)
	say("requests/s x seconds / (requests/s) are seconds, no count. It gives a count where \"QPS of one instance\" means requests in")
	say("progress at once, or where a request takes one second; below one second it asks for too few. Do not buy by it.")
	return b.String()
}
