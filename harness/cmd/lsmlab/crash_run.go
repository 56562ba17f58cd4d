package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lsmlab/engines"
	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/powerfail/bugs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
	crashreport "lsmlab/reports/crash"
)

// crashFlags are those that all tiers share.
type crashFlags struct {
	engines  []string
	profiles []string
	states   int64
	seed     uint64
	shard    shard
	depth    int
	bug, out string
	findings int

	parsed []explore.Profile
}

func (f *crashFlags) register(c *cobra.Command, engines []string, states int64) {
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&f.engines, "engines", engines, "`NAMES` of engines, see lsmlab list engines and list options, or @own, @peers")
	fs.StringSliceVar(&f.profiles, "profile", []string{"drop-all", "ext4-ordered", "posix-strict"}, "`NAMES` of what may be lost, see lsmlab list faults")
	fs.Int64Var(&f.states, "states", states, "distinct crash states to check")
	seedFlag(fs, &f.seed)
	fs.IntVar(&f.depth, "depth", 2, "crashes that follow each other: 2 crashes recoveries too")
	fs.Var(&f.shard, "shard", "part I of N of the work, I from 0: 0/4")
	fs.StringVar(&f.bug, "bug", "", "`NAME` of a bug to plant, see lsmlab list faults")
	fs.IntVar(&f.findings, "findings", 1, "stop an engine and profile after so many findings")
	fs.StringVar(&f.out, "out", "", "`DIR` of the run (default results/crash-"+c.Name()+"-TIME)")
}

// seedFlag is the flag of every tier that draws.
func seedFlag(fs *pflag.FlagSet, seed *uint64) {
	fs.Uint64Var(seed, "seed", 0, "of all programs and choices (default: a fresh one, printed with the line that repeats it; of shards 1)")
}

// check refuses values that make no sense.
func (f *crashFlags) check() (err error) {
	if f.engines, err = crashEngines(f.engines); err != nil {
		return err
	}
	for _, name := range f.profiles {
		p, err := explore.ParseProfile(name)
		if err != nil {
			return &harness.UsageError{Text: "--profile: " + err.Error()}
		}
		f.parsed = append(f.parsed, p)
	}
	if f.bug != "" {
		if _, err := bugs.Lookup(f.bug); err != nil {
			return &harness.UsageError{Text: "--bug: " + err.Error()}
		}
	}
	if f.depth < 1 || f.depth > 5 || f.states < 1 || f.findings < 1 {
		return &harness.UsageError{Text: fmt.Sprintf("--depth %d, --states %d, --findings %d: want a depth of 1 to 5, and one state and finding at least", f.depth, f.states, f.findings)}
	}
	return nil
}

// crashEngines returns the engines of a crash run, groups replaced by their members.
// It refuses those that no power cut can judge.
func crashEngines(names []string) ([]string, error) {
	names, err := newCatalog().Expand(names)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		info, err := engines.Lookup(name)
		switch {
		case err != nil:
			return nil, err
		case info.Drops:
			return nil, &harness.UsageError{Text: fmt.Sprintf("--engines: %s drops acknowledged writes by design, so nothing can be said of what a crash loses; leave the size out", name)}
		case info.Rungs[kv.Synced] == "":
			return nil, &harness.UsageError{Text: fmt.Sprintf("--engines: %s does not give the durability level synced, so no write is promised to outlive a power cut", name)}
		}
	}
	return names, nil
}

// shard is a flag I/N.
type shard struct{ i, n int }

// Set implements pflag.Value.
func (s *shard) Set(text string) (err error) {
	i, n, ok := strings.Cut(text, "/")
	if s.i, err = strconv.Atoi(i); err == nil {
		s.n, err = strconv.Atoi(n)
	}
	if !ok || err != nil || s.n < 1 || s.i < 0 || s.i >= s.n {
		return fmt.Errorf("%q: want I/N with I from 0 to N-1, such as 0/4", text)
	}
	return nil
}

// String implements pflag.Value.
func (s *shard) String() string {
	if s.n == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.i, s.n)
}

// Type implements pflag.Value.
func (s *shard) Type() string { return "I/N" }

// crashRun is a run directory that is being filled.
type crashRun struct {
	dir   *rundir.Dir
	run   rundir.Run
	cells []rundir.Cell
	found int
}

