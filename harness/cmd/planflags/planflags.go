// Package planflags has a flag for each field of a plan.
package planflags

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"lsmlab/engines/bytesize"
	"lsmlab/harness"
	"lsmlab/harness/result"
)

// Add adds the flags of a plan's fields, whose defaults are what p has.
func Add(fs *pflag.FlagSet, p *result.Plan) {
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
	fs.DurationVar((*time.Duration)(&p.Steady), "steady", time.Duration(p.Steady), "most that the warm-up of a cell with a --duration waits until the store has settled; 0: it does not wait")
	fs.DurationVar((*time.Duration)(&p.Sustain), "sustain", time.Duration(p.Sustain), "`OBJECTIVE`: find the highest rate at which p99.9 from the intended start is at most this and debt does not grow; 0: no search")
	fs.Float64Var(&p.Rate, "rate", p.Rate, "operations/s to start, open loop; 0: closed loop, peak throughput")
	fs.IntVar(&p.Rounds, "rounds", p.Rounds, "repetitions; 3 is a minimum, 5 or more show differences")
	fs.Uint64Var(&p.Seed, "seed", p.Seed, "of all streams and of the order of cells")
	fs.Var((*bytesize.Size)(&p.Memory), "memory", "limit of each cell's process, pages of its files included, by a control group; 0: none")
	fs.Var((*bytesize.Size)(&p.CacheSize), "cache-size", "block cache of every engine; 0: its comparable default")
	fs.Var((*bytesize.Size)(&p.MemTableSize), "memtable-size", "memtable of every engine; 0: its comparable default")
	fs.DurationVar((*time.Duration)(&p.CellTimeout), "cell-timeout", time.Duration(p.CellTimeout), "limit of one cell; 0: 15m")
}

// Load reads the plan of a name or file, sets its fields by the flags that were given, and
// checks it. With memTables it must race bare MemTables.
func Load(given *pflag.FlagSet, c harness.Catalog, name string, memTables bool) (result.Plan, error) {
	plan, err := harness.LoadPlan(name)
	if err != nil {
		return plan, err
	}
	if memTables && !plan.MemTables {
		return plan, &harness.UsageError{Text: fmt.Sprintf("--memtables: plan %s races engines; leave out --plan, or give one with \"memtables\": true", name)}
	}
	if err := override(given, &plan); err != nil {
		return plan, err
	}
	return plan, harness.CheckPlan(c, &plan)
}

// override sets the fields of p whose flags were given.
func override(given *pflag.FlagSet, p *result.Plan) (err error) {
	fields := pflag.NewFlagSet("", pflag.ContinueOnError)
	Add(fields, p)
	given.Visit(func(f *pflag.Flag) {
		if field := fields.Lookup(f.Name); field != nil {
			err = errors.Join(err, copyValue(field.Value, f.Value))
		}
	})
	if given.Changed("value-size") { // all workloads have that size then, also those to which the plan gives their own
		for _, options := range p.WorkloadOptions {
			delete(options, "value_size")
		}
	}
	return err
}

// copyValue sets one flag to the value of another.
func copyValue(to, from pflag.Value) error {
	if list, ok := from.(pflag.SliceValue); ok {
		return to.(pflag.SliceValue).Replace(list.GetSlice())
	}
	return to.Set(from.String())
}
