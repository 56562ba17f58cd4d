package drive

import (
	"time"

	"lsmlab/harness/result"
)

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
