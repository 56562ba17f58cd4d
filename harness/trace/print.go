package trace

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"lsmlab/harness/result"
)

// The files of a model's directory.
const (
	ModelFile = "model.json"
	PlanFile  = "race.json"
)

// Print writes a replay's figures as a table.
func (r Result) Print(out io.Writer) error {
	how := "as fast as the engine could"
	if r.Clock {
		how = "by the recorded clock"
	}
	fmt.Fprintf(out, "%d operations in %d calls, %.1f s, %s: %.0f operations/s; %d reads found nothing\n",
		r.Events, r.Calls, r.Seconds, how, r.PerSecond, r.Missed)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "calls\tcount\tp50\tp99\tp99.9\tmost\t\n")
	parts := r.Kinds
	if r.Intended != nil {
		parts = append(parts[:len(parts):len(parts)], *r.Intended)
	}
	for _, p := range parts {
		ns := func(n int64) time.Duration { return time.Duration(n) }
		fmt.Fprintf(t, "%s\t%d\t%v\t%v\t%v\t%v\t\n", p.Kind, p.Count, ns(p.P50), ns(p.P99), ns(p.P999), ns(p.Max))
	}
	return t.Flush()
}

// Plan returns a plan that races two engines by the model.
func (m *Model) Plan() result.Plan {
	const name = "model"
	s := m.Spec
	options := map[string]any{"workload": s.Workload, "mix": s.Mix, "distribution": s.Distribution}
	if s.Theta > 0 {
		options["theta"] = s.Theta
	}
	if s.ValueSizes != nil {
		options["value_sizes"] = s.ValueSizes
	}
	if s.ScanLength > 0 {
		options["scan_length"] = s.ScanLength
	}
	return result.Plan{
		Schema: result.SchemaVersion, Engines: []string{"lsm-bptree", "pebble"}, Workloads: []string{name}, Durabilities: []string{"buffered"},
		Threads: []int{1}, Rounds: 3, Seed: 1, Keys: s.Keys, KeySize: s.KeySize, Ops: int64(max(m.Events, 1)), WorkloadOptions: map[string]map[string]any{name: options},
	}
}
