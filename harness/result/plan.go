package result

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"lsmlab/harness/journal"
)

// SchemaVersion is the version of this schema; readers refuse newer ones.
// Fields are added without raising it.
const SchemaVersion = 1

// Plan says what a run measures. It is stored as plan.json, and `lsmlab bench --plan
// FILE` reads a file of this form. The cells are the product of engines, workloads,
// durability levels and threads, once a round.
type Plan struct {
	Schema       int      `json:"schema"`
	Name         string   `json:"name,omitempty"` // the name of the plan, or of its file
	Engines      []string `json:"engines"`
	Workloads    []string `json:"workloads"`
	Durabilities []string `json:"durability"`
	Threads      []int    `json:"threads"` // goroutines that drive one store
	Rounds       int      `json:"rounds"`
	Seed         uint64   `json:"seed"` // of all streams and of the order of cells

	// Control names an engine of Engines that is raced twice, the second time under its
	// name with [Again] behind it: what charts show between the two is the noise of the
	// method. [FirstEngine] stands for the first of Engines; empty is no control.
	Control string `json:"control,omitempty"`

	Keys      int64    `json:"keys"`       // key space, preloaded where the workload says so
	KeySize   int      `json:"key_size"`   // bytes; 0 is the workload's default
	ValueSize int      `json:"value_size"` // bytes; 0 is the workload's default, -1 empty values
	Ops       int64    `json:"ops"`        // operations a cell over all threads; 0 is as many as Keys, or no limit with Duration
	Warmup    int64    `json:"warmup"`     // operations before the measured part; 0 is the workload's default, -1 none
	Duration  Duration `json:"duration"`   // time limit of the measured part; 0 is by Ops alone
	// Steady makes warm-up go on, for this long at most, until throughput, levels and debt
	// have settled (package steady). It counts where Duration alone ends a cell; 0 is off.
	Steady Duration `json:"steady,omitempty"`
	// Sustain makes each cell a search for the highest rate, in an open loop, at which p99.9
	// from the intended start is at most this and compaction debt does not grow; 0 is off.
	Sustain     Duration `json:"sustain,omitempty"`
	Rate        float64  `json:"rate"`         // operations/s over all threads, open loop; 0 is closed loop
	CellTimeout Duration `json:"cell_timeout"` // of one cell, preload included; 0 is 15 minutes

	// Isolation is the level of workloads of transactions: "snapshot", which is the
	// default, or "serializable". Others ignore it.
	Isolation string `json:"isolation,omitempty"`

	// Memory is the limit of each cell's process, pages of its files included, by a
	// control group; bytes, 0 is none.
	Memory int64 `json:"memory,omitempty"`

	CacheSize    int64 `json:"cache_size"`    // bytes; 0 is the engine's comparable default
	MemTableSize int64 `json:"memtable_size"` // bytes; 0 likewise

	// WorkloadOptions are further fields of a workload's spec (workloads.Spec), by the
	// name in Workloads. A new name needs "workload" here: {"deletes": {"workload":
	// "mix", "mix": {"get": 1, "delete": 1}}}.
	WorkloadOptions map[string]map[string]any `json:"workload_options,omitempty"`

	// WorkloadSettings give single workloads, by their name in Workloads, their own
	// durability levels, threads and duration.
	WorkloadSettings map[string]WorkloadSetting `json:"workload_settings,omitempty"`

	// Sequences are runs of Workloads that share one store and one process, as the
	// tests of one call of db_bench do. The first one preloads, and each one that
	// writes is followed by a flush and a compaction. All other workloads have stores
	// of their own.
	Sequences [][]string `json:"sequences,omitempty"`

	MemTables bool `json:"memtables"` // Engines are bare MemTables and the structures beside them: kind "memtables"

	// Kind names a kind of contenders that are no engines; see package micro. Engines are
	// then contenders of that kind, and Workloads are its works. It is empty for engines,
	// and for MemTables, which have a field of their own.
	Kind string `json:"kind,omitempty"`

	// Targets say what the run should show; see package target.
	Targets *Targets `json:"targets,omitempty"`
}

// KindMemTables is the kind of the contenders of a plan with MemTables.
const KindMemTables = "memtables"

// KindName returns the kind of contenders that are no engines; it is empty for engines.
func (p Plan) KindName() string {
	if p.MemTables {
		return KindMemTables
	}
	return p.Kind
}

// Again behind the name of an engine or of a contender is the same once more, as a control:
// what a run shows between the two is the noise of its method.
const Again = "@again"

// FirstEngine as a control is the first engine of the plan.
const FirstEngine = "@first"

// IsAgain says whether a name is that of a control.
func IsAgain(name string) bool { return strings.HasSuffix(name, Again) }

// WorkloadSetting replaces fields of a plan for one workload. An empty field leaves
// that of the plan.
type WorkloadSetting struct {
	Durabilities []string `json:"durability,omitempty"`
	Threads      []int    `json:"threads,omitempty"`
	Duration     Duration `json:"duration,omitempty"`
}

