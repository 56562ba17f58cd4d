package drive

import (
	"context"
	"errors"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/peers/noop"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// sluggish is an engine whose writes take a while, and now and then very long.
type sluggish struct {
	kv.Engine
	usual time.Duration
	stall func() time.Duration
}

func (s sluggish) Apply(*kv.Batch, kv.Durability) error {
	time.Sleep(s.usual + s.stall())
	return nil
}

// nothing is an engine that does nothing.
func nothing(t testing.TB) kv.Engine {
	t.Helper()
	e, err := noop.Open("")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func fill(t *testing.T, spec workloads.Spec) *workloads.Workload {
	t.Helper()
	spec.Workload = "fillrandom"
	w, err := workloads.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Coordinated omission: one stall of 200 ms under 1000 operations/s. A closed loop
// counts it once, so its p99 shows nothing; from the intended start some 200
// operations were late, and p99 must show it (Gil Tene).
func TestOpenLoopSeesTheQueue(t *testing.T) {
	calls := 0
	e := sluggish{Engine: nothing(t), stall: func() time.Duration {
		if calls++; calls == 100 {
			return 200 * time.Millisecond
		}
		return 0
	}}
	d := New(fill(t, workloads.Spec{Keys: 1000, Operations: 500, Warmup: workloads.NoWarmup}), e, kv.Volatile, 0, 1000)
	if err := d.WarmUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	err := d.Measure(context.Background(), func(time.Time) {})
	if err != nil {
		t.Fatal(err)
	}
	service, intended := d.latency((*thread).isForeground)
	if intended == nil || intended.P90 < int64(20*time.Millisecond) || intended.Max < int64(150*time.Millisecond) {
		t.Errorf("from the intended start: %+v", intended)
	}
	if service.P90 > intended.P90/2 {
		t.Errorf("service time %+v, from the intended start %+v", service, intended)
	}
	if d.threads[0].rec.calls() != 500 || d.Length() < 490*time.Millisecond {
		t.Errorf("%d operations in %v", d.threads[0].rec.calls(), d.Length())
	}
}

// A time limit ends a run without a number of operations, on every thread.
func TestDriveStopsInTime(t *testing.T) {
	d := New(fill(t, workloads.Spec{Operations: workloads.Unlimited, Threads: 3}), nothing(t), kv.Volatile, 50*time.Millisecond, 0)
	if err := d.WarmUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	err := d.Measure(context.Background(), func(time.Time) {})
	if length := d.Length(); err != nil || length < 50*time.Millisecond || length > 5*time.Second {
		t.Errorf("%v, %v", length, err)
	}
	for _, th := range d.threads {
		if th.ops() == 0 {
			t.Errorf("thread %d did nothing", th.number)
		}
	}
}

// The end of the context ends a run that would go on for ever.
func TestDriveIsCut(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	d := New(fill(t, workloads.Spec{Operations: workloads.Unlimited, Threads: 2}), nothing(t), kv.Volatile, 0, 0)
	if err := d.WarmUp(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.Measure(ctx, func(time.Time) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// bank is an engine with transactions, each committed after a while. The first so many
// commits meet a conflict.
type bank struct {
	kv.Engine
	conflicts *int
}

type bankTxn struct {
	kv.Txn
	bank  bank
	value []byte
}

func (b bank) Begin(kv.TxnOptions) (kv.Txn, error) {
	return &bankTxn{bank: b, value: make([]byte, 100)}, nil
}

func (t *bankTxn) Get(dst, _ []byte) ([]byte, error) { return append(dst, t.value...), nil }
func (t *bankTxn) Set(_, _ []byte) error             { return nil }
func (t *bankTxn) Discard()                          {}
func (t *bankTxn) Commit(kv.Durability) error {
	if *t.bank.conflicts > 0 {
		*t.bank.conflicts--
		return kv.ErrConflict
	}
	time.Sleep(time.Millisecond)
	return nil
}

// Transactions are counted as they end, and the time of commits is theirs alone: of the
// measured part, of transactions that write.
func TestDriveCountsTransactions(t *testing.T) {
	w, err := workloads.New(workloads.Spec{Workload: "ycsb-t", Keys: 100, Operations: 300, Warmup: 20, Theta: 0.5, Isolation: kv.Serializable})
	if err != nil {
		t.Fatal(err)
	}
	conflicts := 0
	d := New(w, bank{nothing(t), &conflicts}, kv.Volatile, 0, 0)
	if err := d.WarmUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	conflicts = 7
	if err := d.Measure(context.Background(), func(time.Time) {}); err != nil {
		t.Fatal(err)
	}
	var c result.Cell
	d.Fill(&c)
	got := c.Transactions
	if got == nil || got.Commits != 300 || got.Conflicts != 7 || got.Retries != 7 || got.AbortRate != 7.0/307 ||
		got.Isolation != "serializable" || got.Theta != 0.5 || got.CommitsPerSec <= 0 {
		t.Errorf("%+v", got)
	}
	if n, want := d.commitTimes().count, d.Units(workloads.Transfer); n != want || want == 0 || got.CommitLatency.P50 < int64(time.Millisecond) {
		t.Errorf("%d commits timed of %d transfers: %+v", n, want, got.CommitLatency)
	}
	if len(c.Kinds) != 2 || c.Kinds[0].Name != "read-account" || c.Kinds[1].Name != "transfer" {
		t.Errorf("%+v", c.Kinds)
	}
}

// All operations of the spec are in the histogram, none of the warm-up is.
func TestDriveCountsWhatItMeasures(t *testing.T) {
	w := fill(t, workloads.Spec{Keys: 1000, Operations: 5003, Warmup: 700, Threads: 4})
	d := New(w, nothing(t), kv.Volatile, 0, 0)
	if err := d.WarmUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := d.Measure(context.Background(), func(time.Time) {}); err != nil {
		t.Fatal(err)
	}
	service, _ := d.merged((*thread).isForeground, allKinds)
	measured, all := d.Counts()
	if service.count != 5003 || measured.Writes != 5003 || all.Writes != 5703 || d.Done() != 5003 {
		t.Errorf("%d in the histogram, %d of %d writes, %d told", service.count, measured.Writes, all.Writes, d.Done())
	}
}

// Settling ends when it is told to. What it did counts as warm-up, and the operations go on
// from there, on every thread.
func TestSettle(t *testing.T) {
	d := New(fill(t, workloads.Spec{Operations: workloads.Unlimited, Threads: 2}), nothing(t), kv.Volatile, 20*time.Millisecond, 0)
	if err := d.WarmUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	asked, ops := 0, 0.0
	err := d.Settle(context.Background(), time.Hour, func(opsPerSec float64) bool {
		asked++
		ops += opsPerSec / 10
		return asked < 3 || ops == 0 // the threads may not have run yet
	})
	_, warm := d.Counts()
	if err != nil || asked < 3 || float64(warm.Writes) < ops || d.Done() != 0 {
		t.Fatalf("%v: asked %d times, %.0f operations told, %d counted, %d left as done", err, asked, ops, warm.Writes, d.Done())
	}
	if err := d.Measure(context.Background(), func(time.Time) {}); err != nil {
		t.Fatal(err)
	}
	measured, all := d.Counts()
	if measured.Writes == 0 || all.Writes != warm.Writes+measured.Writes {
		t.Errorf("%d writes to settle, %d measured, %d in all", warm.Writes, measured.Writes, all.Writes)
	}
	var c result.Cell
	d.Fill(&c)
	if c.Ops != measured.Writes || c.Calls != c.Ops {
		t.Errorf("%d operations, %d calls, of %d writes", c.Ops, c.Calls, measured.Writes)
	}
}

// Settling gives up after its time, and ends with the operations of the workload.
func TestSettleEnds(t *testing.T) {
	for name, c := range map[string]struct {
		operations int64
		most       time.Duration
	}{"time": {workloads.Unlimited, 150 * time.Millisecond}, "operations": {1000, time.Hour}} {
		d := New(fill(t, workloads.Spec{Operations: c.operations}), nothing(t), kv.Volatile, time.Millisecond, 0)
		if err := d.WarmUp(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := d.Settle(context.Background(), c.most, func(float64) bool { return true }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := d.Measure(context.Background(), func(time.Time) {}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
