package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/isorun"
	isolationreport "lsmlab/reports/isolation"
)

type isolationFlags struct {
	engines, levels []string
	durability      string
	seed            uint64
	scripts, keep   int
	out             string
}

func (a *app) isolationCommand() *cobra.Command {
	var f isolationFlags
	c := &cobra.Command{
		Use:   "isolation",
		Short: "Find out which isolation level engines give",
		Long: `Runs transactions beside each other on engines, at each isolation level that they give, and judges what
the transactions saw: the cases of Hermitage, and random scripts of few keys. Each random script is run
step by step, in an order that its seed gives, and again with its sessions beside each other.

The run directory keeps every history, and of each engine and level the first script that shows an anomaly
the level forbids, made smaller: lsmlab isolation replay shows it again.

Exit status: 0 every engine gives what it promises; 1 one gives less, or failed; 2 wrong use.`,
		Example: `  lsmlab isolation
  lsmlab isolation --engines badger --level serializable --scripts 500
  lsmlab isolation check my-history.jsonl`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.isolation(c, &f) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&f.engines, "engines", []string{"@own", "@peers"}, "`NAMES` of engines, see lsmlab list engines and list options, or @own, @peers")
	fs.StringSliceVar(&f.levels, "level", nil, "`LEVELS` to ask for: read-committed, snapshot, serializable (default: all that an engine gives)")
	fs.StringVar(&f.durability, "durability", "buffered", "durability level of commits: volatile, buffered or synced")
	seedFlag(fs, &f.seed)
	fs.IntVar(&f.scripts, "scripts", 200, "random scripts of each form, run in both ways")
	fs.IntVar(&f.keep, "findings", 3, "findings to keep of an engine and level")
	fs.StringVar(&f.out, "out", "", "`DIR` of the run (default results/isolation-TIME)")
	c.AddCommand(a.isolationCheckCommand(), a.isolationConvertCommand(), a.isolationReplayCommand())
	return c
}

// openTransactional opens an engine with its transactions.
func openTransactional(d kv.Durability) func(engine, dir string) (kv.Engine, error) {
	return func(engine, dir string) (kv.Engine, error) {
		return engines.Open(engine, dir, engines.Options{CacheSize: 8 << 20, MemTableSize: 4 << 20, Durability: d, Transactions: true})
	}
}

// campaign returns what the flags ask for.
func (f *isolationFlags) campaign() (c isorun.Campaign, err error) {
	wrong := func(flag string, err error) error {
		return &harness.UsageError{Text: fmt.Sprintf("isolation: --%s: %v", flag, err)}
	}
	if c.Engines, err = newCatalog().Expand(f.engines); err != nil {
		return c, err
	}
	c.Levels = kv.Isolations()
	if f.levels != nil {
		c.Levels = nil
	}
	for _, name := range f.levels {
		l, err := kv.ParseIsolation(name)
		if err != nil {
			return c, wrong("level", err)
		}
		c.Levels = append(c.Levels, l)
	}
	if c.Durability, err = kv.ParseDurability(f.durability); err != nil {
		return c, wrong("durability", err)
	}
	if f.scripts < 0 || f.keep < 1 {
		return c, &harness.UsageError{Text: fmt.Sprintf("isolation: --scripts %d, --findings %d: want no script or more, and one finding at least", f.scripts, f.keep)}
	}
	c.Seed, c.Scripts, c.Findings, c.Open = f.seed, f.scripts, f.keep, openTransactional(c.Durability)
	return c, nil
}

func (a *app) isolation(c *cobra.Command, f *isolationFlags) error {
	if !c.Flags().Changed("seed") {
		if err := c.Flags().Set("seed", strconv.FormatUint(explore.FreshSeed(), 10)); err != nil {
			return err
		}
	}
	campaign, err := f.campaign()
	if err != nil {
		return err
	}
	if f.out == "" {
		f.out = filepath.Join("results", "isolation-"+time.Now().Format("20060102-150405"))
	}
	run := isorun.Run{Command: commandLine(c.CommandPath(), c.Flags()), Seed: f.seed, Scripts: f.scripts, Started: time.Now(), Versions: versions(campaign.Engines)}
	dir, err := isorun.Create(f.out, run)
	if err != nil {
		return &harness.UsageError{Text: "isolation: --out: " + err.Error()}
	}
	fmt.Fprintf(a.stdout, "seed %d, again by: %s\n", f.seed, run.Command)
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "engine\tlevel asked for\tpromised\tfound\tanomalies\n")
	var less, failed, kept []string
	campaign.Each = func(cell isorun.Cell, findings []string) {
		if cell.Refused != "" {
			return // not a row: the page has it
		}
		printCell(table, cell)
		kept = append(kept, findings...)
		switch name := cell.Engine + " at " + cell.Level; {
		case cell.Error != "":
			failed = append(failed, name)
		case !cell.Sound():
			less = append(less, name)
		}
	}
	err = campaign.Run(c.Context(), dir)
	run.Ended, run.Stopped = time.Now(), err != nil
	if err := errors.Join(err, table.Flush(), dir.SetRun(run)); err != nil {
		return err
	}
	index, err := isolationreport.Render(f.out)
	if err != nil {
		return err
	}
	for _, dir := range kept {
		fmt.Fprintf(a.stdout, "finding: again by lsmlab isolation replay %s\n", dir)
	}
	fmt.Fprintf(a.stdout, "report: %s\n", index)
	switch {
	case len(failed) > 0:
		return fmt.Errorf("%w: failed: %s", harness.ErrFinding, strings.Join(failed, ", "))
	case len(less) > 0:
		return fmt.Errorf("%w: less than promised: %s", harness.ErrFinding, strings.Join(less, ", "))
	}
	return nil
}

func printCell(w io.Writer, c isorun.Cell) {
	found := isolation.Names(c.Found)
	if c.Error != "" {
		found = "error: " + c.Error
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.Engine, c.Level, c.Promised, found, c.AnomalyText())
}
