package trace

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"lsmlab/engines/testseed"
	"lsmlab/workloads"
	"lsmlab/workloads/dist"
)

// tracedSpec writes a trace of a workload's operations, with gaps of independent arrivals.
func tracedSpec(t *testing.T, s workloads.Spec, n int, seed uint64) *Model {
	t.Helper()
	s.Seed, s.Operations, s.Warmup = seed, workloads.Unlimited, workloads.NoWarmup
	w, err := workloads.New(s)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	stream, events, at := w.Stream(0), make([]Event, n), 0.0
	for i := range events {
		var op workloads.Op
		stream.Next(&op)
		e := Event{Kind: Get, At: time.Duration(at), Key: append([]byte{}, op.Key...), Size: len(op.Value)}
		if op.Kind == workloads.Set {
			e.Kind = Set
		}
		events[i] = e
		at += rng.ExpFloat64() * 1e6
	}
	r, closeFile, err := Open(write(t, events))
	if err != nil {
		t.Fatal(err)
	}
	defer closeFile()
	m, err := Fit(r)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *Model) far(of string) float64 {
	for _, d := range m.Distances {
		if strings.Contains(d.Of, of) {
			return d.Value
		}
	}
	return math.NaN()
}

// TestFit: a model of a trace that a workload made is that workload, and near to it.
func TestFit(t *testing.T) {
	seed := testseed.New(t)
	m := tracedSpec(t, workloads.Spec{
		Workload: "mix", Mix: map[string]float64{"get": 3, "set": 1}, Keys: 2000, Distribution: dist.NameZipfianOrdered, Theta: 0.99,
		ValueSizes: &workloads.Sizes{Distribution: workloads.SizesPareto, K: 0.2, Sigma: 100, Max: 3000},
	}, 40_000, seed)
	if m.Spec.Theta < 0.9 || m.Spec.Theta > 1.1 || math.Abs(m.Spec.Mix["get"]-0.75) > 0.02 {
		t.Errorf("the model is %+v", m.Spec)
	}
	for of, most := range map[string]float64{"kinds": 0.03, "popularity": 0.06, "reuse": 0.06, "new keys": 0.02, "sizes": 0.08, "independently": 0.02} {
		if d := m.far(of); !(d <= most) {
			t.Errorf("%s: %v from the trace, want at most %v", of, d, most)
		}
	}
	if m.Rate < 900 || m.Rate > 1100 || math.Abs(m.GapCV-1) > 0.1 {
		t.Errorf("rate %v, want 1000; coefficient of variation %v, want 1", m.Rate, m.GapCV)
	}
	if d := m.far("evenly"); d < 0.3 {
		t.Errorf("independent arrivals are %v from even ones", d)
	}
	uniform := tracedSpec(t, workloads.Spec{Workload: "mix", Mix: map[string]float64{"get": 1}, Keys: 500}, 20_000, seed)
	if uniform.far("popularity") > 0.05 || uniform.far("reuse") > 0.05 { // a hashed skew over few keys is as even
		t.Errorf("the model of even draws is %+v", uniform.Spec)
	}
	if _, err := workloads.New(m.Spec); err != nil {
		t.Errorf("no workload takes the model: %v", err)
	}
}

// TestNoModel: locality that no mix has is told by the distance: a trace that reads each
// key many times in a row.
func TestNoModel(t *testing.T) {
	var events []Event
	for key := range 500 {
		for range 40 {
			events = append(events, Event{Kind: Get, Key: []byte{'k', byte(key >> 8), byte(key)}})
		}
	}
	r, closeFile, err := Open(write(t, events))
	if err != nil {
		t.Fatal(err)
	}
	defer closeFile()
	m, err := Fit(r)
	if err != nil {
		t.Fatal(err)
	}
	if d := m.far("reuse"); d < 0.5 {
		t.Errorf("reuse distances are only %v away", d)
	}
	empty, closeEmpty, err := Open(write(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer closeEmpty()
	if _, err := Fit(empty); err == nil {
		t.Error("an empty trace was modelled")
	}
}

// TestLoad: keys that are stored before all else are no part of the model, and nothing
// else is left out.
func TestLoad(t *testing.T) {
	rng := testseed.Rand(t)
	const keys, reads = 5000, 20_000
	events := make([]Event, 0, keys+reads)
	key := func(i int) []byte { return []byte{'k', byte(i >> 8), byte(i)} }
	for i := range keys {
		events = append(events, Event{Kind: Set, Key: key(i), Size: 77, More: i%100 < 99})
	}
	for range reads {
		events = append(events, Event{Kind: Get, Key: key(rng.IntN(keys)), Size: 77})
	}
	fit := func(events []Event) *Model {
		r, closeFile, err := Open(write(t, events))
		if err != nil {
			t.Fatal(err)
		}
		defer closeFile()
		m, err := Fit(r)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := fit(events)
	if m.Loaded != keys || m.Events != reads || m.Spec.Mix["get"] != 1 || m.Spec.Keys != keys || m.Spec.ValueSizes.Max != 77 {
		t.Errorf("%+v", m)
	}
	for _, of := range []string{"popularity", "reuse", "new keys"} {
		if d := m.far(of); d > 0.05 {
			t.Errorf("%s: %v from the trace", of, d)
		}
	}
	if m := fit(events[:keys]); m.Loaded != 0 || m.Events != keys || m.Spec.Mix["set"] != 1 {
		t.Errorf("a load alone: %+v", m)
	}
}

// TestReuse compares reuse distances with those counted the slow way.
func TestReuse(t *testing.T) {
	rng := testseed.Rand(t)
	for range 50 {
		all := make([]access, rng.IntN(200))
		for i := range all {
			all[i].key = rng.Uint64N(1 + rng.Uint64N(40))
		}
		var want []int
		for i, a := range all {
			between := map[uint64]bool{}
			for j := i - 1; j >= 0; j-- {
				if all[j].key == a.key {
					want = append(want, len(between))
					break
				}
				between[all[j].key] = true
			}
		}
		got := reuseOf(all)
		if len(got) != len(want) {
			t.Fatalf("%d distances, want %d", len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("distance %d is %d, want %d", i, got[i], want[i])
			}
		}
	}
}
