package trace

import (
	"math"
	"slices"
	"time"

	"lsmlab/workloads"
)

// sizesOf returns n sorted sizes of a distribution.
func sizesOf(z *workloads.Sizes, n int) []int {
	p, err := replayModel(workloads.Spec{
		Workload: "mix", Mix: map[string]float64{"set": 1}, Keys: 1, ValueSizes: z, Operations: workloads.Unlimited, Warmup: workloads.NoWarmup,
	}, min(n, 100_000), 1)
	if err != nil {
		return nil // sizes that no workload takes are far from all
	}
	return p.sizes
}

// replayModel returns the profile of a number of operations of a workload.
func replayModel(spec workloads.Spec, operations int, seed uint64) (*profile, error) {
	spec.Seed = seed
	w, err := workloads.New(spec)
	if err != nil {
		return nil, err
	}
	p := newProfiler()
	s := w.Stream(0)
	for op := (workloads.Op{}); len(p.accesses) < operations && s.Next(&op); {
		e := Event{Key: op.Key, Size: len(op.Value), Entries: op.ScanLen}
		switch op.Kind {
		case workloads.Set:
			e.Kind = Set
		case workloads.Delete:
			e.Kind = Delete
		case workloads.Scan:
			e.Kind = Scan
		}
		p.add(&e)
	}
	return p.profile(), nil
}

// distances compares a trace with the replay of its model, and that with another one.
func distances(t, model, again *profile) []Distance {
	const ks = "Kolmogorov-Smirnov"
	even := evenGaps(t.gaps)
	poisson := poissonGaps(t.gaps)
	return []Distance{
		{"kinds of operations", variation(t, model), "total variation", variation(model, again)},
		{"popularity of keys", distance(t.ranks, model.ranks), ks, distance(model.ranks, again.ranks)},
		{"locality: reuse distances", distance(t.reuse, model.reuse), ks, distance(model.reuse, again.reuse)},
		{"accesses to new keys", math.Abs(t.fresh - model.fresh), "difference", math.Abs(model.fresh - again.fresh)},
		{"sizes of values", distance(t.sizes, model.sizes), ks, distance(model.sizes, again.sizes)},
		{"lengths of scans", distance(t.lengths, model.lengths), ks, distance(model.lengths, again.lengths)},
		{"gaps, if calls came evenly, as an open loop starts them", distance(t.gaps, even), ks, 0},
		{"gaps, if calls came independently", distance(t.gaps, poisson), ks, 0},
	}
}

// variation is the total variation of the kinds.
func variation(a, b *profile) (d float64) {
	for i := range a.mix {
		d += math.Abs(a.mix[i]-b.mix[i]) / 2
	}
	return d
}

// evenGaps returns gaps of the same sum that are all equal.
func evenGaps(gaps []int) []int {
	return slices.Repeat([]int{mean(gaps)}, min(len(gaps), 1))
}

// poissonGaps returns quantiles of the exponential distribution of the same mean.
func poissonGaps(gaps []int) []int {
	p := make([]int, min(len(gaps), 10_000))
	for i := range p {
		p[i] = int(-float64(mean(gaps)) * math.Log(1-(float64(i)+0.5)/float64(len(p))))
	}
	return p
}

func mean(v []int) int {
	if len(v) == 0 {
		return 0
	}
	var sum time.Duration
	for _, x := range v {
		sum += time.Duration(x)
	}
	return int(sum) / len(v)
}
