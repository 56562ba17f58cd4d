package harness

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"lsmlab/harness/drive"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
	"lsmlab/harness/steady"
	"lsmlab/workloads"
)

// runCell runs the stages of spec in this process: it opens the store; then it
// preloads, compacts, warms up and measures for each stage as the stage needs; then
// it closes the store. It writes hist and series files into the run directory and
// returns the figures of each stage. If it fails, it returns an error and leaves no
// files in the run directory.
func runCell(ctx context.Context, cat Catalog, spec CellSpec, progress progressFunc) ([]result.Cell, error) {
	if spec.Kind != "" {
		cell, err := runKind(ctx, cat, &spec, progress)
		return []result.Cell{cell}, err
	}
	s, err := openStore(cat, &spec, progress)
	if err != nil {
		return nil, err
	}
	var runs []*cellRun
	for _, stage := range spec.stages() {
		r, err := runStage(ctx, s, &spec, stage, progress)
		if err != nil {
			return nil, s.closeAfter(fmt.Errorf("%s: %w", stage.Workload, err))
		}
		runs = append(runs, r)
	}
	progress("close", 0)
	return finish(s, &spec, runs)
}

// fillStore stores what the first stage preloads, and leaves the store open: the
// process is to be killed with it.
func fillStore(ctx context.Context, cat Catalog, spec CellSpec, progress progressFunc) error {
	w, err := workloads.New(spec.Spec)
	if err != nil {
		return err
	}
	s, err := openStore(cat, &spec, progress)
	if err != nil {
		return err
	}
	if err := s.fill(ctx, w, progress); err != nil {
		return s.closeAfter(fmt.Errorf("fill: %w", err))
	}
	return nil
}

// cellRun is the cell of one stage, in progress.
type cellRun struct {
	store    *store
	stage    Stage
	workload *workloads.Workload
	progress progressFunc
	cell     result.Cell
	drive    *drive.Drive
	series   []result.Series
}

// runStage measures a stage on an open store.
func runStage(ctx context.Context, s *store, spec *CellSpec, stage Stage, progress progressFunc) (*cellRun, error) {
	w, err := workloads.New(stage.Spec)
	if err != nil {
		return nil, err
	}
	r := &cellRun{store: s, stage: stage, workload: w, progress: progress, cell: spec.blank(stage)}
	r.cell.Keys, r.cell.KeySize, r.cell.ValueSize = w.Spec().Keys, w.Spec().KeySize, w.ValueSize()
	if err := s.preload(ctx, w, progress); err != nil {
		return nil, fmt.Errorf("preload: %w", err)
	}
	if err := r.compact(); err != nil {
		return nil, fmt.Errorf("settle: %w", err)
	}
	r.drive = drive.New(w, s.engine, spec.Durability, time.Duration(stage.Duration), spec.Rate)
	if err := r.warmUp(ctx); err != nil {
		return nil, fmt.Errorf("warm-up: %w", err)
	}
	if err := r.measure(ctx); err != nil {
		return nil, fmt.Errorf("measured part: %w", err)
	}
	if err := r.audit(); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	r.cell.LiveBytes = r.liveBytes()
	return r, nil
}

// compact does the work that the preload and earlier cells left to the background, if
// the workload wants it done.
func (r *cellRun) compact() error {
	if !r.workload.CompactFirst() || !r.store.uncompacted {
		return nil
	}
	start := time.Now()
	r.progress("settle", 0)
	if err := r.store.compact(); err != nil {
		return err
	}
	r.cell.SettleSeconds = time.Since(start).Seconds()
	return nil
}

func (r *cellRun) warmUp(ctx context.Context) error {
	r.progress("warm-up", 0)
	start := time.Now()
	err := r.drive.WarmUp(ctx)
	if err == nil {
		err = r.settle(ctx)
	}
	r.cell.WarmupSeconds = time.Since(start).Seconds()
	return err
}

func (r *cellRun) measure(ctx context.Context) error {
	m := drive.NewMeter(r.store.metricer)
	stopProgress := r.showProgress()
	err := r.drive.Measure(ctx, m.Start)
	stopProgress()
	m.Stop()
	if err != nil {
		return err
	}
	c := &r.cell
	m.Fill(c)
	r.drive.Fill(c)
	r.store.rssPeak = max(r.store.rssPeak, m.PeakBefore())
	c.RSSPeakLifeBytes = max(r.store.rssPeak, c.RSSPeakBytes)
	_, all := r.drive.Counts()
	r.store.account(all)
	c.UserBytesTotal = r.store.applied.BytesWritten
	r.series = append(r.drive.Timeline(), m.Series()...)
	c.State = steady.StateOf(*c, r.series, r.store.flushBytes)
	c.DebtGrows = c.UserBytes > 0 && steady.Debt(r.series).Lo > debtShare*float64(c.UserBytes)
	c.Warnings = append(c.Warnings, warnings(*c, r.series, m.Disturbance())...)
	return nil
}

