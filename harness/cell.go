package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"lsmlab/engines/kv"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// Progress is told where a cell stands: its phase, and how much of that is done,
// in [0, 1].
type Progress func(phase string, done float64)

// RunCell runs one cell in this process: open, preload, settle, warm up, measure,
// close. It writes the cell's hist and series files into the run directory and
// returns its figures. A cell that fails returns an error and leaves no files in
// the run directory.
func RunCell(ctx context.Context, cat Catalog, spec CellSpec, progress Progress) (result.Cell, error) {
	if spec.MemTables {
		return runMemCell(ctx, cat, spec, progress)
	}
	w, err := workloads.New(spec.Spec)
	if err != nil {
		return result.Cell{}, err
	}
	r := &cellRun{spec: spec, w: w, progress: progress, cell: spec.blank()}
	r.cell.Keys, r.cell.KeySize, r.cell.ValueSize = w.Spec().Keys, w.Spec().KeySize, w.ValueSize()
	progress("open", 0)
	if r.engine, err = cat.Open(spec.Engine, spec.StoreDir, spec.Open); err != nil {
		return result.Cell{}, fmt.Errorf("open: %w", err)
	}
	r.metricer, _ = r.engine.(kv.Metricer)
	if err := r.run(ctx); err != nil {
		return result.Cell{}, errors.Join(err, r.closeAfter(err))
	}
	if err := r.finish(ctx); err != nil {
		return result.Cell{}, err
	}
	return r.cell, nil
}

// cellRun is a cell in progress.
type cellRun struct {
	spec     CellSpec
	w        *workloads.Workload
	engine   kv.Engine
	metricer kv.Metricer // nil if the engine keeps no metrics
	progress Progress
	cell     result.Cell

	drive   *drive
	preload workloads.Counts
	length  time.Duration // of the measured part
	series  []result.Series
}

func (r *cellRun) run(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return fmt.Errorf("preload: %w", err)
	}
	if err := r.settle(); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	r.drive = newDrive(r.w, r.engine, r.spec.Durability, time.Duration(r.spec.Duration), r.spec.Rate)
	r.progress("warm-up", 0)
	start := time.Now()
	if err := r.drive.warmUp(ctx); err != nil {
		return fmt.Errorf("warm-up: %w", err)
	}
	r.cell.WarmupSeconds = time.Since(start).Seconds()
	if err := r.measure(ctx); err != nil {
		return fmt.Errorf("measured part: %w", err)
	}
	r.cell.LiveBytes = r.liveBytes()
	return nil
}

// load stores every key once, by one thread so that every engine gets the same
// sequence of batches. It asks for no more than a hand-over to the OS, where the
// engine can do that: settle makes the rest durable.
func (r *cellRun) load(ctx context.Context) error {
	if r.w.Preload() == "" {
		return nil
	}
	start := time.Now()
	exec := workloads.NewExecutor(r.w, r.engine, min(r.spec.Durability, kv.Buffered))
	stream := r.w.PreloadStream(0, 1)
	total := float64(r.w.Spec().Keys)
	for op := (workloads.Op{}); stream.Next(&op); {
		err := exec.Do(&op)
		if errors.Is(err, kv.ErrUnsupported) { // a rung down is refused: take the cell's own
			exec = workloads.NewExecutor(r.w, r.engine, r.spec.Durability)
			err = exec.Do(&op)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		r.progress("preload", float64(exec.Counts.Writes)/total)
	}
	r.preload = exec.Counts
	r.cell.PreloadSeconds = time.Since(start).Seconds()
	return nil
}

// settle pays what the preload left to be done, so that no engine starts in
// debt: flush, compaction, and what the OS has yet to write.
func (r *cellRun) settle() error {
	if !r.w.Settle() {
		return nil
	}
	start := time.Now()
	r.progress("settle", 0)
	if f, ok := r.engine.(kv.Flusher); ok {
		if err := f.Flush(); err != nil {
			return fmt.Errorf("flush: %w", err)
		}
	}
	if c, ok := r.engine.(kv.Compacter); ok {
		if err := c.Compact(); err != nil {
			return fmt.Errorf("compact: %w", err)
		}
	}
	if err := syncFileSystem(r.spec.StoreDir); err != nil {
		return err
	}
	r.cell.SettleSeconds = time.Since(start).Seconds()
	return nil
}

func syncFileSystem(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(f.Fd())), f.Close())
}

// reading is every counter that is read right before and right after the
// measured part.
type reading struct {
	usage   usage
	machine machine
	runtime goStats
	written int64
	engine  kv.Metrics
}

func (r *cellRun) read() reading {
	m := reading{usage: processUsage(), machine: readMachine(), runtime: readGoStats(), written: writeBytes()}
	if r.metricer != nil {
		m.engine = r.metricer.Metrics()
	}
	return m
}

