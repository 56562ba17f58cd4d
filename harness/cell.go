package harness

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// cellRun is a cell in progress.
type cellRun struct {
	*life
	stage Stage
	w     *workloads.Workload
	cell  result.Cell

	drive  *drive
	length time.Duration // of the measured part
	series []result.Series
}

func (r *cellRun) run(ctx context.Context) error {
	if err := r.load(ctx, r.w); err != nil {
		return fmt.Errorf("preload: %w", err)
	}
	if err := r.settle(); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	r.drive = newDrive(r.w, r.engine, r.spec.Durability, time.Duration(r.stage.Duration), r.spec.Rate)
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

// settle pays what was left to be done, so that no engine starts in debt.
func (r *cellRun) settle() error {
	if !r.w.Settle() || !r.unsettled {
		return nil
	}
	start := time.Now()
	r.progress("settle", 0)
	if err := r.life.settle(); err != nil {
		return err
	}
	r.cell.SettleSeconds = time.Since(start).Seconds()
	return nil
}

// reading is every counter that is read right before and right after the
// measured part.
type reading struct {
	usage   machine.Usage
	machine machine.Activity
	runtime machine.GoStats
	written int64
	engine  kv.Metrics
}

func (r *cellRun) read() reading {
	m := reading{usage: machine.ProcessUsage(), machine: machine.ReadActivity(), runtime: machine.ReadGoStats(), written: machine.WriteBytes()}
	if r.metricer != nil {
		m.engine = r.metricer.Metrics()
	}
	return m
}

func (r *cellRun) measure(ctx context.Context) error {
	runtime.GC() // every cell starts after a collection
	r.rssPeak = max(r.rssPeak, machine.PeakResidentBytes())
	r.cell.RSSPeakScope = "process"
	if machine.ResetPeakResident() {
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
	r.cell.RSSPeakBytes = machine.PeakResidentBytes()
	r.cell.RSSPeakLifeBytes = max(r.rssPeak, r.cell.RSSPeakBytes)
	r.cell.HeapPeak = max(s.heapPeak, after.runtime.HeapBytes)
	r.length = length
	r.fillUsage(before, after)
	r.fillOperations()
	r.cell.Warnings = append(r.cell.Warnings, warnings(r.cell, r.series, after.machine.Since(before.machine))...)
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
				if r.stage.Duration > 0 {
					share = max(share, time.Since(start).Seconds()/time.Duration(r.stage.Duration).Seconds())
				}
				r.progress("measure", min(share, 1))
			}
		}
	}()
	return func() { close(quit); <-done }
}

func (r *cellRun) fillUsage(a, b reading) {
	c := &r.cell
	c.CPUUserSeconds = (b.usage.User - a.usage.User).Seconds()
	c.CPUSysSeconds = (b.usage.System - a.usage.System).Seconds()
	c.CPUSeconds = c.CPUUserSeconds + c.CPUSysSeconds
	c.MajorFaults = b.usage.MajorFaults - a.usage.MajorFaults
	c.AllocBytes = b.runtime.AllocBytes - a.runtime.AllocBytes
	c.AllocObjects = b.runtime.AllocObjects - a.runtime.AllocObjects
	c.GCCount = b.runtime.GCCycles - a.runtime.GCCycles
	total, longest := b.runtime.GCPauses.Since(a.runtime.GCPauses)
	c.GCPauseTotal, c.GCPauseMax = int64(total*1e9), int64(longest*1e9)
	c.WriteBytesMeasured = b.written - a.written
	others := b.machine.Since(a.machine)
	c.OtherCores, c.StealCores = others.OtherCores, others.StealCores
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
			c.Ops += t.ops()
			c.Calls += t.calls()
		}
	}
	if c.Seconds > 0 {
		c.OpsPerSec = float64(c.Ops) / c.Seconds
	}
	c.NotFound, c.BytesRead = measured.Misses, measured.BytesRead
	c.UserBytes = measured.BytesWritten
	r.applied.Add(all)
	c.UserBytesTotal = r.applied.BytesWritten
	r.unsettled = r.unsettled || all.Writes+all.Deletes > 0
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
				p.Ops += t.ops()
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
	if r.w.Preload() != "" && r.applied.Deletes == 0 {
		var inserted int64
		for _, t := range r.drive.threads {
			inserted += t.units[workloads.Insert]
		}
		// Each cell's inserts begin at the same index: what an earlier one inserted
		// is written again.
		r.inserted = max(r.inserted, inserted)
		return (spec.Keys + r.inserted) * int64(spec.KeySize+r.w.ValueSize())
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
func writeCellFiles(runDir string, c *result.Cell, length time.Duration, hists []result.Hist, series []result.Series) error {
	c.HistFile, c.SeriesFile = "hist/"+c.ID+".hdr", "series/"+c.ID+".tsz"
	return errors.Join(
		result.WriteHists(filepath.Join(runDir, c.HistFile), length, hists),
		result.WriteSeries(filepath.Join(runDir, c.SeriesFile), series),
	)
}
