package harness

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lsmlab/harness/result"
)

// A recorder takes the latencies of one thread. It is used by that thread alone
// until the thread has ended; nothing in it is shared, so recording costs two
// array increments and no atomic.
//
// The arrays have the layout of an HdrHistogram with the geometry of
// [result.NewHist], so that converting them at the end copies counts and
// rounds nothing (Gil Tene, HdrHistogram; the layout is in its Java sources,
// AbstractHistogram.countsArrayIndex). The library's RecordValue does the same
// job in twice the time: see BenchmarkRecord.
//
// Operations are recorded into the arrays of the current interval of 100 ms.
// When an operation ends after it, the thread itself folds the interval into
// its totals and keeps a coarse copy for the timeline: no other thread ever
// looks at the hot arrays.
//
// Invariants: (1) cur[c] is zero above index(curMax[c]); (2) an operation
// belongs to the interval in which it ended; (3) total + cur hold every
// recorded operation once.
type recorder struct {
	channels []channel
	interval int64 // number of the current interval
	end      int64 // ns since the start at which it ends
	closed   []interval
}

// channel is one histogram: an operation kind, or time from intended start.
type channel struct {
	cur    []uint32
	curMax int64 // ns, of the current interval
	total  []int64
	sum    int64 // ns
	max    int64 // ns
	count  int64
}

// interval is one closed interval of one thread.
type interval struct {
	number   int64
	ops      int64
	service  []coarseBucket
	intended []coarseBucket
}

// coarseBucket is a run of 32 neighbouring buckets: 3% wide, enough for a line
// in a chart.
type coarseBucket struct {
	index uint16
	count uint32
}

const (
	histHalf    = 1024 // sub-buckets of each power of two: three digits
	histBuckets = 33 * histHalf
	coarseShift = 5
)

// histIndex returns the bucket of v ns; values outside the range go to its ends.
func histIndex(v int64) int {
	if uint64(v) >= 2*histHalf {
		if v < 0 {
			return 0
		}
		v = min(v, result.HistHighest)
		shift := bits.Len64(uint64(v)) - 11
		return shift*histHalf + int(v>>shift)
	}
	return int(v)
}

// histValue returns the highest value of a bucket, as HdrHistogram reports it.
func histValue(i int) int64 {
	if i < 2*histHalf {
		return int64(i)
	}
	shift := i/histHalf - 1
	return (int64(i-shift*histHalf)+1)<<shift - 1
}

// newRecorder makes a recorder for the given number of kinds; channel number
// kinds takes times from the intended start. A channel gets its 400 KiB from
// prepare, so kinds that do not occur cost nothing.
func newRecorder(kinds int) *recorder {
	r := &recorder{channels: make([]channel, kinds+1), end: int64(result.SampleInterval)}
	return r
}

// add records one operation of a kind that is ready.
func (r *recorder) add(kind int, ns int64) { r.channels[kind].add(ns) }

// addIntended records the same operation's time from its intended start.
func (r *recorder) addIntended(ns int64) {
	last := len(r.channels) - 1
	if !r.ready(last) {
		r.prepare(last)
	}
	r.channels[last].add(ns)
}

// ready says whether the channel of a kind has its memory; prepare gives it that.
func (r *recorder) ready(kind int) bool { return len(r.channels[kind].cur) != 0 }

func (r *recorder) prepare(kind int) {
	c := &r.channels[kind]
	c.cur, c.total = make([]uint32, histBuckets), make([]int64, histBuckets)
	// Touch every page now: a first touch while measuring is a page fault.
	for i := 0; i < histBuckets; i += histHalf / 2 {
		c.cur[i], c.total[i] = 0, 0
	}
}

func (c *channel) add(ns int64) {
	c.cur[histIndex(ns)]++
	c.sum += ns
	c.curMax = max(c.curMax, ns)
}

// roll closes the current interval and begins the one that holds now, ns since
// the start. It takes some 20 us, which the caller charges to no operation.
func (r *recorder) roll(now int64) {
	r.fold()
	r.interval = now / int64(result.SampleInterval)
	r.end = (r.interval + 1) * int64(result.SampleInterval)
}

func (r *recorder) fold() {
	iv := interval{number: r.interval}
	last := len(r.channels) - 1
	for i := range r.channels[:last] {
		iv.service = r.channels[i].fold(iv.service)
	}
	iv.intended = r.channels[last].fold(nil)
	for _, b := range iv.service {
		iv.ops += int64(b.count)
	}
	if iv.ops > 0 {
		r.closed = append(r.closed, iv)
	}
}