// Planned is what a plan demands of every engine in every round.
type Planned struct {
	Workload, Durability string
	Threads              int
}

// Groups returns everything that the plan demands, in its order.
func (p Plan) Groups() (groups []Planned) {
	for _, w := range p.Workloads {
		groups = append(groups, p.GroupsOf(w)...)
	}
	return groups
}

// GroupsOf returns what the plan demands for one workload.
func (p Plan) GroupsOf(workload string) (groups []Planned) {
	durabilities, threads := p.Durabilities, p.Threads
	if own := p.WorkloadSettings[workload]; len(own.Durabilities) > 0 {
		durabilities = own.Durabilities
	}
	if own := p.WorkloadSettings[workload]; len(own.Threads) > 0 {
		threads = own.Threads
	}
	for _, d := range durabilities {
		for _, t := range threads {
			groups = append(groups, Planned{workload, d, t})
		}
	}
	return groups
}

// DurationOf returns the time limit of the measured part under a workload.
func (p Plan) DurationOf(workload string) Duration {
	return cmp.Or(p.WorkloadSettings[workload].Duration, p.Duration)
}

// AllDurabilities returns every durability level at which some workload is measured, in
// the order in which the plan names them.
func (p Plan) AllDurabilities() (levels []string) {
	for _, g := range p.Groups() {
		if !slices.Contains(levels, g.Durability) {
			levels = append(levels, g.Durability)
		}
	}
	return levels
}

// Targets are what the run of a plan should show.
type Targets struct {
	Own   []string     `json:"own"` // engines of this module; all others are peers
	Lines []TargetLine `json:"lines"`
}

// TargetLine is one demand: a ratio to the best peer, or a bound.
type TargetLine struct {
	Name       string   `json:"name"` // as people read it
	Workload   string   `json:"workload"`
	Durability string   `json:"durability,omitempty"` // empty: the workload has but one
	Threads    int      `json:"threads,omitempty"`    // 0: likewise
	Figure     string   `json:"figure,omitempty"`     // empty is ops_per_sec; see package target
	Own        []string `json:"own,omitempty"`        // empty: all of Targets.Own; the best one counts
	Peers      []string `json:"peers,omitempty"`      // empty: all peers; the best one counts
	// Over names another workload of the plan. Our engine is then not compared with peers
	// but with itself under that workload.
	Over string `json:"over,omitempty"`
	// Ratio is how many times as good as the best peer our best engine must be: ours
	// over theirs, or theirs over ours if less is better.
	Ratio float64 `json:"ratio,omitempty"`
	// Most is the bound of a figure of which less is better, whatever the peers reach.
	Most float64 `json:"most,omitempty"`
}

// Duration is a [time.Duration] that reads and writes as "1m30s".
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// ReadPlan reads a plan file. It refuses unknown fields: a misspelt field would
// silently mean its default.
func ReadPlan(path string) (Plan, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Plan{}, err
	}
	return ParsePlan(path, b)
}

// ParsePlan is [ReadPlan] for content that was read already. path names it in errors.
func ParsePlan(path string, content []byte) (Plan, error) {
	var p Plan
	if err := journal.ParseJSON(path, content, &p, true); err != nil {
		return Plan{}, err
	}
	if p.Schema > SchemaVersion {
		return Plan{}, fmt.Errorf("%s: schema %d is newer than %d: use a newer lsmlab", path, p.Schema, SchemaVersion)
	}
	return p, nil
}

const planName = "plan.json"

// WritePlan writes plan.json of a run directory.
func WritePlan(dir string, p Plan) error {
	p.Schema = SchemaVersion
	return journal.WriteJSON(filepath.Join(dir, planName), p)
}

// Work returns the plan with those fields alone that change the work for which the name of
// a workload stands. Figures of runs whose Work differs are not comparable.
func (p Plan) Work() Plan {
	p.Schema, p.Name, p.Targets = 0, "", nil
	p.Engines, p.Workloads, p.Durabilities, p.Threads = nil, nil, nil, nil
	p.Rounds, p.Seed, p.CellTimeout, p.WorkloadSettings, p.Control = 0, 0, 0, nil, ""
	return p
}

// Difference returns the first field, by its name in plan.json, in which two plans
// differ, with both values. ok is false if the plans demand the same. Name and Targets
// change no figure, so they do not count.
func (p Plan) Difference(o Plan) (field string, mine, other any, ok bool) {
	return difference(reflect.ValueOf(p), reflect.ValueOf(o))
}

// difference compares two structs field by field.
func difference(a, b reflect.Value) (field string, mine, other any, ok bool) {
	for i := range a.NumField() {
		name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("json"), ",")
		x, y := a.Field(i).Interface(), b.Field(i).Interface()
		if name != "name" && name != "schema" && name != "targets" && !reflect.DeepEqual(x, y) {
			return name, printable(x), printable(y), true
		}
	}
	return "", nil, nil, false
}

func printable(v any) any {
	if d, ok := v.(Duration); ok {
		return time.Duration(d)
	}
	return v
}
