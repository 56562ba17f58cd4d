// Package load loads engines as services. For every engine and environment it starts a
// real server in a process with the environment's limits, drives it by k6 from outside,
// watches both processes, and keeps the results in a load directory (package result).
//
// Invariants:
//
//  1. Every cell has a fresh store and a fresh server, and both are gone before the next
//     cell starts. Engines and environments come in random order within a round, so that
//     changes of the machine affect all alike.
//  2. Load is open: arrivals follow the clock. Arrivals that the client could not start
//     are counted as missed, never left out.
//  3. k6 knows nothing but the service. Its keys, values and checks are its own code; a
//     test ensures that they agree with package workloads.
//
// Package journal continues a run that was interrupted. The model of capacity is in
// capacity.go.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/display"
	"lsmlab/harness/human"
	"lsmlab/harness/journal"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
)

// Runner runs a load plan.
type Runner struct {
	Catalog harness.Catalog
	Plan    result.LoadPlan // checked by [Complete]
	Dir     string          // the load directory; it is created if missing
	Resume  bool            // Dir may hold a part of the same plan
	K6      string          // the program
	Scripts string          // the folder of profiles
	Program []string        // this program: it has the commands serve and cell
	Stdout  io.Writer
	Stderr  io.Writer
	Again   string // command line that repeats the run

	journal *journal.Journal[result.LoadCell]
	shape   shape
	show    *display.Display
	before  int // cells that were there
	done    int // those included
	total   int
}

// cellSteps is how finely the progress bar moves within a cell.
const cellSteps = 100

// task is a cell that is to be run.
type task struct {
	id, engine  string
	environment result.Environment
	round       int
}

// Run runs the cells that are missing. Its error is harness.ErrFinding if a cell
// failed, read something wrong, or broke a threshold of its profile;
// harness.ErrInterrupted if ctx ended; or it says what is wrong with the request, the
// directory or the environment.
func (r *Runner) Run(ctx context.Context) (err error) {
	if r.shape, err = r.inspect(ctx); err != nil {
		return err
	}
	if err := checkOpenFiles(r.shape.Users); err != nil {
		return err
	}
	// The directory of an environment may hold stores of other runs, so leftovers are removed
	// only below r.Dir.
	if r.journal, err = result.Loads.Open(r.Dir, r.Dir, r.Plan, r.Resume); err != nil {
		return err
	}
	defer func() { _ = r.journal.Close() }() // every line was synced
	for _, w := range r.journal.Warnings {
		fmt.Fprintf(r.Stderr, "warning: %s\n", w)
	}
	if err := r.writeEnv(); err != nil {
		return err
	}
	tasks := r.tasks()
	r.before, r.total = r.journal.Sound(), len(tasks)
	r.done = r.before
	r.show = display.New(r.Stdout, r.Stderr, (r.total-r.before)*cellSteps)
	defer r.show.Finish()
	r.show.Line("profile %s: %s (%s x %s x %s) of %v each and preload, %d virtual users, into %s",
		r.Plan.Profile, human.Count(r.total, "cell"), human.Count(len(r.Plan.Engines), "engine"),
		human.Count(len(r.Plan.Environments), "environment"), human.Count(r.Plan.Rounds, "round"), r.shape.Length.Round(time.Second), r.shape.Users, r.Dir)
	if r.before > 0 {
		r.show.Line("%d of them are there already", r.before)
	}
	return r.conclude(r.journal.Run(ctx, r.journalTasks(tasks), r.ended))
}

