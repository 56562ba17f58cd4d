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
	// StatusUnsupported is a cell that the engine cannot do at this durability; it
	// was not run and is no failure.
	StatusUnsupported = "unsupported"
)

// Loop says who decides when the next operation starts.
const (
	LoopClosed = "closed" // the end of the one before: peak throughput, latency hides queueing
	LoopOpen   = "open"   // the clock, at Rate
)

// Cell is the outcome of one engine under one workload in one round: one line
// of cells.jsonl. Figures cover the measured part alone, without preload,
// settling and warm-up, unless their comment says otherwise. Zero means "not
// measured" for every optional field.
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

	// Ops are logical operations done by the foreground threads: entries of a
	// batch and of a sequential read count one each. Calls are what the engine was
	// asked for; Latency is of calls. They differ for fillbatch and readseq alone.
	Ops       int64   `json:"ops"`
	Calls     int64   `json:"calls"`
	Errors    int64   `json:"errors"`              // 0 in a cell with figures: the first error fails it
	NotFound  int64   `json:"not_found,omitempty"` // point reads that rightly found nothing, part of Ops
	Seconds   float64 `json:"seconds"`             // from the common start to the end of the last foreground thread
	OpsPerSec float64 `json:"ops_per_sec"`
	BytesRead int64   `json:"bytes_read,omitempty"` // keys and values that came back

	// Latency is service time: from the start of an operation to its end.
	Latency Latency `json:"latency_ns"`
	// Intended is the time from when the operation should have started (open
	// loop only): queueing behind a slow operation counts. See Gil Tene, "How
	// NOT to Measure Latency".
	Intended *Latency `json:"intended_latency_ns,omitempty"`
	// Kinds split the foreground by operation kind: get, set, insert, scan, ...
	// (workloads.Kind). Present if there are several.
	Kinds []Part `json:"kinds,omitempty"`
	// Roles are the thread roles where a workload has several: "reader" (the
	// foreground, which is all that Ops and Latency count) and "writer" of
	// readwhilewriting.
	Roles []Part `json:"roles,omitempty"`

	// UserBytes are keys and values applied by the user: whole life of the
	// store in UserBytesTotal, measured part in UserBytes.
	UserBytes      int64 `json:"user_bytes"`
	UserBytesTotal int64 `json:"user_bytes_total"`
	// LiveBytes are keys and values that the store holds at the end.
	LiveBytes int64 `json:"live_bytes"`
	// DiskBytes are allocated blocks of the store's files after close. This and
	// what follows from the close, as WriteBytes, stands in the last cell of a
	// sequence alone.
	DiskBytes int64 `json:"disk_bytes"`
	// WriteBytes is what the process caused to be written to storage from open
	// to after close (write_bytes of /proc/self/io, page cache included once
	// dirtied), measured alike for every engine.
	WriteBytes         int64 `json:"write_bytes"`
	WriteBytesMeasured int64 `json:"write_bytes_measured"` // during the measured part alone
	// WriteAmp is WriteBytes over UserBytesTotal; SpaceAmp is DiskBytes over
	// LiveBytes; 0 where the divisor is.
	WriteAmp float64 `json:"write_amp"`
	SpaceAmp float64 `json:"space_amp"`
	// EngineWriteAmp and ReadAmp are the engine's own account, if it keeps one.
	EngineWriteAmp float64 `json:"engine_write_amp,omitempty"`
	ReadAmp        float64 `json:"read_amp,omitempty"`

	CPUSeconds     float64 `json:"cpu_seconds"` // user + system, all threads of the process
	CPUUserSeconds float64 `json:"cpu_user_seconds"`
	CPUSysSeconds  float64 `json:"cpu_sys_seconds"`
	// RSSPeakBytes is the highest resident set, mapped pages of files included.
	// It is reset before the measured part where the kernel allows it
	// (RSSPeakScope "measured"), else it spans the process ("process").
	RSSPeakBytes int64  `json:"rss_peak_bytes"`
	RSSPeakScope string `json:"rss_peak_scope"`
	// RSSPeakLifeBytes is the highest from the open of the store to the end of the
	// measured part: preload and what came before in a sequence included.
	RSSPeakLifeBytes int64 `json:"rss_peak_life_bytes,omitempty"`
	HeapPeak         int64 `json:"heap_peak_bytes"` // highest sample of live + unswept Go heap
	AllocBytes       int64 `json:"alloc_bytes"`     // allocated by Go code
	AllocObjects     int64 `json:"alloc_objects"`
	GCCount          int64 `json:"gc_count"`
	GCPauseTotal     int64 `json:"gc_pause_ns_total"` // all stop-the-world pauses of the collector, to bucket precision
	GCPauseMax       int64 `json:"gc_pause_ns_max"`
	MajorFaults      int64 `json:"major_faults"`

	// What else the machine did meanwhile, in cores: CPU time of other processes,
	// and time that the hypervisor took away.
	OtherCores float64 `json:"other_cores"`
	StealCores float64 `json:"steal_cores"`

	OpenSeconds    float64 `json:"open_seconds,omitempty"` // of the store; an empty one but for workload reopen
	PreloadSeconds float64 `json:"preload_seconds,omitempty"`
	SettleSeconds  float64 `json:"settle_seconds,omitempty"` // flush and compaction after preload
	WarmupSeconds  float64 `json:"warmup_seconds,omitempty"`
	CloseSeconds   float64 `json:"close_seconds,omitempty"`
	Metrics        *Counts `json:"engine_metrics,omitempty"` // of the measured part

	HarnessNSPerOp float64 `json:"harness_ns_per_op"` // as in env.json, at the time of this cell

	// Of `lsmlab bench --memtables` only.
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

