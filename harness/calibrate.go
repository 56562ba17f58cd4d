package harness

import (
	"context"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/workloads"
)

// Cost is what the harness itself takes.
type Cost struct {
	HarnessNSPerOp float64
	ClockNS        float64
}

// calibrationTime is how long Calibrate drives nothing.
const calibrationTime = 300 * time.Millisecond

// Calibrate measures what the harness adds to every operation: it drives one
// thread of fillrandom, with its default sizes, on an engine that does nothing,
// in this process. Making the operation, recording it and reading the clock are
// all of it. Of three runs the fastest counts: the rest is other load.
func Calibrate(ctx context.Context) (Cost, error) {
	w, err := workloads.New(workloads.Spec{Workload: "fillrandom", Keys: 1 << 20, Operations: workloads.Unlimited})
	if err != nil {
		return Cost{}, err
	}
	var best float64
	for range 3 {
		d := newDrive(w, nothing{}, kv.Volatile, calibrationTime/3, 0)
		if err := d.warmUp(ctx); err != nil {
			return Cost{}, err
		}
		length, err := d.measure(ctx, func(time.Time) {})
		if err != nil {
			return Cost{}, err
		}
		ns := float64(length) / float64(max(d.threads[0].calls, 1))
		if best == 0 || ns < best {
			best = ns
		}
	}
	return Cost{HarnessNSPerOp: best, ClockNS: clockCost()}, nil
}

func clockCost() float64 {
	const n = 20_000
	base := time.Now()
	var last time.Duration
	for range n {
		last = time.Since(base)
	}
	return float64(last) / n
}

// nothing is an engine that takes every write and holds none.
type nothing struct{}

func (nothing) Apply(*kv.Batch, kv.Durability) error { return nil }
func (nothing) Get(dst, _ []byte) ([]byte, error)    { return dst, kv.ErrNotFound }
func (nothing) Scan(_, _ []byte) kv.Iterator         { return noEntries{} }
func (nothing) Snapshot() (kv.Snapshot, error)       { return nothing{}, nil }
func (nothing) Close() error                         { return nil }

// noEntries is an iterator over nothing.
type noEntries struct{}

func (noEntries) First() bool        { return false }
func (noEntries) SeekGE([]byte) bool { return false }
func (noEntries) Next() bool         { return false }
func (noEntries) Key() []byte        { return nil }
func (noEntries) Value() []byte      { return nil }
func (noEntries) Close() error       { return nil }
