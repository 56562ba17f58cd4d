package trace

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"time"

	"lsmlab/workloads"
	"lsmlab/workloads/dist"
)

// Model is a workload that was fitted to a trace, and how far its replay is from it.
type Model struct {
	Trace   string  `json:"trace"`  // the name of its file
	Loaded  int     `json:"loaded"` // keys that were stored before all else; that is no part of the model
	Events  int     `json:"events"` // after that
	Keys    int     `json:"keys"`   // distinct, loaded ones included
	Seconds float64 `json:"seconds"`
	Rate    float64 `json:"rate"` // events a second; 0 if the trace has no times
	// GapCV is the standard deviation of the gaps between calls over their mean: 0 of
	// even arrivals, 1 of independent ones, more of bursts.
	GapCV     float64        `json:"gap_cv"`
	Spec      workloads.Spec `json:"spec"`
	Distances []Distance     `json:"distances"`
}

// Distance is how far the replay of a model is from the trace in one respect, in [0, 1].
type Distance struct {
	Of     string  `json:"of"`
	Value  float64 `json:"value"`
	Method string  `json:"method"`
	// Noise is the distance of two replays of the model with different seeds: nothing below
	// it can be told apart.
	Noise float64 `json:"noise"`
}

// maxModelled bounds the events that a model is fitted to; of longer traces the first are
// taken.
const maxModelled = 5_000_000

// Fit fits a workload to a trace, without the load at its beginning. Of the candidates (every distribution of keys, the
// skewed ones by several skews) it takes the one whose replay has the popularity of keys
// and the reuse distances nearest to the trace's own.
func Fit(r *Reader) (*Model, error) {
	t, err := profileOf(r, maxModelled)
	if err != nil {
		return nil, err
	}
	if t.events == 0 {
		return nil, errors.New("the trace is empty: there is nothing to fit")
	}
	m := &Model{Loaded: t.loaded, Events: t.events, Keys: t.keys}
	m.times(t)
	base := baseSpec(t)
	fits := make([]fit, 0, len(candidates()))
	for _, c := range candidates() {
		f := fit{spec: base}
		f.spec.Distribution, f.spec.Theta = c.name, c.theta
		if f.profile, err = replayModel(f.spec, t.events, 1); err != nil {
			return nil, err
		}
		f.far = distance(t.ranks, f.profile.ranks) + distance(t.reuse, f.profile.reuse)
		fits = append(fits, f)
	}
	best := simplest(fits)
	m.Spec = best.spec
	again, err := replayModel(m.Spec, t.events, 2)
	if err != nil {
		return nil, err
	}
	m.Distances = distances(t, best.profile, again)
	return m, nil
}

// fit is one candidate, and how far its replay is.
type fit struct {
	spec    workloads.Spec
	profile *profile
	far     float64
}

// simplest returns the first of the fits that are nearest, to within what chance makes of
// it: even draws come before skewed ones.
func simplest(fits []fit) fit {
	const chance = 0.01
	least := slices.MinFunc(fits, func(a, b fit) int { return cmp.Compare(a.far, b.far) })
	return fits[slices.IndexFunc(fits, func(f fit) bool { return f.far <= least.far+chance })]
}

func (m *Model) times(t *profile) {
	var sum, squares float64
	for _, g := range t.gaps {
		sum += float64(g)
		squares += float64(g) * float64(g)
	}
	m.Seconds = sum / float64(time.Second)
	if n := float64(len(t.gaps)); sum > 0 {
		m.Rate = float64(t.events) / m.Seconds
		m.GapCV = math.Sqrt(max(0, squares/n-(sum/n)*(sum/n))) / (sum / n)
	}
}

// baseSpec has all of a model but the distribution of keys.
func baseSpec(t *profile) workloads.Spec {
	s := workloads.Spec{
		Workload: "mix", Keys: int64(max(t.keys, 1)), KeySize: max(t.keySize, 8), Operations: workloads.Unlimited,
		Warmup: workloads.NoWarmup, Mix: map[string]float64{},
	}
	for kind, name := range map[Kind]workloads.Kind{Get: workloads.Get, Set: workloads.Set, Delete: workloads.Delete, Scan: workloads.Scan} {
		if t.mix[kind] > 0 {
			s.Mix[name.String()] = t.mix[kind]
		}
	}
	if len(s.Mix) == 0 { // range deletes alone
		s.Mix[workloads.Delete.String()] = 1
	}
	if n := len(t.lengths); n > 0 {
		s.ScanLength = max(1, t.lengths[n-1])
	}
	if s.ValueSizes = fitSizes(t.sizes); len(t.sizes) == 0 {
		s.ValueSizes = fitSizes(t.stored)
	}
	return s
}

type candidate struct {
	name  string
	theta float64
}

// candidates are the distributions of keys of which one is taken.
func candidates() (all []candidate) {
	for _, name := range dist.Names {
		switch {
		case name == dist.NameSequential: // no mix has it
		case dist.Skewed(name):
			for _, theta := range []float64{0.5, 0.7, 0.8, 0.9, 0.99, 1.1, 1.3, 1.6} {
				all = append(all, candidate{name, theta})
			}
		default:
			all = append(all, candidate{name, 0})
		}
	}
	return all
}

// fitSizes returns the distribution of sizes nearest to sorted sizes: constant, uniform,
// or generalized Pareto by the method of moments (Hosking and Wallis, "Parameter and
// Quantile Estimation for the Generalized Pareto Distribution", Technometrics 29(3), 1987).
func fitSizes(sorted []int) *workloads.Sizes {
	n := len(sorted)
	if n == 0 || sorted[n-1] == 0 {
		return nil
	}
	least, most := sorted[0], sorted[n-1]
	if least == most {
		return &workloads.Sizes{Distribution: workloads.SizesConstant, Max: most}
	}
	var sum, squares float64
	for _, s := range sorted {
		x := float64(s - least)
		sum, squares = sum+x, squares+x*x
	}
	mean := sum / float64(n)
	variance := squares/float64(n) - mean*mean
	ratio := mean * mean / variance
	best := &workloads.Sizes{Distribution: workloads.SizesUniform, Min: least, Max: most}
	pareto := &workloads.Sizes{
		Distribution: workloads.SizesPareto, Min: least, Max: most, Theta: float64(least),
		K: (1 - ratio) / 2, Sigma: mean * (1 + ratio) / 2,
	}
	if distance(sorted, sizesOf(pareto, n)) < distance(sorted, sizesOf(best, n)) {
		best = pareto
	}
	return best
}
