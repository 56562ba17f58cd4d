package load

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// inProcess runs the work of a cell again, in a process with the same limits and
// without a server, and sets its figures. A profile without a mix has none.
func (r *Runner) inProcess(ctx context.Context, t task, store string, sum summary, cell *result.LoadCell) error {
	if r.Plan.InProcess == 0 || len(sum.Mix) == 0 {
		return nil
	}
	spec, err := r.inProcessSpec(t, store, sum)
	if err != nil {
		return err
	}
	for _, dir := range []string{spec.StoreDir, filepath.Join(spec.RunDir, "hist"), filepath.Join(spec.RunDir, "series")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	c, err := harness.RunCellProcess(ctx, append(append([]string{}, r.Program...), "cell"), limits(t.environment), spec)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return &failure{fmt.Sprintf("the same work without a server: %v", err), ""}
	}
	p95, err := quantile(filepath.Join(spec.RunDir, c.HistFile), 95)
	if err != nil {
		return err
	}
	cell.InProcess = &result.InProcess{
		Threads: c.Threads, OpsPerSec: c.OpsPerSec, P50: c.Latency.P50, P95: p95, P99: c.Latency.P99,
		CPUSeconds: c.CPUSeconds, Ops: c.Ops,
	}
	return nil
}

// inProcessSpec returns the workload that draws keys as the k6 script does. Its keys
// have the same length, but sort by index, whereas those of the script sort by hash.
// Indices are scrambled, so the engine cannot tell the difference.
func (r *Runner) inProcessSpec(t task, store string, sum summary) (harness.CellSpec, error) {
	d, err := kv.ParseDurability(t.environment.Durability)
	if err != nil {
		return harness.CellSpec{}, err
	}
	const ycsbKeySize = 24
	s := sum.Settings
	return harness.CellSpec{
		Stage: harness.Stage{ID: "in-process", Workload: "mix", Duration: r.Plan.InProcess, Spec: workloads.Spec{
			Workload: "mix", Mix: sum.Mix, Keys: s.Keys, KeySize: ycsbKeySize, ValueSize: s.ValueSize, ScanLength: s.ScanLength,
			Distribution: s.Distribution, Theta: s.Theta, Threads: cores(t.environment), Operations: workloads.Unlimited, Seed: r.Plan.Seed,
		}},
		Engine: t.engine, Durability: d, Round: t.round, Open: harness.OpenOptions{Durability: d},
		RunDir: filepath.Join(store, "run"), StoreDir: filepath.Join(store, "bare"),
		Timeout: result.Duration(10*time.Minute + time.Duration(r.Plan.InProcess)),
	}, nil
}

// quantile returns a quantile of the service time, in nanoseconds, from a file of
// histograms.
func quantile(path string, q float64) (int64, error) {
	hists, err := result.ReadHists(path)
	if err != nil {
		return 0, err
	}
	for _, h := range hists {
		if h.Tag == result.HistService {
			return h.Hist.ValueAtQuantile(q), nil
		}
	}
	return 0, fmt.Errorf("%s: no service times", path)
}