// Latency summarizes a histogram, in nanoseconds; quantiles have three
// significant digits, Max and Mean are exact.
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

// Counts are an engine's own counters over the measured part, its gauges at the
// end; names as in kv.Metrics.
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
	// Of the files at the end, where an engine tells: see kv.Metrics.
	TableBytes         int64 `json:"table_bytes,omitempty"`
	ObsoleteTableBytes int64 `json:"obsolete_table_bytes,omitempty"`
	LogBytes           int64 `json:"log_bytes,omitempty"`
	LogPoolBytes       int64 `json:"log_pool_bytes,omitempty"`
	ManifestBytes      int64 `json:"manifest_bytes,omitempty"`
}

// OK says whether the cell has figures.
func (c Cell) OK() bool { return c.Status == StatusOK }

// CellID names a cell within its run, fit for a file name.
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

// MarshalJSON writes a list of warnings also where there are none.
func (c Cell) MarshalJSON() ([]byte, error) {
	type plain Cell
	if c.Warnings == nil {
		c.Warnings = []string{}
	}
	return json.Marshal(plain(c))
}

// cellsName is the file of cells in a run directory.
const cellsName = "cells.jsonl"

// Races says what a race keeps on disk.
var Races = journal.Kind[Plan, Cell]{
	Plan: planName, Lines: cellsName, Folders: []string{"hist", "series"},
	Read:  func(dir string) (Plan, error) { return ReadPlan(filepath.Join(dir, planName)) },
	Write: WritePlan,
}

// OpenCells opens cells.jsonl of a run directory for appending.
func OpenCells(dir string) (*journal.Lines[Cell], error) {
	return journal.OpenLines[Cell](filepath.Join(dir, cellsName))
}

// ReadCells returns the cells of a run directory in the order in which their
// IDs first appeared, the last line of each ID, and what was left out. A run
// without cells.jsonl has no cells.
func ReadCells(dir string) (cells []Cell, warnings []string, err error) {
	return journal.ReadLines[Cell](filepath.Join(dir, cellsName))
}

// Run is a run directory read whole, but for hist and series files.
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