// audit checks what must hold after transactions.
func (r *cellRun) audit() error {
	if !r.workload.Transactional() {
		return nil
	}
	r.progress("audit", 0)
	found, err := r.workload.Audit(r.store.engine)
	for _, i := range found {
		r.cell.Transactions.Invariants = append(r.cell.Transactions.Invariants, i.String())
	}
	return err
}

// showProgress reports progress of the measured part until the returned function is
// called.
func (r *cellRun) showProgress() (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	start := time.Now()
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				r.progress("measure", r.shareDone(time.Since(start)))
			}
		}
	}()
	return func() { close(quit); <-done }
}

// shareDone returns how much of the measured part is done after some time, by the
// operations or by the time limit.
func (r *cellRun) shareDone(after time.Duration) (share float64) {
	if n := r.workload.Spec().Operations; n > 0 {
		share = float64(r.drive.Done()) / float64(n)
	}
	if r.stage.Duration > 0 {
		share = max(share, after.Seconds()/time.Duration(r.stage.Duration).Seconds())
	}
	return min(share, 1)
}

// liveBytes returns the bytes of keys and values that the store holds: by arithmetic
// where the preloaded keys stay, else by one scan. A scan that fails gives 0 and a
// warning, because the figures were taken before it.
func (r *cellRun) liveBytes() int64 {
	spec, s := r.workload.Spec(), r.store
	if r.workload.Preload() != "" && s.applied.Deletes == 0 && !r.workload.Transactional() && !r.workload.SizesDiffer() {
		// The inserts of each cell begin at the same index, so a cell writes again
		// what an earlier one inserted.
		s.inserted = max(s.inserted, r.drive.Units(workloads.Insert))
		return (spec.Keys + s.inserted) * int64(spec.KeySize+r.workload.ValueSize())
	}
	r.progress("count", 0)
	var bytes int64
	it := s.engine.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		bytes += int64(len(it.Key()) + len(it.Value()))
	}
	if err := it.Close(); err != nil {
		r.cell.Warnings = append(r.cell.Warnings, fmt.Sprintf("live bytes unknown, the scan that counts them failed: %v", err))
		return 0
	}
	return bytes
}

// finish closes the store, takes the figures that follow from the close, and writes
// the files of all cells.
func finish(s *store, spec *CellSpec, runs []*cellRun) ([]result.Cell, error) {
	start := time.Now()
	if err := s.engine.Close(); err != nil {
		return nil, fmt.Errorf("close: %w", err)
	}
	first, last := &runs[0].cell, &runs[len(runs)-1].cell
	first.OpenSeconds, first.PreloadSeconds = s.openTime.Seconds(), s.preloadTime.Seconds()
	last.CloseSeconds = time.Since(start).Seconds()
	last.DiskBytes = machine.DiskUsage(s.dir)
	last.WriteBytes = machine.WriteBytes()
	if last.UserBytesTotal > 0 {
		last.WriteAmp = float64(last.WriteBytes) / float64(last.UserBytesTotal)
	}
	if last.LiveBytes > 0 {
		last.SpaceAmp = float64(last.DiskBytes) / float64(last.LiveBytes)
	}
	var cells []result.Cell
	for _, r := range runs {
		r.cell.Status = result.StatusOK
		if err := writeCellFiles(spec.RunDir, &r.cell, r.drive.Length(), r.drive.Hists(), r.series); err != nil {
			return nil, err
		}
		cells = append(cells, r.cell)
	}
	return cells, nil
}

// writeCellFiles writes hist/ID.hdr and series/ID.tsz of the run directory and
// names them in the cell.
func writeCellFiles(runDir string, c *result.Cell, length time.Duration, hists []result.Hist, series []result.Series) error {
	c.HistFile, c.SeriesFile = "hist/"+c.ID+".hdr", "series/"+c.ID+".tsz"
	return errors.Join(
		result.WriteHists(filepath.Join(runDir, c.HistFile), length, hists),
		result.WriteSeries(filepath.Join(runDir, c.SeriesFile), series),
	)
}
