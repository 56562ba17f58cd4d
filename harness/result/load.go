package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"lsmlab/harness/journal"
)

// What `lsmlab load` leaves on disk: a load directory, of the same manner as a
// run directory.
//
//	load.json      what was asked for: [LoadPlan]
//	env.json       where it ran: [Env]
//	loads.jsonl    one [LoadCell] a line, appended as cells end
//	series/*.tsz   timelines of one cell
//	k6/*           of one cell: the summary of k6 (.json), its dashboard (.html), its log
//	charts/, index.html   drawn from the files above alone
//
// The invariants are those of a run directory.

// LoadPlan says what a load run measures. The cells are the product of engines and
// environments, once a round.
type LoadPlan struct {
	Schema       int           `json:"schema"`
	Profile      string        `json:"profile"` // a script of k6/, without its suffix
	Engines      []string      `json:"engines"`
	Environments []Environment `json:"environments"`
	Rounds       int           `json:"rounds"`
	Seed         uint64        `json:"seed"` // of keys, values and the order of cells
	// Settings are variables of the k6 script, by name, see k6/README.md.
	Settings map[string]string `json:"settings"`
	// InProcess is how long the same work runs in a cell without a server, for
	// comparison. 0 means that it does not run.
	InProcess Duration `json:"in_process"`
}

// Environment is a named set of limits under which a server runs, so that one machine
// can stand for several.
type Environment struct {
	Name       string `json:"name"`
	GOMAXPROCS int    `json:"gomaxprocs,omitempty"` // 0: every core
	GOMEMLIMIT string `json:"gomemlimit,omitempty"` // as the Go runtime reads it, "256MiB"; empty: none
	Durability string `json:"durability,omitempty"` // of every write; empty: buffered
	Dir        string `json:"dir,omitempty"`        // where stores are made, which chooses the file system; empty: the load directory
}

// String describes the limits in words.
func (e Environment) String() string {
	words := []string{"every core"}
	if e.GOMAXPROCS > 0 {
		words[0] = fmt.Sprintf("GOMAXPROCS %d", e.GOMAXPROCS)
	}
	if e.GOMEMLIMIT != "" {
		words = append(words, "GOMEMLIMIT "+e.GOMEMLIMIT)
	}
	words = append(words, e.Durability)
	if e.Dir != "" {
		words = append(words, "stores in "+e.Dir)
	}
	return strings.Join(words, ", ")
}

// LoadCell is the result of one engine behind a server, in one environment and one
// round: one line of loads.jsonl. Figures cover the phases, without preload and
// warm-up, unless their comment says otherwise.
type LoadCell struct {
	ID      string    `json:"id"` // see [LoadCellID]
	Status  string    `json:"status"`
	Error   string    `json:"error,omitempty"`  // why it failed, one line
	Stderr  string    `json:"stderr,omitempty"` // last lines of the server and of k6, if it failed
	Started time.Time `json:"started"`

	Engine      string `json:"engine"`
	Environment string `json:"environment"`
	Profile     string `json:"profile"`
	Round       int    `json:"round"` // from 1
	FileSystem  string `json:"filesystem"`

	Phases []LoadPhase `json:"phases"`
	// Broken are the thresholds of k6 that did not hold.
	Broken         []string           `json:"broken,omitempty"`
	ObjectiveP95NS int64              `json:"objective_p95_ns"`
	ErrorRate      float64            `json:"objective_error_rate"`
	Sweep          bool               `json:"sweep,omitempty"` // phases are the steps of a search for the highest rate
	Mix            map[string]float64 `json:"mix,omitempty"`   // shares of get, set and scan
	Keys           int64              `json:"keys"`
	ValueSize      int                `json:"value_size"`
	ThinkSeconds   float64            `json:"think_seconds,omitempty"` // how long a user stays after a request
	UsersPeak      int64              `json:"users_peak"`              // the most virtual users that were busy at a time
	Users          int64              `json:"users"`                   // virtual users in all

	// Of the server's process. Peaks are the highest value of one [LoadSampleInterval].
	CPUSeconds     float64 `json:"cpu_seconds"`
	CPUPeakCores   float64 `json:"cpu_peak_cores"`
	CPULimit       int     `json:"cpu_limit"` // cores that its environment gives
	RSSPeakBytes   int64   `json:"rss_peak_bytes"`
	ClientCPU      float64 `json:"client_cpu_seconds"`    // of k6
	ClientCPUPeak  float64 `json:"client_cpu_peak_cores"` // of k6
	OtherCores     float64 `json:"other_cores"`           // used by other processes, on average
	ReadySeconds   float64 `json:"ready_seconds"`         // from the server's start to its first "ready"
	PreloadSeconds float64 `json:"preload_seconds"`
	StopSeconds    float64 `json:"stop_seconds"` // from SIGTERM to the end of the server

	InProcess *InProcess `json:"in_process,omitempty"`

	SeriesFile    string `json:"series_file,omitempty"` // relative to the load directory, slashes
	SummaryFile   string `json:"summary_file,omitempty"`
	DashboardFile string `json:"dashboard_file,omitempty"`
	LogFile       string `json:"log_file,omitempty"` // what k6 complained about, its beginning and its end

	Warnings []string `json:"warnings"`
}

