package drive

import (
	"math/bits"

	"lsmlab/harness/result"
)

// A recorder takes the latencies of one thread. Only that thread uses it until the
// thread has ended. Nothing in it is shared, so recording costs two array increments
// and no atomic operation.
//
// The arrays have the layout of an HdrHistogram with the geometry of [result.NewHist],
// so that converting them at the end copies counts and rounds nothing (Gil Tene,
// HdrHistogram; the layout is in its Java sources, AbstractHistogram.countsArrayIndex).
// RecordValue of the library does the same in twice the time: see BenchmarkRecord.
//
// Operations are recorded into the arrays of the current interval of 100 ms. When an
// operation ends after that interval, the thread itself folds the interval into its
// totals, and keeps a coarse copy for the timeline. So no other thread ever reads the
// arrays that are in use.
//
// Invariants:
//
//  1. cur[c] is zero above index(curMax[c]).
//  2. An operation belongs to the interval in which it ended.
//  3. total + cur contain every recorded operation once.
type recorder struct {
	channels []channel
	interval int64 // number of the current interval
	end      int64 // end of the current interval, in ns since the start
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

// interval is one completed interval of one thread.
type interval struct {
	number   int64
	ops      int64
	service  []coarseBucket
	intended []coarseBucket
}

// coarseBucket is a run of 32 neighbouring buckets. It is 3% wide, which is enough for
// a line in a chart.
type coarseBucket struct {
	index uint16
	count uint32
}

const (
	histHalf    = 1024 // sub-buckets of each power of two: three digits
	histBuckets = 33 * histHalf
	coarseShift = 5
)

// histIndex returns the bucket of v ns. Values outside the range go to its ends.
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

// newRecorder makes a recorder for the given number of kinds. Channel number kinds
// takes times from the intended start. prepare allocates the 400 KiB of a channel, so
// kinds that do not occur cost nothing.
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
	// Touch every page now: the first access would be a page fault while measuring.
	for i := 0; i < histBuckets; i += histHalf / 2 {
		c.cur[i], c.total[i] = 0, 0
	}
}

func (c *channel) add(ns int64) {
	c.cur[histIndex(ns)]++
	c.sum += ns
	c.curMax = max(c.curMax, ns)
}

// roll ends the current interval and begins the one that contains now, in ns since the
// start. It takes about 20 us, which the caller adds to no operation.
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

// fold adds the current interval to the totals and appends its non-empty coarse buckets
// to out.
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

// calls returns how many operations were recorded, once the last interval is folded.
func (r *recorder) calls() (sum int64) {
	for _, iv := range r.closed {
		sum += iv.ops
	}
	return sum
}
