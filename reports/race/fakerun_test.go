package race

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lsmlab/harness/result"
	"lsmlab/reports/internal/fakeenv"
)

// fakeRun makes run directories that look like real ones, for tests alone: the
// figures are drawn from a seeded generator around each engine's level.
type fakeRun struct {
	engines, workloads, durabilities []string
	threads                          []int
	rounds                           int
	rate                             float64
	memTables                        bool
	skip                             func(c result.Cell) bool // leave the cell out
	change                           func(c *result.Cell)
}

func (f fakeRun) write(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if f.durabilities == nil {
		f.durabilities = []string{"buffered"}
	}
	if f.threads == nil {
		f.threads = []int{2}
	}
	plan := result.Plan{
		Name: "fake", Engines: f.engines, Workloads: f.workloads, Durabilities: f.durabilities, Threads: f.threads,
		Rounds: f.rounds, Seed: 1, Keys: 100_000, Rate: f.rate, MemTables: f.memTables,
	}
	must(result.WritePlan(dir, plan))
	must(result.WriteEnv(dir, fakeenv.Of(f.engines, f.durabilities)))
	for _, d := range []string{"hist", "series"} {
		must(os.Mkdir(filepath.Join(dir, d), 0o755))
	}
	w, err := result.OpenCells(dir)
	must(err)
	var cells []result.Cell
	rng := rand.New(rand.NewPCG(1, 2))
	for round := 1; round <= f.rounds; round++ {
		for wi, workload := range f.workloads {
			for _, durability := range f.durabilities {
				for _, threads := range f.threads {
					for ei, engine := range f.engines {
						c := f.cell(rng, engine, workload, durability, threads, round, float64(1+(ei*7+wi*3)%9))
						must(writeFakeFiles(dir, rng, &c))
						if f.change != nil {
							f.change(&c)
						}
						if f.skip != nil && f.skip(c) {
							continue
						}
						cells = append(cells, c)
						must(w.Append(c))
					}
				}
			}
		}
	}
	must(w.Close())
	must(result.WriteBench(dir, fakeenv.Of(f.engines, f.durabilities), cells))
	return dir
}

func (f fakeRun) cell(rng *rand.Rand, engine, workload, durability string, threads, round int, level float64) result.Cell {
	noise := func() float64 { return 1 + 0.08*rng.NormFloat64() }
	ops := 20_000 * level * noise() * math.Sqrt(float64(threads))
	c := result.Cell{
		ID: result.CellID(workload, engine, durability, threads, round), Status: result.StatusOK, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Engine: engine, Workload: workload, Round: round, Seed: uint64(round), Durability: durability, Keys: 100_000, KeySize: 16, ValueSize: 100,
		Threads: threads, Loop: result.LoopClosed, Ops: int64(ops * 20), Calls: int64(ops * 20), Seconds: 20, OpsPerSec: ops,
		WriteAmp: 1 + level*noise(), SpaceAmp: 1 + 0.1*level*noise(), CPUSeconds: 12 * noise(), RSSPeakBytes: int64(level * 40e6 * noise()), RSSPeakScope: "measured",
		HeapPeak: int64(level * 9e6 * noise()), GCCount: 4, GCPauseTotal: int64(level * 3e5 * noise()), GCPauseMax: int64(1e5 * noise()),
		DiskBytes: 1 << 30, UserBytes: 1 << 28, UserBytesTotal: 1 << 28, LiveBytes: 1 << 28, HarnessNSPerOp: 210,
		Warnings: []string{},
	}
	if f.rate > 0 {
		c.Loop, c.Rate, c.OpsPerSec = result.LoopOpen, f.rate, f.rate*(1-0.01*rng.Float64())
		c.Intended = &result.Latency{}
	}
	if strings.HasPrefix(engine, "lsm-") {
		c.ReadAmp = 2 * noise()
	}
	if strings.HasPrefix(workload, "ycsb") {
		half := result.Latency{P50: 1000, P90: 2000, P99: 3000, P999: 4000, Max: 5000, Mean: 1100}
		c.Kinds = []result.Part{{Name: "get", Ops: c.Ops / 2, OpsPerSec: ops / 2, Latency: half}, {Name: "set", Ops: c.Ops / 2, OpsPerSec: ops / 2, Latency: half}}
	}
	if countsEvents(engine) {
		c.Metrics = &result.Counts{WALBytes: 1 << 28, Flushes: 4, Compactions: 2, CacheHits: 90, CacheMisses: 10}
	}
	if f.memTables {
		c.WriteAmp, c.SpaceAmp, c.DiskBytes, c.BytesPerEntry, c.GCCycleNS = 0, 0, 0, 120+20*level*noise(), int64(4e6*level*noise())
	}
	if round == 1 {
		c.Warnings = append(c.Warnings, fmt.Sprintf("other load: other processes used %.2f of 2 cores", 0.4*noise()))
	}
	return c
}

