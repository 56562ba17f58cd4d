package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lsmlab/harness/journal"
)

// The states of a cell.
const (
	StatusOK     = "ok"
	StatusFailed = "failed" // no figures: Error says why
	// StatusUnsupported is a cell that the engine cannot do at this durability level.
	// It was not run and is not a failure.
	StatusUnsupported = "unsupported"
)

// Loop says what decides when the next operation starts.
const (
	LoopClosed = "closed" // the end of the operation before: this measures peak throughput, and latency hides queueing
	LoopOpen   = "open"   // the clock, at the given rate
)

// Cell is the result of one engine under one workload in one round: one line of
// cells.jsonl. Figures cover only the measured part, without preload, compaction after
// it and warm-up, unless their comment says otherwise. Zero means "not measured" in
// every optional field.
type Cell struct {
	ID      string    `json:"id"` // see [CellID]
	Status  string    `json:"status"`
	Error   string    `json:"error,omitempty"`  // why it failed, one line
	Stderr  string    `json:"stderr,omitempty"` // its last lines, if it failed
	Started time.Time `json:"started"`

	Engine     string  `json:"engine"`
	Workload   string  `json:"workload"`
	Round      int     `json:"round"` // from 1
	Seed       uint64  `json:"seed"`  // of this round; the same for every engine
	Durability string  `json:"durability"`
	Keys       int64   `json:"keys"`
	KeySize    int     `json:"key_size"`
	ValueSize  int     `json:"value_size"`
	Threads    int     `json:"threads"`
	Loop       string  `json:"loop"`
	Rate       float64 `json:"rate,omitempty"` // intended operations/s over all threads

	// Ops are logical operations of the foreground threads: each entry of a batch and
	// of a sequential read counts as one. Calls are the calls of the engine; Latency is
	// that of calls. The two differ only for fillbatch and readseq.
	Ops       int64   `json:"ops"`
	Calls     int64   `json:"calls"`
	Errors    int64   `json:"errors"`              // 0 in a cell with figures: the first error fails it
	NotFound  int64   `json:"not_found,omitempty"` // point reads that rightly found nothing, part of Ops
	Seconds   float64 `json:"seconds"`             // from the common start to the end of the last foreground thread
	OpsPerSec float64 `json:"ops_per_sec"`
	BytesRead int64   `json:"bytes_read,omitempty"` // keys and values that came back

	// Latency is service time: from the start of an operation to its end.
	Latency Latency `json:"latency_ns"`
	// Intended is the time since an operation should have started (only in an open
	// loop), so queueing behind a slow operation counts. See Gil Tene, "How NOT to
	// Measure Latency".
	Intended *Latency `json:"intended_latency_ns,omitempty"`
	// Kinds divide the foreground by kind of operation: get, set, insert, scan, ...
	// (workloads.Kind). It is present if there are several.
	Kinds []Part `json:"kinds,omitempty"`
	// Roles divide the threads by role, in a workload that has several: "reader" (the
	// foreground, which is all that Ops and Latency count) and "writer" of
	// readwhilewriting.
	Roles []Part `json:"roles,omitempty"`

	// Transactions has the figures of a workload of transactions. There, an operation is
	// a transaction with all of its attempts.
	Transactions *Transactions `json:"transactions,omitempty"`

	// UserBytes are keys and values that the workload wrote: in the measured part in
	// UserBytes, since the store was created in UserBytesTotal.
	UserBytes      int64 `json:"user_bytes"`
	UserBytesTotal int64 `json:"user_bytes_total"`
	// MemoryLimit is the limit of the cell's process, pages of its files included; bytes,
	// 0 is none.
	MemoryLimit int64 `json:"memory_limit_bytes,omitempty"`
	// LiveBytes are keys and values that the store holds at the end.
	LiveBytes int64 `json:"live_bytes"`
	// DiskBytes are allocated blocks of the store's files after the close. In a
	// sequence, only the last cell has this figure and the others that follow from the
	// close, such as WriteBytes.
	DiskBytes int64 `json:"disk_bytes"`
	// WriteBytes is what the process caused to be written to storage, from the open
	// until after the close (write_bytes of /proc/self/io, which counts pages of the
	// cache when they become dirty). It is measured alike for every engine.
	WriteBytes         int64 `json:"write_bytes"`
	WriteBytesMeasured int64 `json:"write_bytes_measured"` // during the measured part alone
	// WriteAmp is WriteBytes over UserBytesTotal. SpaceAmp is DiskBytes over LiveBytes.
	// Both are 0 if the divisor is.
	WriteAmp float64 `json:"write_amp"`
	SpaceAmp float64 `json:"space_amp"`
	// EngineWriteAmp and ReadAmp come from the engine's own counters, if it has them.
	EngineWriteAmp float64 `json:"engine_write_amp,omitempty"`
	ReadAmp        float64 `json:"read_amp,omitempty"`

	CPUSeconds     float64 `json:"cpu_seconds"` // user + system, all threads of the process
	CPUUserSeconds float64 `json:"cpu_user_seconds"`
	CPUSysSeconds  float64 `json:"cpu_sys_seconds"`
	// RSSPeakBytes is the highest resident set, including mapped pages of files. It is
	// reset before the measured part if the kernel allows it (RSSPeakScope "measured").
	// Otherwise it covers the whole process ("process").
	RSSPeakBytes int64  `json:"rss_peak_bytes"`
	RSSPeakScope string `json:"rss_peak_scope"`
	// RSSPeakLifeBytes is the highest from the open of the store to the end of the
	// measured part. It includes the preload and earlier cells of a sequence.
	RSSPeakLifeBytes int64 `json:"rss_peak_life_bytes,omitempty"`
	HeapPeak         int64 `json:"heap_peak_bytes"` // highest sample of live + unswept Go heap
	AllocBytes       int64 `json:"alloc_bytes"`     // allocated by Go code
	AllocObjects     int64 `json:"alloc_objects"`
	GCCount          int64 `json:"gc_count"`
	GCPauseTotal     int64 `json:"gc_pause_ns_total"` // all stop-the-world pauses of the collector, to bucket precision
	GCPauseMax       int64 `json:"gc_pause_ns_max"`
	MajorFaults      int64 `json:"major_faults"`

	// What else happened on the machine meanwhile, in cores: CPU time of other
	// processes, and time that the hypervisor took.
	OtherCores float64 `json:"other_cores"`
	StealCores float64 `json:"steal_cores"`

	OpenSeconds    float64 `json:"open_seconds,omitempty"` // of the store, which is empty except in workload reopen
	PreloadSeconds float64 `json:"preload_seconds,omitempty"`
	SettleSeconds  float64 `json:"settle_seconds,omitempty"` // flush and compaction after preload
	WarmupSeconds  float64 `json:"warmup_seconds,omitempty"`
	CloseSeconds   float64 `json:"close_seconds,omitempty"`
	// State says what the measured part shows: one of the states of package steady, or
	// nothing if it is too short to tell. Unsettled says why the warm-up gave up waiting for
	// a steady state; it is empty if that came, or was not waited for.
	State     string `json:"state,omitempty"`
	Unsettled string `json:"unsettled,omitempty"`
	// DebtGrows says that compaction debt surely grew in the measured part, by more than a
	// tenth of what was written meanwhile.
	DebtGrows bool `json:"debt_grows,omitempty"`
	// Sustained is the search for this cell's rate; nil without one.
	Sustained *Sustained `json:"sustained,omitempty"`
	Metrics   *Counts    `json:"engine_metrics,omitempty"` // of the measured part

	HarnessNSPerOp float64 `json:"harness_ns_per_op"` // as in env.json, at the time of this cell

	// The following are set only by `lsmlab bench --memtables`.
	BytesPerEntry float64 `json:"bytes_per_entry,omitempty"` // heap + off-heap growth over entries
	SizePerEntry  float64 `json:"size_per_entry,omitempty"`  // what the table says of itself
	GCCycleNS     int64   `json:"gc_cycle_ns,omitempty"`     // one runtime.GC with the table live

	// Figures are further figures of a kind of contenders that are no engines, by their
	// name with the unit last. The kind's package says what each one means.
	Figures map[string]float64 `json:"figures,omitempty"`

	HistFile   string `json:"hist_file,omitempty"` // relative to the run directory, slashes
	SeriesFile string `json:"series_file,omitempty"`

	// Warnings say why a figure may mislead. They never remove a cell.
	Warnings []string `json:"warnings"`
}

