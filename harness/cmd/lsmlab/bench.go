package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lsmlab/harness"
	"lsmlab/harness/result"
	"lsmlab/harness/target"
)

// benchFlags are the flags of bench; those that the user sets override the plan.
type benchFlags struct {
	plan                 string
	quick, resume, print bool
	noReport             bool
	out, data            string

	engines, workloads, durability []string
	threads                        []int
	memTables                      bool
	rounds, keySize, valueSize     int
	keys, ops, warmup              int64
	cacheSize, memTableSize        byteSize
	seed                           uint64
	rate                           float64
	duration, cellTimeout          time.Duration
}

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "bench",
		Short: "Race engines, or bare MemTables, and keep all that was measured",
		Long: `Race engines under workloads: every cell (engine x workload x durability x threads, once a
round) runs in a fresh process on a fresh store, rounds interleaved over engines in random order.

A plan says what to run; flags override its fields. Without --plan it is "default", or "quick" with
--quick, or "memtables" with --memtables. Plans that come with lsmlab:
` + strings.Join(harness.PlanNames(), ", ") + `.

At the end it draws DIR/index.html, also of a run that was cut or has failed cells. Ctrl-C keeps
every cell that has ended; --resume goes on.`,
		Example: `  lsmlab bench --quick --out results/quick
  lsmlab bench --engines lsm-skiplist,pebble --workloads ycsb-a --keys 1000000 --rounds 5
  lsmlab bench --engines lsm-bptree,lsm-bptree+tiered,lsm-bptree+zstd+pread --workloads overwrite
  lsmlab bench --engines pebble --workloads ycsb-b --rate 20000 --duration 30s
  lsmlab bench --memtables --out results/memtables`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.bench(c, f) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&f.engines, "engines", nil, "`NAMES` of engines, see lsmlab list engines and list options, or @own, @peers; with --memtables of bare tables")
	fs.StringSliceVar(&f.workloads, "workloads", nil, "`NAMES` of workloads, see lsmlab list workloads")
	fs.BoolVar(&f.memTables, "memtables", false, "race bare MemTables: insert, get, ordered walk, mixed")
	fs.StringSliceVar(&f.durability, "durability", nil, "`LEVELS`: volatile, buffered, synced; charts never mix them")
	fs.IntSliceVar(&f.threads, "threads", nil, "goroutines that drive one store; several make a scaling chart")
	fs.Int64Var(&f.keys, "keys", 0, "key space, preloaded where the workload says so")
	fs.IntVar(&f.keySize, "key-size", 0, "bytes; 0: the workload's own")
	fs.IntVar(&f.valueSize, "value-size", 0, "bytes; 0: the workload's own, -1: empty")
	fs.Int64Var(&f.ops, "ops", 0, "operations a cell; 0: as many as keys, or no limit with --duration")
	fs.Int64Var(&f.warmup, "warmup", 0, "operations before the measured part; 0: the workload's own, -1: none")
	fs.DurationVar(&f.duration, "duration", 0, "time limit of the measured part; 0: none")
	fs.Float64Var(&f.rate, "rate", 0, "operations/s to start, open loop; 0: closed loop, peak throughput")
	fs.IntVar(&f.rounds, "rounds", 0, "repetitions; 3 is a minimum, 5 or more show differences")
	fs.Uint64Var(&f.seed, "seed", 0, "of all streams and of the order of cells")
	fs.Var(&f.cacheSize, "cache-size", "block cache of every engine; 0: its comparable default")
	fs.Var(&f.memTableSize, "memtable-size", "memtable of every engine; 0: its comparable default")
	fs.DurationVar(&f.cellTimeout, "cell-timeout", 0, "limit of one cell; 0: 15m")
	fs.StringVar(&f.plan, "plan", "", "`NAME` of a plan, or path of a JSON file")
	fs.BoolVar(&f.quick, "quick", false, "the quick plan: 3 minutes on 2 cores")
	fs.StringVar(&f.out, "out", "", "`DIR` of the run (default results/PLAN-TIME)")
	fs.StringVar(&f.data, "data", "", "`DIR` where stores are made (default: in the run directory)")
	fs.BoolVar(&f.resume, "resume", false, "go on with the run in --out, if there is one")
	noReportFlag(fs, &f.noReport)
	fs.BoolVar(&f.print, "print-plan", false, "print the plan as JSON and run nothing")
	return c
}

