// Package isolationrun is a probe of isolation levels as a command does it: it draws the
// seed, keeps the run directory, prints the table, draws the page and says what came of
// it. What is probed is an [isorun.Campaign].
package isolationrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/cmd/inventory"
	"lsmlab/powerfail/campaign/engineset"
	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/isorun"
	report "lsmlab/reports/isolation"
)

// Request is what is asked for: see the flags of `lsmlab isolation`.
type Request struct {
	Engines, Levels []string // names; no level: all
	Durability      string
	Seed            uint64
	Scripts, Keep   int
	Out             string // the run directory; "": a new one below results
	Again           string // the line that repeats the run
	Crash           Crash
	Stdout, Stderr  io.Writer
}

// open returns what opens engines with their transactions, for commits at a durability
// level.
func open(d kv.Durability) func(engine, dir string) (kv.Engine, error) {
	return func(engine, dir string) (kv.Engine, error) {
		return engines.Open(engine, dir, engines.Options{CacheSize: 8 << 20, MemTableSize: 4 << 20, Durability: d, Transactions: true})
	}
}

// campaign returns what is asked for. Errors name the flag.
func (r *Request) campaign() (c isorun.Campaign, err error) {
	if c.Engines, err = inventory.Catalog().Expand(r.Engines); err != nil {
		return c, err
	}
	for _, name := range r.Levels {
		l, err := kv.ParseIsolation(name)
		if err != nil {
			return c, usage("--level: %v", err)
		}
		c.Levels = append(c.Levels, l)
	}
	if r.Levels == nil {
		c.Levels = kv.Isolations()
	}
	if c.Durability, err = kv.ParseDurability(r.Durability); err != nil {
		return c, usage("--durability: %v", err)
	}
	if r.Scripts < 0 || r.Keep < 1 {
		return c, usage("--scripts %d, --findings %d: want no script or more, and one finding at least", r.Scripts, r.Keep)
	}
	c.Seed, c.Scripts, c.Findings, c.Open = r.Seed, r.Scripts, r.Keep, open(c.Durability)
	return c, r.Crash.check()
}

func usage(format string, args ...any) error {
	return &harness.UsageError{Text: "isolation: " + fmt.Sprintf(format, args...)}
}

// outcome is what the cells of a run came to.
type outcome struct {
	table        *tabwriter.Writer
	less, failed []string
	lines        []string // of findings
}

// Run probes, and says what came of it: its error is [harness.ErrFinding] if an engine
// gives less than it promises or failed, that of ctx, or what is wrong with the request or
// the environment.
func (r *Request) Run(ctx context.Context) error {
	campaign, err := r.campaign()
	if err != nil {
		return err
	}
	if r.Out == "" {
		r.Out = filepath.Join("results", "isolation-"+time.Now().Format("20060102-150405"))
	}
	run := isorun.Run{Command: r.Again, Seed: r.Seed, Scripts: r.Scripts, Started: time.Now(), Versions: engineset.Versions(campaign.Engines)}
	dir, err := isorun.Create(r.Out, run)
	if err != nil {
		return usage("--out: %v", err)
	}
	fmt.Fprintf(r.Stdout, "seed %d, again by: %s\n", r.Seed, run.Command)
	o := outcome{table: tabwriter.NewWriter(r.Stdout, 0, 0, 2, ' ', 0)}
	fmt.Fprint(o.table, "engine\tlevel asked for\tpromised\tfound\tby LSNs\tanomalies\n")
	campaign.Each = o.add
	err = errors.Join(campaign.Run(ctx, dir), o.table.Flush())
	if err == nil && r.Crash.Tier != "" {
		err = r.crashes(ctx, &campaign)
	}
	run.Ended, run.Stopped = time.Now(), err != nil
	if err := errors.Join(err, dir.SetRun(run)); err != nil {
		return err
	}
	if err := o.crashTable(r.Stdout, r.Out); err != nil {
		return err
	}
	index, err := report.Render(r.Out)
	if err != nil {
		return err
	}
	for _, line := range o.lines {
		fmt.Fprintf(r.Stdout, "finding: %s\n", line)
	}
	fmt.Fprintf(r.Stdout, "report: %s\n", index)
	return o.err()
}

// add notes a cell that has ended, with the directories of its findings.
func (o *outcome) add(c isorun.Cell, findings []string) {
	if c.Refused != "" {
		return // the page says so
	}
	found, name := isolation.Names(c.Found), c.Engine+" at "+c.Level
	switch {
	case c.Error != "":
		found = "error: " + c.Error
		o.failed = append(o.failed, name)
	case c.Disagreed > 0:
		o.failed = append(o.failed, name+", where the judges disagree")
	case !c.Sound():
		o.less = append(o.less, name)
	}
	fmt.Fprintf(o.table, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Engine, c.Level, c.Promised, found, c.LSNText(), c.AnomalyText())
	for _, dir := range findings {
		o.lines = append(o.lines, "again by lsmlab isolation replay "+dir)
	}
}

func (o *outcome) err() error {
	switch {
	case len(o.failed) > 0:
		return fmt.Errorf("%w: failed: %s", harness.ErrFinding, strings.Join(o.failed, ", "))
	case len(o.less) > 0:
		return fmt.Errorf("%w: less than promised: %s", harness.ErrFinding, strings.Join(o.less, ", "))
	}
	return nil
}
