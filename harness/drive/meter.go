package drive

import (
	"runtime"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/machine"
	"lsmlab/harness/result"
)

// A Meter reads what the measured part of a cell takes from the process, the
// machine and the engine: counters right before and right after, and gauges every
// 100 ms in between.
type Meter struct {
	engine        kv.Metricer // nil if the engine keeps no metrics
	before, after counters
	peakBefore    int64 // bytes
	peak          int64 // bytes
	scope         string
	sampler       *sampler
	series        []result.Series
}

// counters are read right before and right after the measured part.
type counters struct {
	usage   machine.Usage
	machine machine.Activity
	runtime machine.GoStats
	written int64 // bytes
	engine  kv.Metrics
}

// NewMeter reads the counters before a measured part. It first collects garbage, so
// that every measured part starts after a collection, and makes the kernel measure
// the peak of memory anew. engine is nil if there is none that keeps metrics.
func NewMeter(engine kv.Metricer) *Meter {
	runtime.GC()
	m := &Meter{engine: engine, peakBefore: machine.PeakResidentBytes(), scope: "process"}
	if machine.ResetPeakResident() {
		m.scope = "measured"
	}
	m.before = m.read()
	return m
}

func (m *Meter) read() counters {
	c := counters{
		usage: machine.ProcessUsage(), machine: machine.ReadActivity(), runtime: machine.ReadGoStats(), written: machine.WriteBytes(),
	}
	if m.engine != nil {
		c.engine = m.engine.Metrics()
	}
	return c
}

// Start begins to read the gauges; start is the zero of their timelines. [Meter.Stop]
// must follow.
func (m *Meter) Start(start time.Time) { m.sampler = startSampler(m.engine, start) }

// Stop ends the timelines and reads the counters again.
func (m *Meter) Stop() {
	m.series = m.sampler.finish()
	m.after = m.read()
	m.peak = machine.PeakResidentBytes()
}

// Series returns the timelines of the gauges.
func (m *Meter) Series() []result.Series { return m.series }

// PeakBefore returns the largest resident set before the measured part, in bytes,
// since the process started or the last meter was made.
func (m *Meter) PeakBefore() int64 { return m.peakBefore }

// Disturbance returns what else happened on the machine in the measured part.
func (m *Meter) Disturbance() machine.Disturbance { return m.after.machine.Since(m.before.machine) }

// Fill sets the figures of a cell that were read.
func (m *Meter) Fill(c *result.Cell) {
	a, b := m.before, m.after
	c.RSSPeakBytes, c.RSSPeakScope = m.peak, m.scope
	c.HeapPeak = max(m.sampler.heapPeak, b.runtime.HeapBytes)
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
	others := m.Disturbance()
	c.OtherCores, c.StealCores = others.OtherCores, others.StealCores
	if m.engine != nil {
		c.Metrics = countsBetween(a.engine, b.engine)
		c.EngineWriteAmp = b.engine.WriteAmp()
		reads := kv.Metrics{TableReads: b.engine.TableReads - a.engine.TableReads, PointReads: b.engine.PointReads - a.engine.PointReads}
		c.ReadAmp = reads.ReadAmp()
	}
}