// Latency summarizes a histogram, in nanoseconds. Quantiles have three significant
// digits; Max and Mean are exact.
type Latency struct {
	P50  int64   `json:"p50"`
	P90  int64   `json:"p90"`
	P99  int64   `json:"p99"`
	P999 int64   `json:"p999"`
	Max  int64   `json:"max"`
	Mean float64 `json:"mean"`
}

// Part is one share of a cell.
type Part struct {
	Name      string   `json:"name"`
	Threads   int      `json:"threads,omitempty"`
	Ops       int64    `json:"ops"`
	OpsPerSec float64  `json:"ops_per_sec"` // over the time of the cell
	Latency   Latency  `json:"latency_ns"`
	Intended  *Latency `json:"intended_latency_ns,omitempty"`
}

// Counts are an engine's own counters over the measured part, and its gauges at the
// end. The names are those of kv.Metrics.
type Counts struct {
	WALBytes               int64   `json:"wal_bytes"`
	FlushBytes             int64   `json:"flush_bytes"`
	CompactionReadBytes    int64   `json:"compaction_read_bytes"`
	CompactionWrittenBytes int64   `json:"compaction_written_bytes"`
	Flushes                int64   `json:"flushes"`
	Compactions            int64   `json:"compactions"`
	Stalls                 int64   `json:"stalls"`
	StallSeconds           float64 `json:"stall_seconds"`
	CompactionDebtBytes    int64   `json:"compaction_debt_bytes"`
	BloomChecks            int64   `json:"bloom_checks"`
	BloomNegatives         int64   `json:"bloom_negatives"`
	CacheHits              int64   `json:"cache_hits"`
	CacheMisses            int64   `json:"cache_misses"`
	RunsL0                 int64   `json:"l0_runs"`
	// Of the files at the end, if the engine reports them: see kv.Metrics.
	TableBytes         int64 `json:"table_bytes,omitempty"`
	ObsoleteTableBytes int64 `json:"obsolete_table_bytes,omitempty"`
	LogBytes           int64 `json:"log_bytes,omitempty"`
	LogPoolBytes       int64 `json:"log_pool_bytes,omitempty"`
	ManifestBytes      int64 `json:"manifest_bytes,omitempty"`
}

