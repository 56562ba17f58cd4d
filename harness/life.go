package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// Progress is told where a cell stands: its phase, and how much of that is done,
// in [0, 1].
type Progress func(phase string, done float64)

// life is one store in this process, from its open to its close, and the cells
// that are measured in between: one, or those of a sequence.
type life struct {
	spec     CellSpec
	engine   kv.Engine
	metricer kv.Metricer // nil if the engine keeps no metrics
	progress Progress

	opened    time.Duration
	loaded    time.Duration
	filled    bool             // the preload is done
	unsettled bool             // something was written since the last settling
	applied   workloads.Counts // by preload and by the cells that have ended
	inserted  int64            // keys beyond the preloaded ones
	rssPeak   int64            // bytes, up to the last reset of the kernel's mark
	cells     []*cellRun
}

// RunCell runs the stages of spec in this process: open, then for each stage
// preload, settle, warm up and measure as it needs, then close. It writes hist
// and series files into the run directory and returns the figures of each. If it
// fails, it returns an error and leaves no files in the run directory.
func RunCell(ctx context.Context, cat Catalog, spec CellSpec, progress Progress) ([]result.Cell, error) {
	if spec.MemTables {
		cell, err := runMemCell(ctx, cat, spec, progress)
		return []result.Cell{cell}, err
	}
	l := &life{spec: spec, progress: progress}
	if err := l.open(cat); err != nil {
		return nil, err
	}
	for _, stage := range spec.stages() {
		if err := l.run(ctx, stage); err != nil {
			return nil, l.closeAfter(fmt.Errorf("%s: %w", stage.Workload, err))
		}
	}
	return l.end()
}

// fillStore stores what the first stage preloads, and leaves the store open: the
// process is to die with it.
func fillStore(ctx context.Context, cat Catalog, spec CellSpec, progress Progress) error {
	w, err := workloads.New(spec.Spec)
	if err != nil {
		return err
	}
	l := &life{spec: spec, progress: progress}
	if err := l.open(cat); err != nil {
		return err
	}
	if err := l.store(ctx, w); err != nil {
		return l.closeAfter(fmt.Errorf("fill: %w", err))
	}
	return nil
}

func (l *life) open(cat Catalog) (err error) {
	l.progress("open", 0)
	start := time.Now()
	if l.engine, err = cat.Open(l.spec.Engine, l.spec.StoreDir, l.spec.Open); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	l.opened = time.Since(start)
	l.metricer, _ = l.engine.(kv.Metricer)
	return nil
}

func (l *life) run(ctx context.Context, stage Stage) error {
	w, err := workloads.New(stage.Spec)
	if err != nil {
		return err
	}
	r := &cellRun{life: l, stage: stage, w: w, cell: l.spec.blank(stage)}
	r.cell.Keys, r.cell.KeySize, r.cell.ValueSize = w.Spec().Keys, w.Spec().KeySize, w.ValueSize()
	if err := r.run(ctx); err != nil {
		return err
	}
	l.cells = append(l.cells, r)
	return nil
}

// load does the preload, once in the life of a store.
func (l *life) load(ctx context.Context, w *workloads.Workload) error {
	if w.Preload() == "" || w.Killed() || l.filled {
		return nil
	}
	start := time.Now()
	if err := l.store(ctx, w); err != nil {
		return err
	}
	l.filled, l.unsettled = true, true
	l.loaded = time.Since(start)
	return nil
}

// store stores every key once, by one thread so that every engine gets the same
// sequence of batches. It asks for no more than a hand-over to the OS, where the
// engine can do that: settle makes the rest durable.
func (l *life) store(ctx context.Context, w *workloads.Workload) error {
	exec := workloads.NewExecutor(w, l.engine, min(l.spec.Durability, kv.Buffered))
	stream := w.PreloadStream(0, 1)
	total := float64(w.Spec().Keys)
	for op := (workloads.Op{}); stream.Next(&op); {
		err := exec.Do(&op)
		if errors.Is(err, kv.ErrUnsupported) { // a rung down is refused: take the cell's own
			exec = workloads.NewExecutor(w, l.engine, l.spec.Durability)
			err = exec.Do(&op)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		l.progress("preload", float64(exec.Counts.Writes)/total)
	}
	l.applied.Add(exec.Counts)
	return nil
}

// settle flushes, compacts, and writes what the OS has yet to write.
func (l *life) settle() error {
	if f, ok := l.engine.(kv.Flusher); ok {
		if err := f.Flush(); err != nil {
			return fmt.Errorf("flush: %w", err)
		}
	}
	if c, ok := l.engine.(kv.Compacter); ok {
		if err := c.Compact(); err != nil {
			return fmt.Errorf("compact: %w", err)
		}
	}
	l.unsettled = false
	return machine.SyncFileSystem(l.spec.StoreDir)
}

// closeAfter closes the engine after err, which is what counts: an error of Close
// is added to it.
func (l *life) closeAfter(err error) error {
	if closeErr := l.engine.Close(); closeErr != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", closeErr))
	}
	return err
}

// end closes the store, takes what is measured after that, and writes the files.
func (l *life) end() ([]result.Cell, error) {
	l.progress("close", 0)
	start := time.Now()
	if err := l.engine.Close(); err != nil {
		return nil, fmt.Errorf("close: %w", err)
	}
	last := &l.cells[len(l.cells)-1].cell
	last.CloseSeconds = time.Since(start).Seconds()
	last.DiskBytes = machine.DiskUsage(l.spec.StoreDir)
	last.WriteBytes = machine.WriteBytes()
	if last.UserBytesTotal > 0 {
		last.WriteAmp = float64(last.WriteBytes) / float64(last.UserBytesTotal)
	}
	if last.LiveBytes > 0 {
		last.SpaceAmp = float64(last.DiskBytes) / float64(last.LiveBytes)
	}
	first := &l.cells[0].cell
	first.OpenSeconds, first.PreloadSeconds = l.opened.Seconds(), l.loaded.Seconds()
	var cells []result.Cell
	for _, r := range l.cells {
		r.cell.Status = result.StatusOK
		if err := writeCellFiles(l.spec.RunDir, &r.cell, r.length, r.hists(), r.series); err != nil {
			return nil, err
		}
		cells = append(cells, r.cell)
	}
	return cells, nil
}
