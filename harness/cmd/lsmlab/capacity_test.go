package main

import (
	"path/filepath"
	"strings"
	"testing"

	"lsmlab/harness/result"
)

// writeSweep makes a load directory with one sweep of two steps for every rate:
// one that was kept, one that broke.
func writeSweep(t *testing.T, rates ...float64) (dir string) {
	t.Helper()
	dir = t.TempDir()
	plan := result.LoadPlan{Profile: "sweep", Engines: []string{"toy"}, Environments: []result.Environment{{Name: "one core", Durability: "buffered"}}, Rounds: len(rates)}
	if err := result.WriteLoadPlan(dir, plan); err != nil {
		t.Fatal(err)
	}
	if err := result.WriteEnv(dir, result.Env{CPU: "A CPU", Cores: 2}); err != nil {
		t.Fatal(err)
	}
	w, err := result.OpenLoads(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, rate := range rates {
		c := result.LoadCell{
			ID: result.LoadCellID("sweep", "toy", "one core", i+1), Status: result.StatusOK, Engine: "toy", Environment: "one core", Profile: "sweep",
			Round: i + 1, Sweep: true, ObjectiveP95NS: 100e6, ErrorRate: 0.01,
		}
		for _, p95 := range []int64{50e6, 500e6} {
			c.Phases = append(c.Phases, result.LoadPhase{Rate: rate, Seconds: 1, Requests: int64(rate), Arrivals: int64(rate), RequestsPerS: rate, Latency: result.LoadLatency{P95: p95, Mean: 20e6}})
		}
		if err := w.Append(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Three rounds give an instance, its interval, the replicas at both ends, and the
// formula as given; the assumptions stand below.
func TestCapacity(t *testing.T) {
	o := lab(t, "capacity", "--from", writeSweep(t, 900, 1000, 1300), "--peak-qps", "10000")
	if o.status != exitSound {
		t.Fatalf("status %d\n%s", o.status, o.stderr)
	}
	row := strings.Join(strings.Fields(strings.SplitN(o.stdout, "\n", 3)[1]), " ")
	if want := "toy one core 1000/s 900 to 1300 (75%) 20 ms 13 10 to 15 1.3"; row != want {
		t.Errorf("got  %s\nwant %s", row, want)
	}
	for _, want := range []string{"Its units are questionable", "share a bottleneck", "profile sweep that kept p95 below 100 ms", "A CPU, 2 cores"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in\n%s", want, o.stdout)
		}
	}
	o = lab(t, "capacity", "--from", writeSweep(t, 1000), "--peak-qps", "10000", "--latency", "500ms")
	if !strings.Contains(o.stdout, "6.5") || !strings.Contains(o.stdout, "one round: none") {
		t.Errorf("%s%s", o.stdout, o.stderr)
	}
}

func TestCapacityUsage(t *testing.T) {
	dir := writeSweep(t, 1000)
	for want, args := range map[string][]string{
		"no --from":            {"--peak-qps", "1"},
		"not a load directory": {"--from", filepath.Join(dir, "none"), "--peak-qps", "1"},
		"--peak-qps is 0":      {"--from", dir},
		"--peak-qps is -3":     {"--from", dir, "--peak-qps", "-3"},
		"--latency is 0s":      {"--from", dir, "--peak-qps", "1", "--latency", "0s"},
		"no cell has figures":  {"--from", writeSweep(t), "--peak-qps", "1"},
	} {
		if o := lab(t, append([]string{"capacity"}, args...)...); o.status != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%v: status %d, want %q in %s", args, o.status, want, o.stderr)
		}
	}
}
