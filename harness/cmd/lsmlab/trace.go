package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lsmlab/engines/bytesize"
	"lsmlab/harness"
	"lsmlab/harness/cmd/byflag"
	"lsmlab/harness/cmd/tracerun"
	"lsmlab/harness/trace"
)

func (a *app) traceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "trace",
		Short: "Record what clients ask of an engine, replay it on any engine, fit a workload to it",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.traceRecord(), a.traceReplay(), a.traceModel(), a.traceImport())
	return c
}

func (a *app) traceRecord() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "record --out DIR -- serve|bench [FLAGS]",
		Short: "Run the service or a race, and keep a trace of each engine",
		Long: `Runs another command, and keeps in --out a file ENGINE-STORE.trace for each store that it opens:
every read, write and scan with its time, and of values their sizes. A recorded engine has no
transactions. A race is slower for it; its figures are those of the recording.`,
		Example: `  lsmlab trace record --out traces -- serve --engine pebble --data /tmp/store
  lsmlab trace record --out traces -- bench --engines pebble --workloads ycsb-b --keys 100000 --rounds 1`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] != "serve" && args[0] != "bench" {
				return &harness.UsageError{Text: "trace record: want -- and the command to record: serve or bench, with its flags"}
			}
			root := a.root()
			root.SetArgs(args)
			return tracerun.Record(out, func() error { return byflag.Execute(c.Context(), root) })
		},
	}
	c.Flags().StringVar(&out, "out", "", "`DIR` of the traces")
	return c
}

func (a *app) traceReplay() *cobra.Command {
	var asJSON bool
	var r tracerun.Replaying
	c := &cobra.Command{
		Use:   "replay TRACE",
		Short: "Carry a trace out on any engine",
		Long: `Carries out every operation of TRACE in its order, on a new store in --data: as fast as the engine
can or, with --clock, at the recorded times, where waiting behind slow operations counts. Values
are made of the recorded sizes. What the store held before the trace is not in it: reads of that
find nothing, and are counted.`,
		Example: "  lsmlab trace replay --engine pebble --data /tmp/replay traces/lsm-bptree-store.trace --clock",
		Args:    oneArg("the file of a trace"),
		RunE: func(c *cobra.Command, args []string) error {
			result, err := r.Run(c.Context(), a.catalog, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(result)
			}
			return result.Print(a.stdout)
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&r.Engine, "engine", "lsm-bptree", "`NAME` of the engine, see lsmlab list engines and list options")
	fs.StringVar(&r.Data, "data", "", "`DIR` of the new store; none: a temporary one")
	fs.StringVar(&r.Durability, "durability", "buffered", "`LEVEL` of writes: volatile, buffered, synced")
	fs.BoolVar(&r.Options.Clock, "clock", false, "start operations at their recorded times")
	fs.Var((*bytesize.Size)(&r.Open.CacheSize), "cache-size", "block cache; 0: the engine's comparable default")
	fs.Var((*bytesize.Size)(&r.Open.MemTableSize), "memtable-size", "memtable; 0: the engine's comparable default")
	fs.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) traceModel() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "model TRACE",
		Short: "Fit a workload to a trace, and say how far its replay is from the trace",
		Long: `Fits a mix to TRACE: kinds of operations, popularity of keys, sizes of values, rate. It leaves in --out
the model (model.json), a plan that races engines by it (race.json), and a page that says how far
a replay of the model is from the trace: kinds, popularity, reuse distances, sizes, gaps.`,
		Example: "  lsmlab trace model traces/pebble-store.trace --out results/model\n  lsmlab bench --plan results/model/race.json",
		Args:    oneArg("the file of a trace"),
		RunE: func(_ *cobra.Command, args []string) error {
			page, err := tracerun.Model(args[0], out)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.stdout, page)
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "`DIR` of the model and its page")
	return c
}

func (a *app) traceImport() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "import " + strings.Join(trace.Formats, "|") + " FILE",
		Short: "Make a trace of another program's: YCSB's basic binding, or Twitter's cache traces",
		Long: `Reads the log that YCSB prints with its basic binding (ycsb), or a cache trace of Twitter as CSV
(twitter), and writes a trace to --out. FILE - is standard input. A line that is damaged is an
error with line and offset, and nothing is kept.`,
		Example: "  zstd -dc cluster026.zst | lsmlab trace import twitter - --out twitter.trace",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			skipped, err := tracerun.Import(args[0], args[1], a.stdin, out)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "%s: %d lines had no operation\n", out, skipped)
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "`FILE` of the trace, which must not exist")
	return c
}
