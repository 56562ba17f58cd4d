package service

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lsmlab/harness/result"
	"lsmlab/reports/internal/browsertest"
	"lsmlab/reports/internal/fakeenv"
)

// fakeLoad makes load directories that look like real ones, for tests alone.
type fakeLoad struct {
	engines      []string
	environments []result.Environment
	rounds       int
	sweep        bool
	skip         func(c result.LoadCell) bool // leave the cell out
	change       func(c *result.LoadCell)
}

var threeLevels = fakeLoad{
	engines: []string{"lsm-bptree", "pebble"},
	environments: []result.Environment{
		{Name: "one core", GOMAXPROCS: 1, GOMEMLIMIT: "256MiB", Durability: "buffered"},
		{Name: "all cores", Durability: "buffered"},
		{Name: "synced", Durability: "synced"},
	},
	rounds: 3,
}

func (f fakeLoad) write(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	profile := "three-level"
	if f.sweep {
		profile = "sweep"
	}
	must(result.WriteLoadPlan(dir, result.LoadPlan{
		Profile: profile, Engines: f.engines, Environments: f.environments, Rounds: f.rounds, Seed: 1, Settings: map[string]string{"KEYS": "1000"},
	}))
	env := fakeenv.Of(f.engines, []string{"buffered", "synced"})
	env.Command = "lsmlab load --profile=" + profile + " --out results/fake"
	must(result.WriteEnv(dir, env))
	for _, d := range []string{"series", "k6"} {
		must(os.Mkdir(filepath.Join(dir, d), 0o755))
	}
	w, err := result.OpenLoads(dir)
	must(err)
	rng := rand.New(rand.NewPCG(1, 2))
	for round := 1; round <= f.rounds; round++ {
		for i, e := range f.engines {
			for j, env := range f.environments {
				c := f.cell(rng, profile, e, env.Name, round, float64(1+i+j))
				must(result.WriteSeries(filepath.Join(dir, c.SeriesFile), fakeLoadSeries(rng, float64(1+i+j))))
				must(os.WriteFile(filepath.Join(dir, c.DashboardFile), []byte("<html>"), 0o644))
				if f.change != nil {
					f.change(&c)
				}
				if f.skip == nil || !f.skip(c) {
					must(w.Append(c))
				}
			}
		}
	}
	must(w.Close())
	return dir
}

func (f fakeLoad) cell(rng *rand.Rand, profile, engine, environment string, round int, level float64) result.LoadCell {
	noise := func() float64 { return 1 + 0.05*rng.Float64() }
	id := result.LoadCellID(profile, engine, environment, round)
	c := result.LoadCell{
		ID: id, Status: result.StatusOK, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Engine: engine, Environment: environment,
		Profile: profile, Round: round, FileSystem: "ext4", ObjectiveP95NS: 100e6, ErrorRate: 0.01, Mix: map[string]float64{"get": 95, "set": 5},
		Keys: 1000, ValueSize: 100, Users: 8000, UsersPeak: 7800, Sweep: f.sweep,
		CPUSeconds: 30 * noise(), CPUPeakCores: 0.3 * level * noise(), CPULimit: 2, RSSPeakBytes: int64(80e6 * noise()), ClientCPU: 40,
		InProcess:  &result.InProcess{Threads: 2, OpsPerSec: 4e5 * noise(), P50: 2000, P95: 9000, P99: 30_000, CPUSeconds: 4, Ops: 800_000},
		SeriesFile: "series/" + id + ".tsz", DashboardFile: "k6/" + id + ".html", Warnings: []string{},
	}
	for i, name := range []string{"normal", "peak", "spike"} {
		rate := 500 * float64(i+1)
		p95 := 20e6 * level * float64(i+1) * noise()
		c.Phases = append(c.Phases, result.LoadPhase{
			Name: name, Rate: rate, Seconds: 60, Requests: int64(rate * 60), Arrivals: int64(rate * 60), RequestsPerS: rate, ServerErrors: int64(i), Failed: int64(i),
			Latency: result.LoadLatency{P50: int64(p95 / 9), P95: int64(p95), P99: int64(p95 * 2), Max: int64(p95 * 5), Mean: int64(p95 / 4)},
		})
	}
	return c
}

