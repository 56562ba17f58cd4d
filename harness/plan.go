package harness

import (
	"embed"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/harness/field"
	"lsmlab/harness/result"
	"lsmlab/harness/target"
	"lsmlab/workloads"
)

//go:embed plans/*.json
var plans embed.FS

// PlanNames returns the names of the plans that come with lsmlab.
func PlanNames() []string {
	files, err := fs.Glob(plans, "plans/*.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".json")
	}
	return files
}

// DefaultPlan returns the name of the plan of a race that names none.
func DefaultPlan(memTables, quick bool) string {
	switch {
	case memTables && quick:
		return "memtables-quick"
	case memTables:
		return "memtables"
	case quick:
		return "quick"
	}
	return "default"
}

// LoadPlan reads a plan by name, or from a file if name has a slash or ends in
// .json.
func LoadPlan(name string) (result.Plan, error) {
	if strings.ContainsRune(name, os.PathSeparator) || strings.HasSuffix(name, ".json") {
		p, err := result.ReadPlan(name)
		if err != nil {
			return p, field.Wrong("run", "plan", "%w", err)
		}
		if p.Name == "" {
			p.Name = strings.TrimSuffix(filepath.Base(name), ".json")
		}
		return p, nil
	}
	b, err := plans.ReadFile("plans/" + name + ".json")
	if err != nil {
		return result.Plan{}, field.Wrong("run", "plan", "%s: no such plan; want %s, or the path of a JSON file", name, strings.Join(PlanNames(), ", "))
	}
	p, err := result.ParsePlan("plan "+name, b)
	if err != nil {
		return p, err
	}
	p.Name = name
	p.Targets, err = target.Of(name)
	return p, err
}

// CheckPlan fills in what a plan leaves open. Its error is a [*field.Error].
func CheckPlan(cat Catalog, p *result.Plan) error {
	p.Schema = result.SchemaVersion
	if len(p.Durabilities) == 0 {
		p.Durabilities = []string{kv.Buffered.String()}
	}
	if p.KindName() != "" {
		if err := fillKindPlan(cat, p); err != nil {
			return err
		}
	}
	if err := expandPlan(cat, p); err != nil {
		return err
	}
	if len(p.Threads) == 0 {
		p.Threads = []int{1}
	}
	if err := checkNumbers(p); err != nil {
		return err
	}
	if err := checkNames(cat, p); err != nil {
		return err
	}
	for _, d := range p.AllDurabilities() {
		if _, err := kv.ParseDurability(d); err != nil {
			return wrong("durability", "is wrong: %w", err)
		}
	}
	if p.Isolation != "" {
		if err := checkIsolation(p); err != nil {
			return err
		}
	}
	for name := range p.WorkloadSettings {
		if !slices.Contains(p.Workloads, name) {
			return wrong("workload_settings", "names %s, which is no workload of the plan", name)
		}
	}
	if p.KindName() != "" {
		return nil
	}
	for _, name := range p.Workloads {
		w, err := newWorkload(*p, name)
		if err != nil {
			return wrong("workloads", "is wrong: %w", err)
		}
		if w.Bursty() && p.Rate == 0 {
			return wrong("rate", "is 0: bursts of %s are of arrivals, which a closed loop has none of; give operations a second", name)
		}
	}
	if err := checkSustain(p); err != nil {
		return err
	}
	return checkSequences(p)
}

// checkIsolation checks a level that the plan gives for all its transactions.
func checkIsolation(p *result.Plan) error {
	level, err := kv.ParseIsolation(p.Isolation)
	if err != nil {
		return wrong("isolation", "is wrong: %w", err)
	}
	if level < kv.SnapshotIsolation {
		return wrong("isolation", "is %s: want snapshot or serializable; below these, what is checked at the end need not hold", level)
	}
	for _, name := range p.Workloads {
		if spec, err := workloadSpec(*p, name, 1, 0); p.KindName() == "" && err == nil && workloads.Transactional(spec.Workload) {
			return nil
		}
	}
	return wrong("isolation", "is %s: no workload of the plan has transactions, leave it out", level)
}

// newWorkload returns a workload of the plan, with its first number of threads.
func newWorkload(p result.Plan, name string) (*workloads.Workload, error) {
	spec, err := workloadSpec(p, name, p.GroupsOf(name)[0].Threads, 0)
	if err != nil {
		return nil, err
	}
	return workloads.New(spec)
}