// tasks returns the cells in the order in which they run. The order follows from the
// seed.
func (r *Runner) tasks() (tasks []task) {
	p := r.Plan
	for round := 1; round <= p.Rounds; round++ {
		first := len(tasks)
		for _, env := range p.Environments {
			for _, e := range p.Engines {
				tasks = append(tasks, task{result.LoadCellID(p.Profile, e, env.Name, round), e, env, round})
			}
		}
		rng := rand.New(rand.NewPCG(p.Seed, uint64(round)))
		part := tasks[first:]
		rng.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	return tasks
}

// writeEnv writes env.json. A run that is continued keeps the one it has.
func (r *Runner) writeEnv() error {
	if _, err := result.ReadEnv(r.Dir); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	env := machine.Environment(r.Dir)
	env.Command = r.Again
	env.Methods = map[string]string{
		"latency": "by k6, of every request: from the first byte sent to the last received; without the time to connect and without the wait for a free virtual user, which is counted as missed arrivals",
		"cpu":     fmt.Sprintf("user and system time of the server's process in /proc, every %v", result.LoadSampleInterval),
		"rss":     fmt.Sprintf("resident set of the server's process in /proc, mapped pages of files included, the highest of every %v", result.LoadSampleInterval),
	}
	for _, name := range r.Plan.Engines {
		info, err := r.Catalog.Lookup(name)
		if err != nil {
			return err
		}
		env.Engines = append(env.Engines, info)
	}
	return result.WriteEnv(r.Dir, env)
}

// journalTasks returns the tasks as the journal runs them.
func (r *Runner) journalTasks(tasks []task) (out []journal.Task[result.LoadCell]) {
	for _, t := range tasks {
		out = append(out, journal.Task[result.LoadCell]{IDs: []string{t.id}, Run: func(ctx context.Context) ([]result.LoadCell, error) {
			cell, err := r.runOne(ctx, t)
			return []result.LoadCell{cell}, err
		}})
	}
	return out
}

// ended reports a cell that has ended.
func (r *Runner) ended(cells []result.LoadCell) error {
	for _, c := range cells {
		r.done++
		r.show.Line("[%*d/%d] %s", len(fmt.Sprint(r.total)), r.done, r.total, cellLine(c))
	}
	return nil
}

// runOne returns the result of one cell. An error ends the run.
func (r *Runner) runOne(ctx context.Context, t task) (result.LoadCell, error) {
	cell := result.LoadCell{
		ID: t.id, Status: result.StatusOK, Started: time.Now().UTC().Truncate(time.Millisecond), Engine: t.engine,
		Environment: t.environment.Name, Profile: r.Plan.Profile, Round: t.round, CPULimit: cores(t.environment),
	}
	d, err := kv.ParseDurability(t.environment.Durability)
	if err != nil {
		return cell, err
	}
	if info, err := r.Catalog.Lookup(t.engine); err != nil {
		return cell, err
	} else if _, ok := info.Options[d.String()]; !ok {
		cell.Status, cell.Error = result.StatusUnsupported, fmt.Sprintf("%s does not give durability %s", t.engine, d)
		return cell, nil
	}
	store, err := r.makeStore(t.environment)
	if err != nil {
		return cell, err
	}
	err = r.measure(ctx, t, store, &cell)
	if rmErr := os.RemoveAll(store); rmErr != nil && err == nil {
		return cell, rmErr
	}
	var failed *failure
	switch {
	case ctx.Err() != nil:
		return cell, ctx.Err()
	case errors.As(err, &failed):
		cell.Status, cell.Error, cell.Stderr = result.StatusFailed, human.OneLine(failed.text), failed.stderr
		return cell, nil
	}
	return cell, err
}

// makeStore creates the directory for the stores of one cell.
func (r *Runner) makeStore(e result.Environment) (string, error) {
	dir := e.Dir
	if dir == "" {
		dir = r.Dir
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", usagef("environment %s: dir: %w: give a directory that can be written", e.Name, err)
	}
	store, err := os.MkdirTemp(dir, "store-")
	if err != nil {
		return "", usagef("environment %s: dir: %w: give a directory that can be written", e.Name, err)
	}
	return filepath.Abs(store)
}

// conclude says how the run ended.
func (r *Runner) conclude(runErr error) error {
	r.show.Finish()
	if errors.Is(runErr, context.Canceled) || errors.Is(runErr, context.DeadlineExceeded) {
		fmt.Fprintf(r.Stderr, "interrupted: %d of %d cells are in %s; go on with: %s\n",
			r.journal.Sound(), r.total, r.Dir, journal.ResumeCommand(r.Again))
		return harness.ErrInterrupted
	}
	if runErr != nil {
		return runErr
	}
	cells, err := r.journal.All()
	if err != nil {
		return err
	}
	var failed, broken int
	for _, c := range cells {
		switch {
		case c.Status == result.StatusFailed:
			failed++
		case brokenBeyondSweep(c):
			broken++
		}
	}
	if failed+broken > 0 {
		return fmt.Errorf("%w: of %d cells %d failed and %d broke a threshold; loads.jsonl in %s says which; run failed ones again by: %s",
			harness.ErrFinding, len(cells), failed, broken, r.Dir, journal.ResumeCommand(r.Again))
	}
	return nil
}

// brokenBeyondSweep says whether a cell broke what it had to keep. A sweep is meant to
// break its objective, but it must never read a wrong value.
func brokenBeyondSweep(c result.LoadCell) bool {
	if !c.Sweep {
		return len(c.Broken) > 0
	}
	for _, p := range c.Phases {
		if p.Wrong > 0 {
			return true
		}
	}
	return false
}

// failure is the error of a cell that failed. Other cells go on.
type failure struct{ text, stderr string }

func (f *failure) Error() string { return f.text }

// usagef returns a [*harness.UsageError]. The format may wrap the cause.
func usagef(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &harness.UsageError{Text: err.Error(), Err: errors.Unwrap(err)}
}