// LoadPhase is one part of a profile, at one rate of arrival.
type LoadPhase struct {
	Name    string  `json:"name"`
	Rate    float64 `json:"rate"`    // users that should arrive a second
	Seconds float64 `json:"seconds"` // its length, or its planned length if it was cut short

	Requests     int64   `json:"requests"`
	Arrivals     int64   `json:"arrivals"` // users that arrived; equal to Requests, unless a user makes several
	RequestsPerS float64 `json:"requests_per_sec"`
	Failed       int64   `json:"failed"`            // of Requests: the status was not 2xx, or the answer was wrong
	ServerErrors int64   `json:"server_errors"`     // 5xx, including 503
	Refused      int64   `json:"refused"`           // 429 and 503: requests shed on purpose
	Unexpected   int64   `json:"unexpected_errors"` // neither 2xx nor refused; includes requests without any answer
	Wrong        int64   `json:"wrong_answers"`     // reads that did not return what was written

	Latency LoadLatency `json:"latency_ns"`
}

// LoadLatency summarizes the time from the first byte of a request sent to the last
// byte of its answer received, in nanoseconds, as k6 measures it.
type LoadLatency struct {
	P50  int64 `json:"p50"`
	P95  int64 `json:"p95"`
	P99  int64 `json:"p99"`
	Max  int64 `json:"max"`
	Mean int64 `json:"mean"`
}

// Missed returns the share of arrivals that the client did not start because all its
// users were busy. A request that was not made has no latency, so a phase that misses
// many makes the server look better.
func (p LoadPhase) Missed() float64 {
	if want := p.Rate * p.Seconds; want > 0 {
		return max(0, 1-float64(p.Arrivals)/want)
	}
	return 0
}

// MissedShare is the share that a phase may miss and still count as served.
const MissedShare = 0.01

// Sustained says whether a phase kept the objectives of its cell: for latency, for
// errors, and for arrivals, which must all be served.
func (c LoadCell) Sustained(p LoadPhase) bool {
	return p.Requests > 0 && p.Latency.P95 < c.ObjectiveP95NS && float64(p.Failed) <= c.ErrorRate*float64(p.Requests) &&
		p.Missed() <= MissedShare
}

// Sustainable returns the highest rate that a sweep kept: the requests/s of the last
// phase before the first that broke, or 0 if the first phase broke. open says that no
// phase broke, so that the rate is a lower bound.
func (c LoadCell) Sustainable() (requestsPerSec float64, open bool) {
	for _, p := range c.Phases {
		if !c.Sustained(p) {
			return requestsPerSec, false
		}
		requestsPerSec = p.RequestsPerS
	}
	return requestsPerSec, true
}

// InProcess is the same work on the same engine through the harness, in a process
// with the same limits and without a server: a closed loop.
type InProcess struct {
	Threads    int     `json:"threads"`
	OpsPerSec  float64 `json:"ops_per_sec"`
	P50        int64   `json:"p50_ns"`
	P95        int64   `json:"p95_ns"`
	P99        int64   `json:"p99_ns"`
	CPUSeconds float64 `json:"cpu_seconds"`
	Ops        int64   `json:"ops"`
}

// Names of the timelines of a load cell, beside [SeriesRSS] and [SeriesCPU], which are
// those of the server. The points of processes are [LoadSampleInterval] apart; those of
// k6 are a period of its dashboard apart.
const (
	SeriesRequests  = "requests_per_sec"
	SeriesP95       = "p95_ns"
	SeriesUsers     = "users"            // busy at once
	SeriesErrors    = "errors_per_sec"   // requests that failed
	SeriesClientCPU = "client_cpu_cores" // of k6
)