// checkSequences refuses workloads that cannot share a store.
func checkSequences(p *result.Plan) error {
	seen := map[string]bool{}
	for _, names := range p.Sequences {
		var first *workloads.Workload
		for _, name := range names {
			if !slices.Contains(p.Workloads, name) || seen[name] {
				return wrong("sequences", "is wrong: %s must be one of the workloads, and in one sequence only", name)
			}
			seen[name] = true
			groups := p.GroupsOf(name)
			if len(groups) != 1 || groups[0].Durability != p.GroupsOf(names[0])[0].Durability {
				return wrong("sequences", "is wrong: %s: give all of a sequence one durability and each one number of threads, by workload_settings", name)
			}
			w, err := newWorkload(*p, name)
			if err != nil {
				return wrong("sequences", "is wrong: %w", err)
			}
			if first == nil {
				first = w
			}
			if w.Transactional() {
				return wrong("sequences", "is wrong: %s needs a store of its own, in which it checks the sums at the end", name)
			}
			a, b := first.Spec(), w.Spec()
			if w.Preload() == "" || w.Killed() || w.Keys() != first.Keys() || a.Keys != b.Keys || a.ValueSize != b.ValueSize {
				return wrong("sequences", "is wrong: %s can't use the store of %s: all of a sequence need the same preloaded keys and values", name, names[0])
			}
		}
	}
	return nil
}

// leastMemory is the smallest limit of a cell's process, in bytes.
const leastMemory = 32 << 20

func checkNumbers(p *result.Plan) error {
	for _, n := range []struct {
		field       string
		v           int64
		least, most int64
		advice      string
	}{
		{"rounds", int64(p.Rounds), 1, 10_000, "3 is a minimum, 5 or more show differences"},
		{"keys", p.Keys, 1, 1 << 36, "100000 is a quick run"},
		{"key_size", int64(p.KeySize), 0, kv.MaxKeySize - 1, "0 is the workload's default"},
		{"value_size", int64(p.ValueSize), -1, kv.MaxValueSize, "0 is the workload's default, -1 means empty values"},
		{"ops", p.Ops, 0, math.MaxInt64 / 2, "0 means as many as keys"},
		{"warmup", p.Warmup, -1, math.MaxInt64 / 4, "0 is the workload's default, -1 means none"},
		{"duration", int64(p.Duration), 0, math.MaxInt64, "0 means no time limit"},
		{"steady", int64(p.Steady), 0, math.MaxInt64, "0 means that the warm-up waits for no steady state"},
		{"sustain", int64(p.Sustain), 0, math.MaxInt64, "it is the most that p99.9 may be, as 10ms; 0 means no search"},
		{"cell_timeout", int64(p.CellTimeout), 0, math.MaxInt64, "0 means 15 minutes"},
		{"cache_size", p.CacheSize, 0, 1 << 46, "0 is the engine's default"},
		{"memory", p.Memory, 0, 1 << 46, "0 is no limit"},
		{"memtable_size", p.MemTableSize, 0, 1 << 40, "0 is the engine's default"},
	} {
		if n.v < n.least || n.v > n.most {
			return wrong(n.field, "is %d: want %d to %d; %s", n.v, n.least, n.most, n.advice)
		}
	}
	if p.Memory > 0 && p.Memory < leastMemory {
		return wrong("memory", "is %d: want at least %d, which the process of a cell itself needs", p.Memory, leastMemory)
	}
	for _, t := range p.Threads {
		if t < 1 || t > 1<<16 {
			return wrong("threads", "is %d: want 1 to %d", t, 1<<16)
		}
	}
	if p.Rate < 0 || math.IsNaN(p.Rate) || math.IsInf(p.Rate, 0) {
		return wrong("rate", "is %v: want operations a second, or 0 for a closed loop", p.Rate)
	}
	return nil
}

// checkNames checks the engines and workloads; each must be named once.
func checkNames(cat Catalog, p *result.Plan) error {
	if len(p.Engines) == 0 {
		return wrong("engines", "is empty: name some of `lsmlab list engines`")
	}
	if len(p.Workloads) == 0 {
		return wrong("workloads", "is empty: name some of `lsmlab list workloads`")
	}
	for field, names := range map[string][]string{"engines": p.Engines, "workloads": p.Workloads, "durability": p.Durabilities} {
		for i, n := range names {
			if slices.Contains(names[:i], n) {
				return wrong(field, "is wrong: %s is named twice; rounds repeat a cell", n)
			}
		}
	}
	if p.KindName() != "" {
		return checkKindPlan(cat, p)
	}
	for _, e := range p.Engines {
		if _, err := cat.Lookup(e); err != nil {
			return wrong("engines", "is wrong: %w", err)
		}
	}
	return nil
}
