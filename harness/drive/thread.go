package drive

import "lsmlab/workloads"

// maxKinds bounds workloads.Kind.
const maxKinds = 32

// thread is one goroutine's part of a drive.
type thread struct {
	_       [64]byte
	stream  *workloads.Stream
	exec    *workloads.Executor
	rec     *recorder
	commits *commitTimer // nil without transactions
	role    workloads.Role
	number  int
	op      workloads.Op
	more    bool // op is the first of the measured part

	units     [maxKinds]int64 // logical operations of the measured part, by kind
	published int64           // of units, added to Drive.done
	end       int64           // ns since the start
	warm      workloads.Counts
	err       error
	_         [64]byte
}

func (t *thread) isForeground() bool { return t.role == workloads.Foreground }
func (t *thread) isBackground() bool { return t.role == workloads.Background }

func (t *thread) runWarmUp(d *Drive) {
	for t.more = t.stream.Next(&t.op); t.more && t.op.Warmup && !d.stop.Load(); t.more = t.stream.Next(&t.op) {
		if t.err = t.exec.Do(&t.op); t.err != nil {
			return
		}
	}
	t.warm = t.exec.Counts
}

func (t *thread) runMeasured(d *Drive) {
	if t.commits != nil {
		t.commits.measuring = true
	}
	t.work(d, d.deadline())
	if err := t.exec.Close(); t.err == nil {
		t.err = err
	}
	d.publish(t)
}

// runSettling works like the measured part until the drive stops it, and forgets what it
// measured.
func (t *thread) runSettling(d *Drive) {
	t.work(d, noDeadline)
	t.rec, t.units, t.published, t.end = newRecorder(maxKinds), [maxKinds]int64{}, 0, 0
	t.warm = t.exec.Counts
}

// work carries out operations until the drive stops, the deadline in ns after the start, or
// the end of the stream.
func (t *thread) work(d *Drive, deadline int64) {
	switch {
	case !t.more:
	case d.rate > 0 && t.isForeground():
		t.runOpen(d, deadline)
	default:
		t.runClosed(d, deadline)
	}
}

// next draws the next operation. There is none at the end of the stream.
func (t *thread) next() bool {
	t.more = t.stream.Next(&t.op)
	return t.more
}

// runClosed starts every operation when the one before has ended.
func (t *thread) runClosed(d *Drive, deadline int64) {
	begin := d.clock.Now() - d.start
	for !d.stop.Load() {
		if t.err = t.exec.Do(&t.op); t.err != nil {
			return
		}
		end := d.clock.Now() - d.start
		next := end
		if end >= t.rec.end || !t.rec.ready(int(t.op.Kind)) {
			t.maintain(d, end)
			next = d.clock.Now() - d.start // maintenance is no operation's time
		}
		t.count(end - begin)
		t.end, begin = end, next
		if end >= deadline || !t.next() {
			return
		}
	}
}

// runOpen paces the operations by the clock.
func (t *thread) runOpen(d *Drive, deadline int64) {
	p, err := newPacer()
	if err != nil {
		t.err = err
		return
	}
	defer func() { _ = p.close() }() // nothing is written there
	now := func() int64 { return d.clock.Now() - d.start }
	t.runPaced(d, deadline, now, func(at int64) error { return p.waitUntil(at, now) })
}

// runPaced starts operation k of thread i of n at (i + k*n)/rate, or where the bursts of
// the workload put that time, or as soon after as the one before has ended. It records
// the time from the real and from the intended start. Times are in ns since the start: now
// reads the clock, and wait returns when it has reached a time.
func (t *thread) runPaced(d *Drive, deadline int64, now func() int64, wait func(at int64) error) {
	for k := int64(0); !d.stop.Load(); k++ {
		even := float64(int64(t.number)+k*int64(d.foreground)) / d.rate
		intended := int64(d.workload.Arrival(even) * 1e9)
		if intended >= deadline {
			return
		}
		if t.err = wait(intended); t.err != nil {
			return
		}
		begin := now()
		if t.err = t.exec.Do(&t.op); t.err != nil {
			return
		}
		end := now()
		if end >= t.rec.end || !t.rec.ready(int(t.op.Kind)) {
			t.maintain(d, end)
		}
		t.count(end - begin)
		t.rec.addIntended(end - intended)
		t.end = end
		if !t.next() {
			return
		}
	}
}

// maintain closes the interval that is over and gives a kind of operation that is
// new its histogram.
func (t *thread) maintain(d *Drive, now int64) {
	if now >= t.rec.end {
		t.rec.roll(now)
		d.publish(t)
	}
	if kind := int(t.op.Kind); !t.rec.ready(kind) {
		t.rec.prepare(kind)
	}
}

// count records the operation that has just ended.
func (t *thread) count(ns int64) {
	kind := t.op.Kind % maxKinds
	t.rec.add(int(kind), ns)
	t.units[kind] += int64(t.op.Units)
}

// ops returns the logical operations of the measured part so far.
func (t *thread) ops() (sum int64) {
	for _, n := range t.units {
		sum += n
	}
	return sum
}
