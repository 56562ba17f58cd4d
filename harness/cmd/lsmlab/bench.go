package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lsmlab/engines/bytesize"
	"lsmlab/harness"
	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/target"
)

// benchFlags are the flags of bench beside those of a plan's fields.
type benchFlags struct {
	plan                 string
	quick, resume, print bool
	noReport, memTables  bool
	out, data            string
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
` + inLines(harness.PlanNames()) + `.

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
	planFlags(fs, &result.Plan{})
	fs.BoolVar(&f.memTables, "memtables", false, "race bare MemTables: insert, get, ordered walk, mixed")
	fs.StringVar(&f.plan, "plan", "", "`NAME` of a plan, or path of a JSON file")
	fs.BoolVar(&f.quick, "quick", false, "the quick plan: 3 minutes on 2 cores")
	fs.StringVar(&f.out, "out", "", "`DIR` of the run (default results/PLAN-TIME)")
	fs.StringVar(&f.data, "data", "", "`DIR` where stores are made (default: in the run directory)")
	fs.BoolVar(&f.resume, "resume", false, "go on with the run in --out, if there is one")
	noReportFlag(fs, &f.noReport)
	fs.BoolVar(&f.print, "print-plan", false, "print the plan as JSON and run nothing")
	return c
}

// inLines writes words as a list, in lines that fit a screen.
func inLines(words []string) string {
	const width = 100
	var b strings.Builder
	at := 0
	for i, w := range words {
		switch {
		case i > 0 && at+len(w) > width:
			b.WriteString(",\n")
			at = 0
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(w)
		at += len(w) + 2
	}
	return b.String()
}

func (a *app) bench(c *cobra.Command, f benchFlags) error {
	name := cmp.Or(f.plan, harness.DefaultPlan(f.memTables, f.quick))
	plan, err := harness.LoadPlan(name)
	if err != nil {
		return err
	}
	if f.memTables && !plan.MemTables {
		return &harness.UsageError{Text: fmt.Sprintf("--memtables: plan %s races engines; leave out --plan, or give one with \"memtables\": true", name)}
	}
	if err := override(c.Flags(), &plan); err != nil {
		return err
	}
	if err := harness.CheckPlan(a.catalog, &plan); err != nil {
		return byFlag(c.Flags(), err)
	}
	if f.print {
		return a.printJSON(plan)
	}
	if f.out, err = runDir(f.out, plan.Name, f.resume); err != nil {
		return err
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
		err = target.PrintRun(a.stdout, f.out)
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

// planFlags adds the flags of a plan's fields, whose defaults are what p has.
func planFlags(fs *pflag.FlagSet, p *result.Plan) {
	fs.StringSliceVar(&p.Engines, "engines", p.Engines, "`NAMES` of engines, see lsmlab list engines and list options, or @own, @peers; with --memtables of bare tables")
	fs.StringVar(&p.Control, "control", p.Control, "`ENGINE` that is raced against itself as a control; @first: the first engine; empty: none")
	fs.StringSliceVar(&p.Workloads, "workloads", p.Workloads, "`NAMES` of workloads, see lsmlab list workloads")
	fs.StringSliceVar(&p.Durabilities, "durability", p.Durabilities, "`LEVELS`: volatile, buffered, synced; charts never mix them")
	fs.StringVar(&p.Isolation, "isolation", p.Isolation, "`LEVEL` of workloads of transactions: snapshot (default) or serializable; an engine that does not give it is left out")
	fs.IntSliceVar(&p.Threads, "threads", p.Threads, "goroutines that drive one store; several make a scaling chart")
	fs.Int64Var(&p.Keys, "keys", p.Keys, "key space, preloaded where the workload says so")
	fs.IntVar(&p.KeySize, "key-size", p.KeySize, "bytes; 0: the workload's own")
	fs.IntVar(&p.ValueSize, "value-size", p.ValueSize, "bytes; 0: the workload's own, -1: empty")
	fs.Int64Var(&p.Ops, "ops", p.Ops, "operations a cell; 0: as many as keys, or no limit with --duration")
	fs.Int64Var(&p.Warmup, "warmup", p.Warmup, "operations before the measured part; 0: the workload's own, -1: none")
	fs.DurationVar((*time.Duration)(&p.Duration), "duration", time.Duration(p.Duration), "time limit of the measured part; 0: none")
	fs.Float64Var(&p.Rate, "rate", p.Rate, "operations/s to start, open loop; 0: closed loop, peak throughput")
	fs.IntVar(&p.Rounds, "rounds", p.Rounds, "repetitions; 3 is a minimum, 5 or more show differences")
	fs.Uint64Var(&p.Seed, "seed", p.Seed, "of all streams and of the order of cells")
	fs.Var((*bytesize.Size)(&p.CacheSize), "cache-size", "block cache of every engine; 0: its comparable default")
	fs.Var((*bytesize.Size)(&p.MemTableSize), "memtable-size", "memtable of every engine; 0: its comparable default")
	fs.DurationVar((*time.Duration)(&p.CellTimeout), "cell-timeout", time.Duration(p.CellTimeout), "limit of one cell; 0: 15m")
}

// override sets the fields of p whose flags were given.
func override(given *pflag.FlagSet, p *result.Plan) (err error) {
	fields := pflag.NewFlagSet("", pflag.ContinueOnError)
	planFlags(fields, p)
	given.Visit(func(f *pflag.Flag) {
		if field := fields.Lookup(f.Name); field != nil {
			err = errors.Join(err, copyValue(field.Value, f.Value))
		}
	})
	return err
}

// copyValue sets one flag to the value of another.
func copyValue(to, from pflag.Value) error {
	if list, ok := from.(pflag.SliceValue); ok {
		return to.(pflag.SliceValue).Replace(list.GetSlice())
	}
	return to.Set(from.String())
}

// again is the command line that repeats this run, for a shell.
func again(fs *pflag.FlagSet, out string) string {
	return commandLine("lsmlab bench", fs) + " --out " + human.ShellWord(out)
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
			words = append(words, "--"+f.Name+"="+human.ShellWord(value))
		}
	})
	return strings.Join(words, " ")
}