func fakeLoadSeries(rng *rand.Rand, level float64) (all []result.Series) {
	for name, v := range map[string]float64{
		result.SeriesRequests: 900, result.SeriesP95: 2e7 * level, result.SeriesUsers: 4000, result.SeriesErrors: 1,
		result.SeriesCPU: 0.3 * level, result.SeriesClientCPU: 0.7, result.SeriesRSS: 8e7,
	} {
		s := result.Series{Name: name}
		for i := range 180 {
			s.Add(time.Duration(i+1)*time.Second, v*(1+float64(i/60))*(0.9+0.2*rng.Float64()))
		}
		all = append(all, s)
	}
	return all
}

func renderLoad(t *testing.T, f fakeLoad) (dir, page string) {
	t.Helper()
	dir = f.write(t)
	index, err := Render(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	return dir, string(b)
}

// The page sets environments side by side, has a chart of every phase, and the
// same results give the same bytes.
func TestLoadPage(t *testing.T) {
	dir, page := renderLoad(t, threeLevels)
	for _, want := range []string{
		`<th scope="col" class="number">one core</th><th scope="col" class="number">all cores</th><th scope="col" class="number">synced</th>`,
		"<td>5xx rate</td>", "<td>peak CPU</td>", "GOMAXPROCS 1, GOMEMLIMIT 256MiB, buffered", "What the transport costs",
		"p95 below 100 ms", "the objective was not kept in every phase", "Phases: normal from 0s, peak from 1m0s, spike from 2m0s.",
		"k6&#39;s own dashboard of three-level-pebble-synced-r3", "peak 1.00k requests/s at p95",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(page, `"></a>`) {
		t.Error("a link has no text")
	}
	for _, name := range []string{"latency-normal", "latency-spike", "rate-peak", "resources", "timeline-one_core", "timeline-synced"} {
		for _, suffix := range []string{".svg", ".png"} {
			if _, err := os.Stat(filepath.Join(dir, "charts", name+suffix)); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := Render(dir); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(filepath.Join(dir, "index.html")); err != nil || !bytes.Equal(again, []byte(page)) {
		t.Errorf("another page the second time, %v", err)
	}
}

// A sweep is drawn by the rate that it sustained.
func TestSweepPage(t *testing.T) {
	f := threeLevels
	f.sweep = true
	dir, page := renderLoad(t, f)
	for _, want := range []string{"<td>highest sustained rate</td>", "sustains 1.50k requests/s", "Highest sustainable rate", "some round never broke"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "charts", "sweep-all_cores.svg")); err != nil {
		t.Error(err)
	}
}

// Cells that are missing, failed or refused are counted and named; nothing is
// drawn of them, and the rest is.
func TestPartialLoads(t *testing.T) {
	f := threeLevels
	f.skip = func(c result.LoadCell) bool { return c.Engine == "pebble" && c.Round == 3 }
	f.change = func(c *result.LoadCell) {
		switch {
		case c.Environment == "synced" && c.Engine == "pebble":
			*c = result.LoadCell{ID: c.ID, Status: result.StatusUnsupported, Engine: c.Engine, Environment: c.Environment, Round: c.Round, Error: "refused"}
		case c.Environment == "one core" && c.Round == 1:
			*c = result.LoadCell{ID: c.ID, Status: result.StatusFailed, Engine: c.Engine, Environment: c.Environment, Round: c.Round, Error: "the server ended"}
		}
	}
	_, page := renderLoad(t, f)
	for _, want := range []string{"3 cells of the plan are missing", "2 failed", "failed: the server ended", "no figures."} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	f.skip = func(result.LoadCell) bool { return true }
	if _, page = renderLoad(t, f); !strings.Contains(page, "18 cells of the plan are missing") {
		t.Error("a run without cells does not say so")
	}
}

// Damage is an error that names the file.
func TestLoadDamage(t *testing.T) {
	for name, content := range map[string]string{
		"load.json": "{", "env.json": "", "loads.jsonl": "{}\n", "series/three-level-pebble-synced-r3.tsz": "x",
	} {
		dir := threeLevels.write(t)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, "series") { // which round is drawn follows from p95
			for round := 1; round < 3; round++ {
				other := filepath.Join(dir, "series", fmt.Sprintf("three-level-pebble-synced-r%d.tsz", round))
				if err := os.WriteFile(other, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			name = "three-level-pebble-synced-r"
		}
		if _, err := Render(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Render(t.TempDir()); err == nil {
		t.Error("an empty directory was drawn")
	}
}

// The load page in a real browser.
func TestLoadPageInBrowser(t *testing.T) {
	ctx := browsertest.Open(t)
	index, err := Render(threeLevels.write(t))
	if err != nil {
		t.Fatal(err)
	}
	browsertest.CheckPage(ctx, t, index, "load", 9)
}
