package drive

import (
	"slices"

	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// Counts returns what the threads did to the engine: in the measured part, and with
// the warm-up.
func (d *Drive) Counts() (measured, all workloads.Counts) {
	for _, t := range d.threads {
		all.Add(t.exec.Counts)
		measured.Add(t.exec.Counts)
		measured.Add(t.warm.Negative())
	}
	return measured, all
}

// Units returns the logical operations of one kind that all threads did in the
// measured part.
func (d *Drive) Units(kind workloads.Kind) (sum int64) {
	for _, t := range d.threads {
		sum += t.units[kind]
	}
	return sum
}

// Fill sets the figures of a cell that the threads measured.
func (d *Drive) Fill(c *result.Cell) {
	c.Seconds = d.length.Seconds()
	for _, t := range d.threads {
		if t.isForeground() {
			c.Ops += t.ops()
			c.Calls += t.rec.calls()
		}
	}
	if c.Seconds > 0 {
		c.OpsPerSec = float64(c.Ops) / c.Seconds
	}
	measured, _ := d.Counts()
	c.NotFound, c.BytesRead, c.UserBytes = measured.Misses, measured.BytesRead, measured.BytesWritten
	c.Latency, c.Intended = d.latency((*thread).isForeground)
	c.Kinds, c.Roles = d.kinds(), d.roles()
	c.Transactions = d.transactions()
}

// Timeline returns operations a second and the 99th percentile of the foreground
// over every interval, in an open loop also that from the intended start.
func (d *Drive) Timeline() []result.Series {
	var recorders []*recorder
	for _, t := range d.threads {
		if t.isForeground() {
			recorders = append(recorders, t.rec)
		}
	}
	ops, p99, intended := timeline(recorders, d.length)
	if d.rate > 0 {
		return []result.Series{ops, p99, intended}
	}
	return []result.Series{ops, p99}
}

// Hists returns the histograms of the cell in the form in which they are stored:
// the foreground, each kind of operation if it has several, the background.
func (d *Drive) Hists() []result.Hist {
	service, intended := d.merged((*thread).isForeground, allKinds)
	hists := []result.Hist{{Tag: result.HistService, Hist: service.hdr()}}
	if intended.count > 0 {
		hists = append(hists, result.Hist{Tag: result.HistIntended, Hist: intended.hdr()})
	}
	if commits := d.commitTimes(); commits.count > 0 {
		hists = append(hists, result.Hist{Tag: "commit", Hist: commits.hdr()})
	}
	if kinds := d.kindsDone(); len(kinds) > 1 {
		for _, k := range kinds {
			h, _ := d.merged((*thread).isForeground, k)
			hists = append(hists, result.Hist{Tag: "kind:" + workloads.Kind(k).String(), Hist: h.hdr()})
		}
	}
	if d.foreground < len(d.threads) {
		h, _ := d.merged((*thread).isBackground, allKinds)
		hists = append(hists, result.Hist{Tag: "role:writer", Hist: h.hdr()})
	}
	return hists
}

// allKinds stands for every kind of operation in [Drive.merged].
const allKinds = -1

// merged returns the service times and the intended times of some threads.
func (d *Drive) merged(in func(*thread) bool, kind int) (service, intended hist) {
	for _, t := range d.threads {
		if !in(t) {
			continue
		}
		for k := range maxKinds {
			if kind == allKinds || k == kind {
				service.merge(&t.rec.channels[k])
			}
		}
		intended.merge(&t.rec.channels[maxKinds])
	}
	return service, intended
}

// latency summarizes some threads; there is an intended latency in an open loop
// alone.
func (d *Drive) latency(in func(*thread) bool) (result.Latency, *result.Latency) {
	service, intended := d.merged(in, allKinds)
	if intended.count == 0 {
		return service.latency(), nil
	}
	l := intended.latency()
	return service.latency(), &l
}

// kindsDone returns the kinds of operation that the foreground did.
func (d *Drive) kindsDone() (kinds []int) {
	for k := range maxKinds {
		did := func(t *thread) bool { return t.isForeground() && t.rec.channels[k].count > 0 }
		if slices.ContainsFunc(d.threads, did) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// kinds returns one part for each kind that the foreground did, if it did several.
func (d *Drive) kinds() (parts []result.Part) {
	kinds := d.kindsDone()
	if len(kinds) < 2 {
		return nil
	}
	for _, k := range kinds {
		service, _ := d.merged((*thread).isForeground, k)
		p := result.Part{Name: workloads.Kind(k).String(), Latency: service.latency()}
		for _, t := range d.threads {
			if t.isForeground() {
				p.Ops += t.units[k]
			}
		}
		parts = append(parts, d.withRate(p))
	}
	return parts
}

// roles returns the readers and the writer of a workload that has both.
func (d *Drive) roles() (parts []result.Part) {
	if d.foreground == len(d.threads) {
		return nil
	}
	for _, role := range []struct {
		name string
		in   func(*thread) bool
	}{{"reader", (*thread).isForeground}, {"writer", (*thread).isBackground}} {
		p := result.Part{Name: role.name}
		p.Latency, p.Intended = d.latency(role.in)
		for _, t := range d.threads {
			if role.in(t) {
				p.Threads++
				p.Ops += t.ops()
			}
		}
		parts = append(parts, d.withRate(p))
	}
	return parts
}

func (d *Drive) withRate(p result.Part) result.Part {
	p.OpsPerSec = float64(p.Ops) / max(d.length.Seconds(), 1e-9)
	return p
}