func (r *cellRun) measure(ctx context.Context) error {
	runtime.GC() // every cell starts after a collection
	r.cell.RSSPeakScope = "process"
	if resetPeakRSS() {
		r.cell.RSSPeakScope = "measured"
	}
	before := r.read()
	var s *sampler
	stopProgress := r.watch()
	length, err := r.drive.measure(ctx, func(start time.Time) { s = startSampler(r.metricer, start) })
	stopProgress()
	r.series = s.finish()
	after := r.read()
	if err != nil {
		return err
	}
	r.cell.RSSPeakBytes = peakRSSBytes()
	r.cell.HeapPeak = max(s.heapPeak, after.runtime.heapBytes)
	r.length = length
	r.fillUsage(before, after)
	r.fillOperations()
	r.cell.Warnings = append(r.cell.Warnings, warnings(r.cell, r.series, before.machine, after.machine)...)
	return nil
}

// watch reports progress of the measured part until the returned function is
// called.
func (r *cellRun) watch() (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	start, spec := time.Now(), r.w.Spec()
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				var share float64
				if spec.Operations > 0 {
					share = float64(r.drive.done.Load()) / float64(spec.Operations)
				}
				if r.spec.Duration > 0 {
					share = max(share, time.Since(start).Seconds()/time.Duration(r.spec.Duration).Seconds())
				}
				r.progress("measure", min(share, 1))
			}
		}
	}()
	return func() { close(quit); <-done }
}

func (r *cellRun) fillUsage(a, b reading) {
	c := &r.cell
	c.CPUUserSeconds = (b.usage.user - a.usage.user).Seconds()
	c.CPUSysSeconds = (b.usage.system - a.usage.system).Seconds()
	c.CPUSeconds = c.CPUUserSeconds + c.CPUSysSeconds
	c.MajorFaults = b.usage.majorFaults - a.usage.majorFaults
	c.AllocBytes = b.runtime.allocBytes - a.runtime.allocBytes
	c.AllocObjects = b.runtime.allocObjects - a.runtime.allocObjects
	c.GCCount = b.runtime.gcCycles - a.runtime.gcCycles
	total, longest := b.runtime.gcPauses.since(a.runtime.gcPauses)
	c.GCPauseTotal, c.GCPauseMax = int64(total*1e9), int64(longest*1e9)
	c.WriteBytesMeasured = b.written - a.written
	c.OtherCores, c.StealCores = othersBetween(a.machine, b.machine)
	if r.metricer != nil {
		c.Metrics = countsBetween(a.engine, b.engine)
		c.EngineWriteAmp = b.engine.WriteAmp()
		reads := kv.Metrics{TableReads: b.engine.TableReads - a.engine.TableReads, PointReads: b.engine.PointReads - a.engine.PointReads}
		c.ReadAmp = reads.ReadAmp()
	}
}

func (r *cellRun) fillOperations() {
	c := &r.cell
	measured, all := r.drive.counts()
	c.Seconds = r.length.Seconds()
	for _, t := range r.drive.threads {
		if t.role == workloads.Foreground {
			c.Ops += t.ops
			c.Calls += t.calls
		}
	}
	if c.Seconds > 0 {
		c.OpsPerSec = float64(c.Ops) / c.Seconds
	}
	c.NotFound, c.BytesRead = measured.Misses, measured.BytesRead
	c.UserBytes = measured.BytesWritten
	c.UserBytesTotal = all.BytesWritten + r.preload.BytesWritten
	front := func(t *thread) bool { return t.role == workloads.Foreground }
	c.Latency, c.Intended = r.latency(front)
	c.Kinds = r.kinds()
	c.Roles = r.roles()

	ops, p99, intended := timeline(r.frontRecorders(), r.length)
	lines := []result.Series{ops, p99}
	if c.Loop == result.LoopOpen {
		lines = append(lines, intended)
	}
	r.series = append(lines, r.series...)
}

func (r *cellRun) frontRecorders() (out []*recorder) {
	for _, t := range r.drive.threads {
		if t.role == workloads.Foreground {
			out = append(out, t.rec)
		}
	}
	return out
}

// merged returns the service times and the intended times of some threads;
// kind < 0 means all kinds.
func (r *cellRun) merged(threads func(*thread) bool, kind int) (service, intended hist) {
	for _, t := range r.drive.threads {
		if !threads(t) {
			continue
		}
		for k := range maxKinds {
			if kind < 0 || k == kind {
				service.merge(&t.rec.channels[k])
			}
		}
		intended.merge(&t.rec.channels[maxKinds])
	}
	return service, intended
}

func (r *cellRun) latency(threads func(*thread) bool) (result.Latency, *result.Latency) {
	service, intended := r.merged(threads, -1)
	if intended.count == 0 {
		return service.latency(), nil
	}
	l := intended.latency()
	return service.latency(), &l
}

