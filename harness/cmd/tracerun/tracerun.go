// Package tracerun is the work with traces as commands do it: it records the engines of a
// command, replays a trace on an engine, fits a model and imports foreign traces. What a
// trace holds is told by package [lsmlab/harness/trace].
package tracerun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lsmlab/engines/kv"
	"lsmlab/harness"
	"lsmlab/harness/journal"
	"lsmlab/harness/trace"
	"lsmlab/reports"
)

// dirVariable is the environment variable by which `trace record` tells the service and
// the processes of cells where traces go.
const dirVariable = "LSMLAB_TRACE_DIR"

// Record runs a command whose engines are to be recorded into a directory, which it makes.
// Engines are recorded if they are opened by a catalog of [Traced].
func Record(dir string, run func() error) error {
	path, err := filepath.Abs(dir)
	if dir == "" || err != nil {
		return usage("record", fmt.Errorf("--out %q: want a directory (%v)", dir, err))
	}
	if err := errors.Join(os.MkdirAll(path, 0o755), os.Setenv(dirVariable, path)); err != nil {
		return usage("record", err)
	}
	defer func() { _ = os.Unsetenv(dirVariable) }() // it was set
	return run()
}

// Traced returns a catalog whose engines are recorded if the environment says so.
func Traced(c harness.Catalog) harness.Catalog {
	dir := os.Getenv(dirVariable)
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

// Model fits a workload to the trace in a file, and writes the model, a plan that races
// engines by it, and a page into a directory, which it makes. It returns the path of the
// page.
func Model(file, out string) (page string, err error) {
	if out == "" {
		return "", usage("model", errors.New("say with --out DIR where the model goes"))
	}
	if err := fit(file, out); err != nil {
		return "", usage("model", err)
	}
	return reports.Render(out, reports.Options{})
}

func fit(file, out string) error {
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

// usage returns the error of a command as that of the request.
func usage(command string, err error) error {
	return &harness.UsageError{Text: fmt.Sprintf("trace %s: %v", command, err), Err: err}
}

// Import makes a trace in the file out of a foreign one, and returns how many lines had no
// operation. The foreign trace is a file, or for "-" what stdin holds. After an error out is
// removed.
func Import(format, file string, stdin io.Reader, out string) (skipped int64, err error) {
	if out == "" {
		return 0, usage("import", errors.New("say with --out FILE where the trace goes"))
	}
	if skipped, err = importFile(format, file, stdin, out); err != nil {
		return 0, usage("import", err)
	}
	return skipped, nil
}

func importFile(format, file string, stdin io.Reader, out string) (skipped int64, err error) {
	in := stdin
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

// Replaying is what `lsmlab trace replay` is asked for, by its flags.
type Replaying struct {
	Engine     string
	Durability string              // name of the level of writes
	Data       string              // directory of the new store; "": a temporary one
	Open       harness.OpenOptions // but for the level
	Options    trace.Options       // likewise
}

// Run carries the trace in a file out on an engine of a catalog.
func (r *Replaying) Run(ctx context.Context, c harness.Catalog, file string) (result trace.Result, err error) {
	level, err := kv.ParseDurability(r.Durability)
	if err != nil {
		return result, &harness.UsageError{Text: fmt.Sprintf("--durability: %v", err), Err: err}
	}
	r.Open.Durability, r.Options.Durability = level, level
	if result, err = r.replay(ctx, c, file); err != nil {
		return result, usage("replay", err)
	}
	return result, nil
}

func (r *Replaying) replay(ctx context.Context, c harness.Catalog, file string) (result trace.Result, err error) {
	data := r.Data
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
	t, closeFile, err := trace.Open(file)
	if err != nil {
		return result, err
	}
	defer closeFile()
	e, err := c.Open(r.Engine, data, r.Open)
	if err != nil {
		return result, err
	}
	result, err = trace.Replay(ctx, t, e, r.Options)
	return result, errors.Join(err, e.Close())
}