// countsEvents says whether an engine keeps metrics.
func countsEvents(engine string) bool { return strings.HasPrefix(engine, "lsm-") || engine == "pebble" }

// writeFakeFiles writes the histogram and the timelines of a cell and fills in
// its latencies.
func writeFakeFiles(dir string, rng *rand.Rand, c *result.Cell) error {
	h := result.NewHist()
	for range 20_000 {
		v := 2e10 / c.OpsPerSec * math.Exp(0.5*rng.NormFloat64())
		if rng.IntN(200) == 0 {
			v *= 40
		}
		if err := h.RecordValue(int64(v)); err != nil {
			return err
		}
	}
	hists := []result.Hist{{Tag: result.HistService, Hist: h}}
	c.Latency = result.Summarize(h)
	if c.Intended != nil {
		hists = append(hists, result.Hist{Tag: result.HistIntended, Hist: h})
		*c.Intended = c.Latency
	}
	c.HistFile = "hist/" + c.ID + ".hdr"
	c.SeriesFile = "series/" + c.ID + ".tsz"
	if err := result.WriteHists(filepath.Join(dir, c.HistFile), 20*time.Second, hists); err != nil {
		return err
	}
	return result.WriteSeries(filepath.Join(dir, c.SeriesFile), fakeSeries(rng, c))
}

// fakeSeries makes saw teeth: a MemTable that fills and is flushed, runs of L0
// that pile up and are compacted, a stall where there are too many.
func fakeSeries(rng *rand.Rand, c *result.Cell) []result.Series {
	names := []string{result.SeriesOps, result.SeriesP99, result.SeriesHeap}
	if countsEvents(c.Engine) {
		names = append(names, result.SeriesMemTable, result.SeriesL0, result.SeriesDebt, result.SeriesFlushes, result.SeriesCompactions, result.SeriesStalls)
	}
	all := make([]result.Series, len(names))
	for i, n := range names {
		all[i].Name = n
	}
	period := 20 + rng.IntN(15)
	l0 := 0
	for i := 1; i <= 200; i++ {
		at := time.Duration(i) * result.SampleInterval
		flush, stall := 0.0, 0.0
		if i%period == 0 {
			l0++
			flush = 1
		}
		if l0 > 4 { // which stalls until it is compacted
			l0, stall = 0, 1
		}
		values := map[string]float64{
			result.SeriesOps: c.OpsPerSec * (1 + 0.15*rng.NormFloat64()) * (1 - 0.8*stall), result.SeriesP99: float64(c.Latency.P99) * (0.5 + rng.Float64()),
			result.SeriesHeap: 4e6 + 1e5*float64(i%40), result.SeriesMemTable: float64(i%period) / float64(period) * 64e6,
			result.SeriesL0: float64(l0), result.SeriesDebt: float64(l0) * 30e6,
			result.SeriesFlushes: flush, result.SeriesCompactions: stall, result.SeriesStalls: stall,
		}
		for j := range all {
			all[j].Add(at, math.Max(values[all[j].Name], 0))
		}
	}
	return all
}

var (
	fakeEngines  = []string{"lsm-skiplist", "lsm-rbtree", "lsm-bptree", "pebble", "badger", "goleveldb", "bbolt"}
	smallFakeRun = fakeRun{engines: []string{"lsm-skiplist", "pebble", "bbolt"}, workloads: []string{"fillrandom", "readrandom"}, rounds: 4}
	wideFakeRun  = fakeRun{engines: append(fakeEngines, "rocksdb", "lsm-own"), workloads: []string{"ycsb-a"}, rounds: 6, durabilities: []string{"buffered", "synced"}}
)