// kinds returns one part for each kind that the foreground did, if several.
func (r *cellRun) kinds() []result.Part {
	var parts []result.Part
	for k := range maxKinds {
		service, _ := r.merged(isFront, k)
		if service.count == 0 {
			continue
		}
		p := result.Part{Name: workloads.Kind(k).String(), Latency: service.latency()}
		for _, t := range r.drive.threads {
			if isFront(t) {
				p.Ops += t.units[k]
			}
		}
		p.OpsPerSec = float64(p.Ops) / max(r.cell.Seconds, 1e-9)
		parts = append(parts, p)
	}
	if len(parts) < 2 {
		return nil
	}
	return parts
}

func isFront(t *thread) bool { return t.role == workloads.Foreground }
func isBack(t *thread) bool  { return t.role == workloads.Background }

// roles returns the readers and the writer of a workload that has both.
func (r *cellRun) roles() []result.Part {
	if len(r.frontRecorders()) == len(r.drive.threads) {
		return nil
	}
	var parts []result.Part
	for name, in := range map[string]func(*thread) bool{"reader": isFront, "writer": isBack} {
		p := result.Part{Name: name}
		p.Latency, p.Intended = r.latency(in)
		for _, t := range r.drive.threads {
			if in(t) {
				p.Threads++
				p.Ops += t.ops
			}
		}
		p.OpsPerSec = float64(p.Ops) / max(r.cell.Seconds, 1e-9)
		parts = append(parts, p)
	}
	if parts[0].Name > parts[1].Name {
		parts[0], parts[1] = parts[1], parts[0]
	}
	return parts
}

// liveBytes returns keys and values that the store holds: by arithmetic where the
// preloaded keys stay, else by one scan. A scan that fails gives 0 and a warning:
// the figures were taken before it.
func (r *cellRun) liveBytes() int64 {
	spec := r.w.Spec()
	_, all := r.drive.counts()
	if r.w.Preload() != "" && all.Deletes == 0 {
		var inserted int64
		for _, t := range r.drive.threads {
			inserted += t.units[workloads.Insert]
		}
		return (spec.Keys + inserted) * int64(spec.KeySize+r.w.ValueSize())
	}
	r.progress("count", 0)
	var bytes int64
	it := r.engine.Scan(nil, nil)
	for ok := it.First(); ok; ok = it.Next() {
		bytes += int64(len(it.Key()) + len(it.Value()))
	}
	if err := it.Close(); err != nil {
		r.cell.Warnings = append(r.cell.Warnings, fmt.Sprintf("live bytes unknown, the scan that counts them failed: %v", err))
		return 0
	}
	return bytes
}

// closeAfter closes the engine after a failure, which is what counts: an error of
// Close is added to it.
func (r *cellRun) closeAfter(error) error {
	if err := r.engine.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// finish closes the store, takes what is measured after that, and writes the
// files.
func (r *cellRun) finish(context.Context) error {
	c := &r.cell
	r.progress("close", 0)
	start := time.Now()
	if err := r.engine.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	c.CloseSeconds = time.Since(start).Seconds()
	c.DiskBytes = diskUsage(r.spec.StoreDir)
	c.WriteBytes = writeBytes()
	if c.UserBytesTotal > 0 {
		c.WriteAmp = float64(c.WriteBytes) / float64(c.UserBytesTotal)
	}
	if c.LiveBytes > 0 {
		c.SpaceAmp = float64(c.DiskBytes) / float64(c.LiveBytes)
	}
	c.Status = result.StatusOK
	return writeCellFiles(r.spec, c, r.length, r.hists(), r.series)
}

func (r *cellRun) hists() []result.Hist {
	service, intended := r.merged(isFront, -1)
	hists := []result.Hist{{Tag: result.HistService, Hist: service.hdr()}}
	if intended.count > 0 {
		hists = append(hists, result.Hist{Tag: result.HistIntended, Hist: intended.hdr()})
	}
	for _, p := range r.cell.Kinds {
		for k := range maxKinds {
			if workloads.Kind(k).String() == p.Name {
				h, _ := r.merged(isFront, k)
				hists = append(hists, result.Hist{Tag: "kind:" + p.Name, Hist: h.hdr()})
			}
		}
	}
	if len(r.cell.Roles) > 0 {
		h, _ := r.merged(isBack, -1)
		hists = append(hists, result.Hist{Tag: "role:writer", Hist: h.hdr()})
	}
	return hists
}

// writeCellFiles writes hist/ID.hdr and series/ID.tsz of the run directory and
// names them in the cell.
func writeCellFiles(spec CellSpec, c *result.Cell, length time.Duration, hists []result.Hist, series []result.Series) error {
	c.HistFile, c.SeriesFile = "hist/"+spec.ID+".hdr", "series/"+spec.ID+".tsz"
	return errors.Join(
		result.WriteHists(filepath.Join(spec.RunDir, c.HistFile), length, hists),
		result.WriteSeries(filepath.Join(spec.RunDir, c.SeriesFile), series),
	)
}