// begin draws a seed if none was given, makes the run directory, and prints the
// line that repeats the run.
func (f *crashFlags) begin(c *cobra.Command, tier, name string) (*crashRun, error) {
	if !c.Flags().Changed("seed") {
		seed := explore.FreshSeed()
		if f.shard.n > 1 {
			seed = 1 // that all shards agree on
			fmt.Fprintf(c.OutOrStdout(), "shards of one run share a seed, 1 by default: for new states give each of them the same --seed, such as %d\n", explore.FreshSeed())
		}
		if err := c.Flags().Set("seed", strconv.FormatUint(seed, 10)); err != nil {
			return nil, err
		}
	}
	if f.out == "" {
		f.out = filepath.Join("results", name+"-"+time.Now().Format("20060102-150405"))
	}
	r := &crashRun{run: rundir.Run{
		Tier: tier, Seed: f.seed, Shard: f.shard.String(), Started: time.Now(),
		Command: commandLine(c.CommandPath(), c.Flags()), Versions: versions(f.engines),
	}}
	var err error
	if r.dir, err = rundir.Create(f.out, r.run); err != nil {
		return nil, &harness.UsageError{Text: "--out: " + err.Error()}
	}
	fmt.Fprintf(c.OutOrStdout(), "seed %d, again by: %s\n", f.seed, r.run.Command)
	return r, nil
}

func versions(names []string) map[string]string {
	v := map[string]string{"go": runtime.Version()}
	if build, ok := debug.ReadBuildInfo(); ok {
		v["lsmlab"] = build.Main.Version
	}
	for _, name := range names {
		if info, err := engines.Lookup(name); err == nil && info.Module != "" {
			v[name] = info.Version
		}
	}
	return v
}

// report writes a finding down and says it in a few lines.
func (r *crashRun) report(line func(string, ...any), f rundir.Finding) (err error) {
	if f.Chain, err = chainOf(&f); err != nil {
		return err
	}
	dir, err := r.dir.AddFinding(f)
	if err != nil {
		return err
	}
	r.found++
	f.Command = "lsmlab crash replay " + dir
	line("%s", findingText(&f))
	return nil
}

// add writes a cell down and prints its line.
func (r *crashRun) add(line func(string, ...any), c rundir.Cell) error {
	r.cells = append(r.cells, c)
	line("%s", cellLine(&c))
	return r.dir.AddCell(c)
}

func cellLine(c *rundir.Cell) string {
	line := fmt.Sprintf("%-13s %-13s ", c.Engine, c.Profile)
	if c.Explored == 0 && len(c.Violations) == 0 {
		return line + "not explored"
	}
	line += fmt.Sprintf("%8d distinct of %9d explored in %5d programs, %6.0f/s, %d findings", c.Distinct, c.Explored, c.Programs, c.Rate(), sum(c.Violations))
	if c.Refused > 0 {
		line += fmt.Sprintf("; %d mounts refused by the kernel, which are the file system's affair", c.Refused)
	}
	if c.Unconfirmed > 0 {
		line += fmt.Sprintf("; %d broke a rule once, and not again", c.Unconfirmed)
	}
	return line
}

func sum(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// end writes when the run ended.
func (r *crashRun) end(stopped bool) error {
	r.run.Ended, r.run.Stopped = time.Now(), stopped
	return r.dir.SetRun(r.run)
}

// errNothing is how a run ends that has no verdict.
var errNothing = &harness.UsageError{Text: "no state was explored, so nothing was tested"}

// finish ends the run, prints what was covered and says what came of it.
func (r *crashRun) finish(ctx context.Context, out io.Writer) error {
	stopped := ctx.Err() != nil
	if err := r.end(stopped); err != nil {
		return err
	}
	total := explore.Counts{}
	for i := range r.cells {
		total.Add(&r.cells[i].Counts)
	}
	printCoverage(out, &total)
	if bound := rundir.Bound(r.cells); bound != "" {
		fmt.Fprintln(out, bound)
	}
	index, err := crashreport.Render(r.dir.Path())
	if err != nil {
		return err
	}
	fmt.Fprintln(out, index)
	switch {
	case r.found > 0:
		return fmt.Errorf("%w: %d, kept in %s", harness.ErrFinding, r.found, r.dir.Path())
	case stopped:
		return harness.ErrInterrupted
	case total.Distinct == 0 && r.run.Shard == "":
		return errNothing
	}
	return nil
}

// printCoverage shows at which operations, on files of which role, how many
// distinct states were checked, and what of which files they had lost.
func printCoverage(out io.Writer, c *explore.Counts) {
	printGrid(out, "states before", c.Coverage)
	if len(c.Losses) > 0 {
		printGrid(out, "states that lost", c.LossGrid())
	}
	fmt.Fprintf(out, "%d programs, %d states explored, %d distinct; after 1, 2, .. crashes: %d\n", c.Programs, c.Explored, c.Distinct, c.Depths)
}

// printGrid prints counts whose keys are a row and a column.
func printGrid(out io.Writer, title string, counts map[string]int64) {
	roles, kinds := map[string]bool{}, map[string]bool{}
	for key := range counts {
		kind, role, _ := strings.Cut(key, " ")
		roles[role], kinds[kind] = true, true
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, title+"\t")
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		fmt.Fprintf(w, "%s\t", role)
	}
	fmt.Fprintln(w)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(w, "%s\t", kind)
		for _, role := range slices.Sorted(maps.Keys(roles)) {
			fmt.Fprintf(w, "%d\t", counts[kind+" "+role])
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // to where everything else is printed
}
