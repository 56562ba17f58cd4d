package drive

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lsmlab/harness/result"
)

func testRecorder(kinds int) *recorder {
	r := newRecorder(kinds)
	for i := range kinds {
		r.prepare(i)
	}
	return r
}

// The hot arrays must be an HdrHistogram by another name: for any values,
// recording here and converting equals recording with the library.
func TestRecorderIsAnHdrHistogram(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) int64 {
		return rapid.Int64Range(0, result.HistHighest).Draw(t, "v") >> rapid.IntRange(0, 42).Draw(t, "shift")
	})
	rapid.Check(t, func(t *rapid.T) {
		want := result.NewHist()
		r := testRecorder(1)
		now := int64(0)
		var sum, top int64
		for _, v := range rapid.SliceOfN(value, 1, 300).Draw(t, "values") {
			if err := want.RecordValue(v); err != nil {
				t.Fatal(err)
			}
			now += rapid.Int64Range(0, int64(result.SampleInterval)).Draw(t, "gap")
			if now >= r.end {
				r.roll(now)
			}
			r.add(0, v)
			sum, top = sum+v, max(top, v)
		}
		r.fold()
		var h hist
		h.merge(&r.channels[0])
		if !h.hdr().Equals(want) {
			t.Fatal("the converted histogram differs from the library's")
		}
		if h.sum != sum || h.max != top || h.count != want.TotalCount() {
			t.Fatalf("sum %d max %d count %d, want %d %d %d", h.sum, h.max, h.count, sum, top, want.TotalCount())
		}
		var inIntervals int64
		for _, iv := range r.closed {
			inIntervals += iv.ops
		}
		if inIntervals != want.TotalCount() {
			t.Fatalf("%d operations in intervals, want %d", inIntervals, want.TotalCount())
		}
	})
}

func TestHistIndexAndValue(t *testing.T) {
	for i := range histBuckets - 1 {
		v := histValue(i)
		if v > result.HistHighest {
			break
		}
		if histIndex(v) != i || histIndex(v+1) != min(i+1, histIndex(result.HistHighest)) {
			t.Fatalf("bucket %d ends at %d: index %d, then %d", i, v, histIndex(v), histIndex(v+1))
		}
	}
	if histIndex(-1) != 0 || histIndex(1<<62) != histIndex(result.HistHighest) || histIndex(result.HistHighest) >= histBuckets {
		t.Error("values outside the range must go to its ends")
	}
}

// Two threads, three intervals, the middle one empty.
func TestTimeline(t *testing.T) {
	a, b := testRecorder(1), testRecorder(1)
	for range 99 {
		a.add(0, 1000)
	}
	b.add(0, 50_000)
	b.roll(int64(250 * time.Millisecond))
	b.add(0, 7000)
	b.addIntended(9000)
	a.fold()
	b.fold()
	ops, p99, intended := timeline([]*recorder{a, b}, 250*time.Millisecond)
	if want := []float64{1000, 0, 20}; len(ops.Values) != 3 || ops.Values[0] != want[0] || ops.Values[1] != want[1] || ops.Values[2] != want[2] {
		t.Errorf("operations/s %v, want %v", ops.Values, want)
	}
	if len(p99.Values) != 2 || p99.Values[0] < 50_000 || p99.Values[0] > 52_000 || p99.Millis[1] != 250 {
		t.Errorf("p99 %v at %v", p99.Values, p99.Millis)
	}
	if len(intended.Values) != 1 {
		t.Errorf("intended p99 %v", intended.Values)
	}
}

var benchValues = func() (v [4096]int64) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range v {
		v[i] = int64(500 * (1 + rng.ExpFloat64()*3))
	}
	return v
}()

func BenchmarkRecord(b *testing.B) {
	b.Run("recorder", func(b *testing.B) {
		r := testRecorder(1)
		for i := range b.N {
			r.add(0, benchValues[i&4095])
		}
	})
	b.Run("hdrhistogram", func(b *testing.B) {
		h := result.NewHist()
		for i := range b.N {
			_ = h.RecordValue(benchValues[i&4095])
		}
	})
}

func BenchmarkRoll(b *testing.B) {
	r := testRecorder(2)
	for i := range b.N {
		for _, v := range benchValues {
			r.add(0, v)
		}
		r.add(0, 1e8) // a slow operation makes the fold walk far
		r.roll(int64(i) * int64(result.SampleInterval))
		r.closed = r.closed[:0]
	}
}