// OK says whether the cell has figures.
func (c Cell) OK() bool { return c.Status == StatusOK }

// CellID returns the name of a cell within its run. It can be used in file names.
func CellID(workload, engine, durability string, threads, round int) string {
	return fmt.Sprintf("%s-%s-%s-t%d-r%d", FileSafe(workload), FileSafe(engine), durability, threads, round)
}

// FileSafe returns s with an underscore for every character that a file name
// should not hold: all but ASCII letters, digits, dots, dashes and underscores.
func FileSafe(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, s)
}

// Key implements [journal.Line].
func (c Cell) Key() (id, status string) { return c.ID, c.Status }

// Failed implements [journal.Line].
func (c Cell) Failed() bool { return c.Status == StatusFailed }

// MarshalJSON writes a list of warnings even if there are none.
func (c Cell) MarshalJSON() ([]byte, error) {
	type plain Cell
	if c.Warnings == nil {
		c.Warnings = []string{}
	}
	return json.Marshal(plain(c))
}

// cellsName is the file of cells in a run directory.
const cellsName = "cells.jsonl"

// Races says which files a race keeps.
var Races = journal.Kind[Plan, Cell]{
	Plan: planName, Lines: cellsName, Folders: []string{"hist", "series"},
	Read:  func(dir string) (Plan, error) { return ReadPlan(filepath.Join(dir, planName)) },
	Write: WritePlan,
}

// OpenCells opens cells.jsonl of a run directory for appending.
func OpenCells(dir string) (*journal.Lines[Cell], error) {
	return journal.OpenLines[Cell](filepath.Join(dir, cellsName))
}

// ReadCells returns the cells of a run directory: the last line of each ID, in the
// order in which the IDs first appeared. It also returns what was left out. A run
// without cells.jsonl has no cells.
func ReadCells(dir string) (cells []Cell, warnings []string, err error) {
	return journal.ReadLines[Cell](filepath.Join(dir, cellsName))
}

// Run is the content of a run directory, except hist and series files.
type Run struct {
	Dir      string
	Plan     Plan
	Env      Env
	Cells    []Cell
	Warnings []string // about the files, not about the figures
}

// ReadRun reads a run directory.
func ReadRun(dir string) (Run, error) {
	p, err := ReadPlan(filepath.Join(dir, planName))
	if errors.Is(err, os.ErrNotExist) {
		return Run{}, fmt.Errorf("%s: not a run directory, it has no plan.json: make one with `lsmlab bench --out %s`", dir, dir)
	}
	if err != nil {
		return Run{}, err
	}
	env, err := ReadEnv(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Run{}, err
	}
	cells, warnings, err := ReadCells(dir)
	if err != nil {
		return Run{}, err
	}
	return Run{Dir: dir, Plan: p, Env: env, Cells: cells, Warnings: warnings}, nil
}
