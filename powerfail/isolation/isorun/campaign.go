package isorun

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/probe"
)

// Campaign is what is probed. Open opens a fresh store of an engine in an empty directory.
type Campaign struct {
	Engines    []string
	Levels     []kv.Isolation
	Durability kv.Durability
	Seed       uint64
	Scripts    int // random ones of each form and way
	Findings   int // kept of a cell: the first of each anomaly
	Open       func(engine, dir string) (kv.Engine, error)
	// Each is told each cell when it has ended, and the directories of its findings.
	Each func(c Cell, findings []string)
}

// Run probes all engines at all levels. It returns once all is done, or with an error that
// ends everything: that the directory cannot be written, or that ctx has ended.
func (c *Campaign) Run(ctx context.Context, d *Dir) error {
	for _, engine := range c.Engines {
		for _, level := range c.Levels {
			w := cellWork{Campaign: c, dir: d, kept: map[string]bool{}, cell: Cell{Engine: engine, Level: level.String(), Durability: c.Durability.String()}}
			began := time.Now()
			err := w.run(ctx, level)
			w.cell.Seconds = time.Since(began).Seconds()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("%s at %s: %w", engine, level, err)
			}
			if err := d.addCell(w.cell); err != nil {
				return err
			}
			c.Each(w.cell, w.findings)
		}
	}
	return nil
}

// cellWork is one cell while it runs.
type cellWork struct {
	*Campaign

	dir      *Dir
	cell     Cell
	kept     map[string]bool // anomalies that have a finding
	findings []string
	store    *probe.Store
	all      joined
}

// run probes one engine at one level. What is wrong with the engine stands in the cell;
// an error is one of this run.
func (w *cellWork) run(ctx context.Context, level kv.Isolation) (err error) {
	temp, err := os.MkdirTemp("", "lsmlab-isolation-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	engine, err := w.Open(w.cell.Engine, filepath.Join(temp, "store"))
	if err != nil {
		return w.note(err)
	}
	defer func() { err = errors.Join(err, w.note(engine.Close())) }()
	if w.store, err = probe.New(engine, level, w.Durability); err != nil {
		return w.note(err)
	}
	name := fmt.Sprintf("%s-%s.jsonl", strings.NewReplacer("/", "_", ":", "_").Replace(w.cell.Engine), level)
	f, err := os.Create(filepath.Join(w.dir.path, HistoriesDir, name))
	if err != nil {
		return err
	}
	w.all = joined{w: bufio.NewWriter(f)}
	defer func() { err = errors.Join(err, w.all.w.Flush(), f.Close()) }()
	var own error // of this run, not of the store
	w.cell.Cell, err = probe.Probe(ctx, w.store, probe.Options{Seed: w.Seed, Scripts: w.Scripts, Each: w.all.add}, func(t probe.Trial) error {
		own = w.found(t)
		return own
	})
	if own != nil {
		return own
	}
	return w.note(err)
}

// note writes an error of the engine into the cell.
func (w *cellWork) note(err error) error {
	switch {
	case err == nil || errors.Is(err, context.Canceled):
	case errors.Is(err, kv.ErrUnsupported) && w.cell.Scripts == 0:
		w.cell.Refused = err.Error()
	default:
		w.cell.Error = strings.TrimSpace(w.cell.Error + " " + err.Error())
	}
	return nil
}

// found keeps a trial as a finding, unless there is one of its anomaly, or enough.
func (w *cellWork) found(t probe.Trial) error {
	name := t.Against().Name
	if w.kept[name] || len(w.findings) >= w.Findings {
		return nil
	}
	w.kept[name] = true
	t = w.store.Shrink(t)
	f := Finding{
		Engine: w.cell.Engine, Level: w.cell.Level, Durability: w.cell.Durability,
		Way: t.Way, Script: t.Script.Name, Promised: t.Promised, By: t.Against(), Disagreed: t.Disagreed(),
	}
	dir, err := w.dir.addFinding(&f, t)
	w.findings = append(w.findings, dir)
	return err
}

// joined writes the histories of many scripts as one: each has keys, processes and a time
// of its own.
type joined struct {
	w       *bufio.Writer
	scripts int
	clock   int64
	line    []byte
}

// scriptProcesses is more than the sessions of a script.
const scriptProcesses = 10_000

func (j *joined) add(t probe.Trial) {
	j.scripts++
	var last int64
	for _, txn := range t.History {
		last = max(last, txn.Begin, txn.End)
		txn.Begin, txn.End, txn.Process = txn.Begin+j.clock, txn.End+j.clock, txn.Process+j.scripts*scriptProcesses
		ops := make([]isolation.Op, len(txn.Ops))
		for i, o := range txn.Ops {
			o.Key = fmt.Sprintf("%d/%s", j.scripts, o.Key)
			ops[i] = o
		}
		txn.Ops = ops
		j.line = isolation.AppendJSON(j.line[:0], txn)
		_, _ = j.w.Write(j.line) // Flush tells
	}
	j.clock += last
}

// Replay runs the script of a finding again, up to tries times, until it refutes what was
// promised. It says whether it did, and returns the last trial.
func Replay(ctx context.Context, f *Finding, tries int, open func(engine, dir string) (kv.Engine, error)) (t probe.Trial, refuted bool, err error) {
	script, err := probe.ParseScript(f.Text)
	if err != nil {
		return t, false, fmt.Errorf("%s: %w", scriptFile, err)
	}
	level, err := kv.ParseIsolation(f.Level)
	if err != nil {
		return t, false, err
	}
	durability, err := kv.ParseDurability(f.Durability)
	if err != nil {
		return t, false, err
	}
	temp, err := os.MkdirTemp("", "lsmlab-isolation-")
	if err != nil {
		return t, false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	engine, err := open(f.Engine, filepath.Join(temp, "store"))
	if err != nil {
		return t, false, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	store, err := probe.New(engine, level, durability)
	if err != nil {
		return t, false, err
	}
	for range tries {
		if err := ctx.Err(); err != nil {
			return t, false, err
		}
		if t, err = store.Try(script, f.Way); err != nil {
			return t, false, err
		}
		if t.Against() != nil {
			return t, true, nil
		}
	}
	return t, false, nil
}