func (a *app) bench(c *cobra.Command, f benchFlags) error {
	name := f.planName()
	plan, err := harness.LoadPlan(name)
	if err != nil {
		return err
	}
	if f.memTables && !plan.MemTables {
		return &harness.UsageError{Text: fmt.Sprintf("--memtables: plan %s races engines; leave out --plan, or give one with \"memtables\": true", name)}
	}
	f.override(c.Flags(), &plan)
	if err := harness.CheckPlan(a.catalog, &plan); err != nil {
		return byFlag(c.Flags(), err)
	}
	if f.print {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		return e.Encode(plan)
	}
	if f.out == "" {
		if f.resume {
			return &harness.UsageError{Text: "--resume: say which run with --out DIR"}
		}
		f.out = filepath.Join("results", plan.Name+"-"+time.Now().Format("20060102-150405"))
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	r := harness.Runner{
		Catalog: a.catalog, Plan: plan, Dir: f.out, DataDir: f.data, Resume: f.resume,
		Command: []string{self, "cell"}, Stdout: a.stdout, Stderr: a.stderr, Again: again(c.Flags(), f.out),
	}
	err = r.Run(c.Context())
	if err == nil {
		err = a.printTargets(f.out)
	}
	if f.noReport {
		return err
	}
	return a.drawPage(f.out, err)
}

// byFlag names the field of a plan by its flag, if the flag set it: who wrote the field
// into a file is not told about flags.
func byFlag(fs *pflag.FlagSet, err error) error {
	var wrong *harness.FieldError
	if !errors.As(err, &wrong) {
		return err
	}
	flag := strings.ReplaceAll(wrong.Field, "_", "-")
	if !fs.Changed(flag) {
		return err
	}
	return &harness.UsageError{Text: fmt.Sprintf("--%s %v", flag, wrong.Err)}
}

// printTargets says which targets of its plan a run shows, if the plan has any.
func (a *app) printTargets(dir string) error {
	run, err := result.ReadRun(dir)
	if err != nil || run.Plan.Targets == nil {
		return err
	}
	return target.Print(a.stdout, target.Evaluate(run))
}

func (f benchFlags) planName() string {
	switch {
	case f.plan != "":
		return f.plan
	case f.memTables && f.quick:
		return "memtables-quick"
	case f.memTables:
		return "memtables"
	case f.quick:
		return "quick"
	}
	return "default"
}

// override sets the fields of p whose flags were given.
func (f benchFlags) override(fs *pflag.FlagSet, p *result.Plan) {
	for name, set := range map[string]func(){
		"engines":       func() { p.Engines = f.engines },
		"workloads":     func() { p.Workloads = f.workloads },
		"durability":    func() { p.Durabilities = f.durability },
		"threads":       func() { p.Threads = f.threads },
		"keys":          func() { p.Keys = f.keys },
		"key-size":      func() { p.KeySize = f.keySize },
		"value-size":    func() { p.ValueSize = f.valueSize },
		"ops":           func() { p.Ops = f.ops },
		"warmup":        func() { p.Warmup = f.warmup },
		"duration":      func() { p.Duration = result.Duration(f.duration) },
		"rate":          func() { p.Rate = f.rate },
		"rounds":        func() { p.Rounds = f.rounds },
		"seed":          func() { p.Seed = f.seed },
		"cache-size":    func() { p.CacheSize = int64(f.cacheSize) },
		"memtable-size": func() { p.MemTableSize = int64(f.memTableSize) },
		"cell-timeout":  func() { p.CellTimeout = result.Duration(f.cellTimeout) },
	} {
		if fs.Changed(name) {
			set()
		}
	}
}

// again is the command line that repeats this run, for a shell.
func again(fs *pflag.FlagSet, out string) string {
	return commandLine("lsmlab bench", fs) + " --out " + quote(out)
}

// commandLine is the command with the flags that were set, for a shell, but for those
// that say where results go and how they are shown.
func commandLine(command string, fs *pflag.FlagSet) string {
	words := []string{command}
	fs.Visit(func(f *pflag.Flag) {
		if f.Name != "out" && f.Name != "resume" && f.Name != "no-report" {
			value := f.Value.String()
			if _, list := f.Value.(pflag.SliceValue); list {
				value = strings.Trim(value, "[]")
			}
			words = append(words, "--"+f.Name+"="+quote(value))
		}
	})
	return strings.Join(words, " ")
}

// quote quotes a word for a shell if it needs that.
func quote(s string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("-_./,:=+@%", r) || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
