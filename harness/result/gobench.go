package result

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"lsmlab/harness/journal"

	"golang.org/x/perf/benchfmt"
)

// benchName returns the benchmark name of a cell, without "Benchmark". Rounds have the
// same name: they are the samples.
//
//	Fillrandom/engine=pebble/durability=buffered/threads=1
func benchName(c Cell) string {
	w := FileSafe(c.Workload)
	if w != "" {
		w = strings.ToUpper(w[:1]) + w[1:]
	}
	name := fmt.Sprintf("%s/engine=%s/durability=%s/threads=%d", w, FileSafe(c.Engine), c.Durability, c.Threads)
	if c.Loop == LoopOpen {
		name += fmt.Sprintf("/rate=%g", c.Rate)
	}
	if c.Loop == LoopSustained {
		name += "/sustained"
	}
	return name
}

// WriteBench writes bench.txt of a run directory from its cells, in their order. It
// leaves out failed cells, because they have no figures.
func WriteBench(dir string, env Env, cells []Cell) error {
	var b bytes.Buffer
	w := benchfmt.NewWriter(&b)
	for _, unit := range [][3]string{
		{"ops/s", "better", "higher"},
		{"ns/op", "better", "lower"},
		{"p50-ns", "better", "lower"},
		{"p99-ns", "better", "lower"},
		{"p999-ns", "better", "lower"},
		{"write-amp", "better", "lower"},
		{"space-amp", "better", "lower"},
		{"commits/s", "better", "higher"},
		{"commit-p999-ns", "better", "lower"},
		{"abort-rate", "better", "lower"},
		{"retries/commit", "better", "lower"},
	} {
		if err := w.Write(&benchfmt.UnitMetadata{
			UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: unit[0], Key: unit[1]}, OrigUnit: unit[0], Value: unit[2],
		}); err != nil {
			return err
		}
	}
	for _, c := range cells {
		if !c.OK() || c.Ops == 0 {
			continue
		}
		if err := w.Write(benchResult(env, c)); err != nil {
			return err
		}
	}
	return journal.WriteFile(filepath.Join(dir, "bench.txt"), b.Bytes())
}

func benchResult(env Env, c Cell) *benchfmt.Result {
	r := &benchfmt.Result{Name: benchfmt.Name(benchName(c)), Iters: int(c.Ops)}
	for _, cfg := range [][2]string{{"goos", env.OS}, {"goarch", env.Arch}, {"pkg", "lsmlab"}, {"cpu", env.CPU}, {"commit", env.Commit}} {
		if cfg[1] != "" {
			r.SetConfig(cfg[0], cfg[1])
			i, _ := r.ConfigIndex(cfg[0])
			r.Config[i].File = true
		}
	}
	// Without OrigUnit the writer prints the value unchanged. ns/op is what people expect: the
	// time of one thread for one operation.
	add := func(v float64, unit string) {
		if v != 0 {
			r.Values = append(r.Values, benchfmt.Value{Value: v, Unit: unit})
		}
	}
	ops := float64(c.Ops)
	add(c.Seconds*1e9*float64(max(c.Threads, 1))/ops, "ns/op")
	add(c.OpsPerSec, "ops/s")
	add(float64(c.Latency.P50), "p50-ns")
	add(float64(c.Latency.P99), "p99-ns")
	add(float64(c.Latency.P999), "p999-ns")
	add(float64(c.AllocBytes)/ops, "B/op")
	add(float64(c.AllocObjects)/ops, "allocs/op")
	add(float64(c.UserBytes)/max(c.Seconds, 1e-9), "B/s")
	add(c.CPUSeconds*1e9/ops, "cpu-ns/op")
	add(c.WriteAmp, "write-amp")
	add(c.SpaceAmp, "space-amp")
	add(float64(c.RSSPeakBytes), "rss-B")
	add(c.BytesPerEntry, "B/entry")
	if t := c.Transactions; t != nil {
		add(t.CommitsPerSec, "commits/s")
		add(float64(t.CommitLatency.P999), "commit-p999-ns")
		add(t.AbortRate, "abort-rate")
		add(t.RetriesPerCommit(), "retries/commit")
	}
	return r
}