// fold moves the current interval into the totals and appends its non-empty
// coarse buckets to out.
func (c *channel) fold(out []coarseBucket) []coarseBucket {
	if len(c.cur) == 0 {
		return out
	}
	end := histIndex(c.curMax) + 1
	for lo := 0; lo < end; lo += 1 << coarseShift {
		var sum uint32
		for i := lo; i < min(lo+1<<coarseShift, end); i++ {
			if n := c.cur[i]; n != 0 {
				sum += n
				c.total[i] += int64(n)
				c.cur[i] = 0
			}
		}
		if sum != 0 {
			out = append(out, coarseBucket{uint16(lo >> coarseShift), sum})
			c.count += int64(sum)
		}
	}
	c.max = max(c.max, c.curMax)
	c.curMax = 0
	return out
}

// hist is a merged histogram with its exact maximum and sum.
type hist struct {
	counts   []int64
	count    int64
	sum, max int64 // ns
}

// merge adds a folded channel.
func (h *hist) merge(c *channel) {
	if c.count == 0 {
		return
	}
	if h.counts == nil {
		h.counts = make([]int64, histBuckets)
	}
	for i, n := range c.total {
		h.counts[i] += n
	}
	h.count += c.count
	h.sum += c.sum
	h.max = max(h.max, c.max)
}

// hdr returns the histogram in the form in which it is stored.
func (h *hist) hdr() *hdrhistogram.Histogram {
	counts := h.counts
	if counts == nil {
		counts = make([]int64, histBuckets)
	}
	return hdrhistogram.Import(&hdrhistogram.Snapshot{
		LowestTrackableValue:  result.HistLowest,
		HighestTrackableValue: result.HistHighest,
		SignificantFigures:    result.HistDigits,
		Counts:                counts,
	})
}

// latency summarizes h; mean and maximum are exact.
func (h *hist) latency() result.Latency {
	if h.count == 0 {
		return result.Latency{}
	}
	l := result.Summarize(h.hdr())
	l.Max = h.max
	l.Mean = float64(h.sum) / float64(h.count)
	// A bucket reports its upper end, which can lie over the largest value.
	l.P50, l.P90, l.P99, l.P999 = min(l.P50, h.max), min(l.P90, h.max), min(l.P99, h.max), min(l.P999, h.max)
	return l
}

// timeline merges the closed intervals of several threads: operations a second
// and the 99th percentiles over each interval until end. An interval in which
// nothing ended has 0 operations a second and no percentile.
func timeline(threads []*recorder, end time.Duration) (ops, p99, intended result.Series) {
	n := int((end + result.SampleInterval - 1) / result.SampleInterval)
	count := make([]int64, n)
	service, late := make([][]uint32, n), make([][]uint32, n)
	for _, r := range threads {
		for _, iv := range r.closed {
			k := min(int(iv.number), n-1)
			count[k] += iv.ops
			service[k] = addCoarse(service[k], iv.service)
			late[k] = addCoarse(late[k], iv.intended)
		}
	}
	ops.Name, p99.Name, intended.Name = result.SeriesOps, result.SeriesP99, result.SeriesIntendedP99
	for k := range n {
		from := time.Duration(k) * result.SampleInterval
		to := min(from+result.SampleInterval, end)
		ops.Add(to, float64(count[k])/(to-from).Seconds())
		if v, ok := coarseQuantile(service[k], 0.99); ok {
			p99.Add(to, v)
		}
		if v, ok := coarseQuantile(late[k], 0.99); ok {
			intended.Add(to, v)
		}
	}
	return ops, p99, intended
}

func addCoarse(sum []uint32, buckets []coarseBucket) []uint32 {
	if sum == nil && len(buckets) > 0 {
		sum = make([]uint32, histBuckets>>coarseShift)
	}
	for _, b := range buckets {
		sum[b.index] += b.count
	}
	return sum
}

// coarseQuantile returns the upper end of the bucket that holds quantile q.
func coarseQuantile(counts []uint32, q float64) (ns float64, ok bool) {
	var total uint64
	for _, n := range counts {
		total += uint64(n)
	}
	if total == 0 {
		return 0, false
	}
	rank := uint64(q * float64(total))
	for i, n := range counts {
		if rank < uint64(n) {
			return float64(histValue((i+1)<<coarseShift - 1)), true
		}
		rank -= uint64(n)
	}
	return 0, false
}
