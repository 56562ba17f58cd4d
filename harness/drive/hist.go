package drive

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"lsmlab/harness/result"
)

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
