package drive

import (
	"context"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/harness/clock"
	"lsmlab/workloads"
)

func TestCalibrate(t *testing.T) {
	cost, err := Calibrate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("harness %.1f ns an operation, of it measuring %.1f ns, of it the clock %.1f ns",
		cost.HarnessNSPerOp, cost.MeasureNSPerOp, cost.ClockNS)
	if cost.HarnessNSPerOp <= cost.ClockNS || cost.HarnessNSPerOp > 5000 {
		t.Errorf("%+v", cost)
	}
}

// BenchmarkHarness is the driver's own cost: a whole operation on an engine that
// does nothing, and its parts.
func BenchmarkHarness(b *testing.B) {
	w := func(b *testing.B) *workloads.Workload {
		w, err := workloads.New(workloads.Spec{Workload: "fillrandom", Keys: 1 << 20, Operations: int64(b.N), Warmup: workloads.NoWarmup})
		if err != nil {
			b.Fatal(err)
		}
		return w
	}
	b.Run("drive", func(b *testing.B) {
		d := New(w(b), nothing(b), kv.Volatile, 0, 0)
		if err := d.WarmUp(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		if err := d.Measure(context.Background(), func(time.Time) {}); err != nil {
			b.Fatal(err)
		}
	})
	b.Run("stream", func(b *testing.B) {
		s := w(b).Stream(0)
		var op workloads.Op
		for range b.N {
			s.Next(&op)
		}
	})
	b.Run("stream+execute", func(b *testing.B) {
		work := w(b)
		s, x := work.Stream(0), workloads.NewExecutor(work, nothing(b), kv.Volatile)
		for op := (workloads.Op{}); s.Next(&op); {
			if err := x.Do(&op); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("clock", func(b *testing.B) {
		c := clock.Start()
		for range b.N {
			c.Now()
		}
	})
}
