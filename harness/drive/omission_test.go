package drive

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
	"lsmlab/harness/result"
	"lsmlab/workloads"
)

// clockwork is an engine in virtual time: each write takes a known time, and nothing else
// takes any.
type clockwork struct {
	kv.Engine
	now   *int64 // ns
	calls *int
	takes func(call int) time.Duration
}

func (c clockwork) Apply(*kv.Batch, kv.Durability) error {
	*c.now += int64(c.takes(*c.calls))
	*c.calls++
	return nil
}

// paced carries out operations at a rate in virtual time, thread after thread: each has its
// own clock and its own count of calls. It returns the latencies that the drive reports.
func paced(t *testing.T, operations int64, threads int, rate float64, takes func(thread, call int) time.Duration) (service, intended result.Latency) {
	t.Helper()
	var now int64
	var calls, number int
	e := clockwork{nothing(t), &now, &calls, func(call int) time.Duration { return takes(number, call) }}
	w := fill(t, workloads.Spec{Keys: 1000, Operations: operations, Threads: threads, Warmup: workloads.NoWarmup})
	d := New(w, e, kv.Volatile, 0, rate)
	if err := d.WarmUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	d.stop.Store(false)
	for _, th := range d.threads {
		now, calls, number = 0, 0, th.number
		th.runPaced(d, noDeadline, func() int64 { return now }, func(at int64) error {
			now = max(now, at)
			return nil
		})
		if th.err != nil {
			t.Fatal(th.err)
		}
		th.rec.fold()
	}
	s, i := d.latency((*thread).isForeground)
	return s, *i
}

// An engine that stalls on purpose, with the answer that arithmetic gives. At 1000
// operations/s a call takes 100 us, and call 100 takes 200.1 ms. From its intended start,
// call 100+k takes 200.1 - 0.9k ms, as each call after the stall catches up by the gap of
// 1 ms less its own 0.1 ms. That is more than 0.1 ms up to k = 222, so 223 of 500 calls are late. A
// closed loop sees one slow call (Tene, "How NOT to Measure Latency": coordinated omission).
func TestStallHasItsKnownAnswer(t *testing.T) {
	const operations, late = 500, 223
	service, intended := paced(t, operations, 1, 1000, func(_, call int) time.Duration {
		if call == 100 {
			return 200*time.Millisecond + 100*time.Microsecond
		}
		return 100 * time.Microsecond
	})
	millis := func(ms float64) float64 { return ms * 1e6 }
	// The value with n calls above it is that of call 100+n while n < 223.
	above := func(n float64) float64 { return millis(200.1 - 0.9*n) }
	sum := millis(0.1) * (operations - late)
	for k := range late {
		sum += above(float64(k))
	}
	for what, c := range map[string]struct{ got, want float64 }{
		"service p50":    {float64(service.P50), millis(0.1)},
		"service p99":    {float64(service.P99), millis(0.1)},
		"service max":    {float64(service.Max), millis(200.1)},
		"intended p50":   {float64(intended.P50), millis(0.1)},
		"intended p90":   {float64(intended.P90), above(operations * 0.1)},
		"intended p99":   {float64(intended.P99), above(operations * 0.01)},
		"intended max":   {float64(intended.Max), above(0)},
		"intended mean":  {intended.Mean, sum / operations},
		"intended p99.9": {float64(intended.P999), above(0)},
	} {
		if math.Abs(c.got-c.want) > c.want/1000+2 {
			t.Errorf("%s is %.0f ns, want %.0f", what, c.got, c.want)
		}
	}
}

// Calls of random length, some of them long stalls, on several threads: every quantile from
// the intended start is that of Lindley's recursion, by which a call waits for what is left
// of the one before it (Lindley, "The Theory of Queues with a Single Server", 1952).
func TestOpenLoopIsLindleys(t *testing.T) {
	rng := testseed.Rand(t)
	for range 20 {
		threads, calls := 1+rng.IntN(4), 50+rng.IntN(1000)
		gap := int64(20_000 + rng.IntN(2_000_000)) // of a thread
		lengths := make([][]int64, threads)
		var service, intended []int64
		for th := range lengths {
			wait := int64(0)
			for range calls {
				length := 1 + int64(float64(gap)*1.2*rng.Float64())
				if rng.IntN(50) == 0 {
					length *= int64(1 + rng.IntN(200))
				}
				lengths[th] = append(lengths[th], length)
				service, intended = append(service, length), append(intended, wait+length)
				wait = max(0, wait+length-gap)
			}
		}
		gotService, gotIntended := paced(t, int64(threads*calls), threads, 1e9*float64(threads)/float64(gap),
			func(thread, call int) time.Duration { return time.Duration(lengths[thread][call]) })
		checkQuantiles(t, "service", gotService, service)
		checkQuantiles(t, "intended", gotIntended, intended)
	}
}

// checkQuantiles compares latencies with those that they summarize, to the three digits of
// the histogram, and to 3 ns for starts that are no whole ns.
func checkQuantiles(t *testing.T, what string, got result.Latency, all []int64) {
	t.Helper()
	slices.Sort(all)
	for share, v := range map[float64]int64{0.5: got.P50, 0.9: got.P90, 0.99: got.P99, 0.999: got.P999, 1: got.Max} {
		rank := int(share*float64(len(all)) + 0.5)
		if want := float64(all[max(rank, 1)-1]); math.Abs(float64(v)-want) > want/1000+3 {
			t.Errorf("%s, %d calls: the value at %v is %d ns, want %.0f", what, len(all), share, v, want)
		}
	}
}
