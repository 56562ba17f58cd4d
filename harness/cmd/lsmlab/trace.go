package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lsmlab/engines/bytesize"
	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/journal"
	"lsmlab/harness/trace"
	"lsmlab/reports"
)

// traceDir is the environment variable by which `trace record` tells the service and the
// processes of cells where traces go.
const traceDir = "LSMLAB_TRACE_DIR"

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
			dir, err := filepath.Abs(out)
			if out == "" || err != nil {
				return &harness.UsageError{Text: fmt.Sprintf("trace record: --out %q: want a directory (%v)", out, err)}
			}
			if err := errors.Join(os.MkdirAll(dir, 0o755), os.Setenv(traceDir, dir)); err != nil {
				return &harness.UsageError{Text: fmt.Sprintf("trace record: %v", err)}
			}
			defer func() { _ = os.Unsetenv(traceDir) }() // it was set
			root := a.root()
			root.SetArgs(args)
			return root.ExecuteContext(c.Context())
		},
	}
	c.Flags().StringVar(&out, "out", "", "`DIR` of the traces")
	return c
}

// traced returns a catalog whose engines are recorded if the environment says so.
func traced(c harness.Catalog) harness.Catalog {
	dir := os.Getenv(traceDir)
	if dir == "" {
		return c
	}
	open := c.Open
	c.Open = func(name, store string, o harness.OpenOptions) (kv.Engine, error) {
		e, err := open(name, store, o)
		if err != nil {
			return nil, err
		}
		file := strings.ReplaceAll(name, "/", "_") + "-" + filepath.Base(store) + ".trace"
		w, err := trace.Create(filepath.Join(dir, file))
		if err != nil {
			return nil, errors.Join(err, e.Close())
		}
		return trace.NewRecorder(e, w), nil
	}
	return c
}

func (a *app) traceReplay() *cobra.Command {
	var engine, data, durability string
	var asJSON bool
	var o trace.Options
	var open harness.OpenOptions
	c := &cobra.Command{
		Use:   "replay TRACE",
		Short: "Carry a trace out on any engine",
		Long: `Carries out every operation of TRACE in its order, on a new store in --data: as fast as the engine
can or, with --clock, at the recorded times, where waiting behind slow operations counts. Values
are made of the recorded sizes. What the store held before the trace is not in it: reads of that
find nothing, and are counted.`,
		Example: "  lsmlab trace replay --engine pebble --data /tmp/replay traces/lsm-bptree-store.trace --clock",
		Args:    oneArg("the file of a trace"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if o.Durability, err = kv.ParseDurability(durability); err != nil {
				return &harness.UsageError{Text: fmt.Sprintf("--durability: %v", err)}
			}
			open.Durability = o.Durability
			r, err := a.replay(c, args[0], engine, data, open, o)
			if err != nil {
				return &harness.UsageError{Text: fmt.Sprintf("trace replay: %v", err)}
			}
			if asJSON {
				return a.printJSON(r)
			}
			return r.Print(a.stdout)
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&engine, "engine", "lsm-bptree", "`NAME` of the engine, see lsmlab list engines and list options")
	fs.StringVar(&data, "data", "", "`DIR` of the new store; none: a temporary one")
	fs.StringVar(&durability, "durability", "buffered", "`LEVEL` of writes: volatile, buffered, synced")
	fs.BoolVar(&o.Clock, "clock", false, "start operations at their recorded times")
	fs.Var((*bytesize.Size)(&open.CacheSize), "cache-size", "block cache; 0: the engine's comparable default")
	fs.Var((*bytesize.Size)(&open.MemTableSize), "memtable-size", "memtable; 0: the engine's comparable default")
	fs.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) replay(c *cobra.Command, file, engine, data string, open harness.OpenOptions, o trace.Options) (result trace.Result, err error) {
	if data == "" {
		if data, err = os.MkdirTemp("", "lsmlab-replay-"); err != nil {
			return result, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return result, err
	}
	if entries, err := os.ReadDir(data); err != nil || len(entries) > 0 {
		return result, errors.Join(err, fmt.Errorf("--data %s is not empty: a replay needs a new store", data))
	}
	r, closeFile, err := trace.Open(file)
	if err != nil {
		return result, err
	}
	defer closeFile()
	e, err := a.catalog.Open(engine, data, open)
	if err != nil {
		return result, err
	}
	result, err = trace.Replay(c.Context(), r, e, o)
	return result, errors.Join(err, e.Close())
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
			if out == "" {
				return &harness.UsageError{Text: "trace model: say with --out DIR where the model goes"}
			}
			if err := model(args[0], out); err != nil {
				return &harness.UsageError{Text: fmt.Sprintf("trace model: %v", err)}
			}
			page, err := reports.Render(out, reports.Options{})
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

func model(file, out string) error {
	r, closeFile, err := trace.Open(file)
	if err != nil {
		return err
	}
	defer closeFile()
	m, err := trace.Fit(r)
	if err != nil {
		return err
	}
	m.Trace = filepath.Base(file)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	return errors.Join(
		journal.WriteJSON(filepath.Join(out, trace.ModelFile), m),
		journal.WriteJSON(filepath.Join(out, trace.PlanFile), m.Plan()),
	)
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
			if out == "" {
				return &harness.UsageError{Text: "trace import: say with --out FILE where the trace goes"}
			}
			skipped, err := a.importTrace(args[0], args[1], out)
			if err != nil {
				return &harness.UsageError{Text: fmt.Sprintf("trace import: %v", err)}
			}
			_, err = fmt.Fprintf(a.stdout, "%s: %d lines had no operation\n", out, skipped)
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "`FILE` of the trace, which must not exist")
	return c
}

func (a *app) importTrace(format, file, out string) (skipped int64, err error) {
	in := a.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return 0, err
		}
		defer func() { _ = f.Close() }() // only read
		in = f
	}
	w, err := trace.Create(out)
	if err != nil {
		return 0, err
	}
	skipped, err = trace.Import(format, file, in, w)
	if err = errors.Join(err, w.Close()); err != nil {
		return 0, errors.Join(err, os.Remove(out))
	}
	return skipped, nil
}