// LoadSampleInterval is how often the processes of a load cell are sampled.
const LoadSampleInterval = 500 * time.Millisecond

// OK says whether the cell has figures.
func (c LoadCell) OK() bool { return c.Status == StatusOK }

// Requests returns the requests of all phases.
func (c LoadCell) Requests() (n int64) {
	for _, p := range c.Phases {
		n += p.Requests
	}
	return n
}

// LoadCellID returns the name of a cell within its load run. It can be used in file
// names.
func LoadCellID(profile, engine, environment string, round int) string {
	return fmt.Sprintf("%s-%s-%s-r%d", FileSafe(profile), FileSafe(engine), FileSafe(environment), round)
}

// Key implements [journal.Line].
func (c LoadCell) Key() (id, status string) { return c.ID, c.Status }

// Failed implements [journal.Line].
func (c LoadCell) Failed() bool { return c.Status == StatusFailed }

// MarshalJSON writes a list of warnings even if there are none.
func (c LoadCell) MarshalJSON() ([]byte, error) {
	type plain LoadCell
	if c.Warnings == nil {
		c.Warnings = []string{}
	}
	return json.Marshal(plain(c))
}

// loadsName is the file of cells in a load directory.
const loadsName = "loads.jsonl"

// Loads says which files a load run keeps.
var Loads = journal.Kind[LoadPlan, LoadCell]{
	Plan: loadPlanName, Lines: loadsName, Folders: []string{"series", "k6"}, Read: readLoadPlan, Write: WriteLoadPlan,
}

// OpenLoads opens loads.jsonl of a load directory for appending.
func OpenLoads(dir string) (*journal.Lines[LoadCell], error) {
	return journal.OpenLines[LoadCell](filepath.Join(dir, loadsName))
}

// Load is the content of a load directory, except series and k6 files.
type Load struct {
	Dir      string
	Plan     LoadPlan
	Env      Env
	Cells    []LoadCell
	Warnings []string // about the files, not about the figures
}

const loadPlanName = "load.json"

// IsLoad says whether a directory is a load directory.
func IsLoad(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, loadPlanName))
	return err == nil
}

// ReadLoad reads a load directory.
func ReadLoad(dir string) (Load, error) {
	l := Load{Dir: dir}
	var err error
	if l.Plan, err = readLoadPlan(dir); errors.Is(err, os.ErrNotExist) {
		return l, fmt.Errorf("%s: not a load directory, it has no %s: make one with `lsmlab load --out %s`", dir, loadPlanName, dir)
	} else if err != nil {
		return l, err
	}
	if l.Env, err = ReadEnv(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return l, err
	}
	l.Cells, l.Warnings, err = ReadLoadCells(dir)
	return l, err
}

// ReadLoadCells returns the cells of a load directory, like [ReadCells].
func ReadLoadCells(dir string) (cells []LoadCell, warnings []string, err error) {
	return journal.ReadLines[LoadCell](filepath.Join(dir, loadsName))
}

// readLoadPlan reads load.json of a load directory.
func readLoadPlan(dir string) (p LoadPlan, err error) {
	path := filepath.Join(dir, loadPlanName)
	if err := journal.ReadJSON(path, &p, true); err != nil {
		return p, err
	}
	if p.Schema > SchemaVersion {
		return p, fmt.Errorf("%s: schema %d is newer than %d: use a newer lsmlab", path, p.Schema, SchemaVersion)
	}
	return p, nil
}

// WriteLoadPlan writes load.json of a load directory.
func WriteLoadPlan(dir string, p LoadPlan) error {
	p.Schema = SchemaVersion
	return journal.WriteJSON(filepath.Join(dir, loadPlanName), p)
}

// Difference returns the first field in which two plans differ, like
// [Plan.Difference].
func (p LoadPlan) Difference(o LoadPlan) (field string, mine, other any, ok bool) {
	return difference(reflect.ValueOf(p), reflect.ValueOf(o))
}

// ReadEnvironments reads a file of environments: a JSON list of [Environment].
func ReadEnvironments(path string) (list []Environment, err error) {
	return list, journal.ReadJSON(path, &list, true)
}
