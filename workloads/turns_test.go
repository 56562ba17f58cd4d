package workloads

import (
	"math"
	"testing"

	"lsmlab/engines/testseed"
)

// TestPhases: kinds come in turn, in the lengths of their weights.
func TestPhases(t *testing.T) {
	w := mustNew(t, Spec{Workload: "phased", Keys: 1000, PhaseLength: 20, Warmup: NoWarmup, Operations: 1000, Seed: testseed.New(t)})
	want := []struct {
		kind  Kind
		count int
	}{{Set, 20}, {Get, 20}, {Scan, 2}, {Delete, 20}}
	s, op := w.Stream(0), Op{}
	for turn := range 10 {
		for _, phase := range want {
			for i := range phase.count {
				if s.Next(&op); op.Kind != phase.kind {
					t.Fatalf("turn %d: operation %d of the phase is %s, want %s", turn, i, op.Kind, phase.kind)
				}
			}
		}
	}
}

// TestTombstones: a turn deletes a row of neighbours, scans from its first key, and
// writes the row again; rows of turns differ.
func TestTombstones(t *testing.T) {
	const keys, length = 5000, 300
	w := mustNew(t, Spec{Workload: "tombstones", Keys: keys, PhaseLength: length, Warmup: NoWarmup, Operations: Unlimited, Seed: testseed.New(t)})
	s, op := w.Stream(0), Op{}
	firsts := map[uint64]bool{}
	for range 50 {
		var first uint64
		for i := range uint64(length) {
			if s.Next(&op); i == 0 {
				first = op.Index
			}
			if op.Kind != Delete || op.Index != (first+i)%keys {
				t.Fatalf("%s of %d, want a delete of %d", op.Kind, op.Index, (first+i)%keys)
			}
		}
		for range length / 100 {
			if s.Next(&op); op.Kind != Scan || op.Index != first {
				t.Fatalf("%s from %d, want a scan from %d", op.Kind, op.Index, first)
			}
		}
		for i := range uint64(length) {
			if s.Next(&op); op.Kind != Set || op.Index != (first+i)%keys {
				t.Fatalf("%s of %d, want a write of %d", op.Kind, op.Index, (first+i)%keys)
			}
		}
		firsts[first] = true
	}
	if len(firsts) < 10 {
		t.Errorf("50 turns had %d rows", len(firsts))
	}
}

// TestBurst: the share of operations arrives in its time, and the mean rate stays.
func TestBurst(t *testing.T) {
	w := mustNew(t, Spec{Workload: "bursts", Burst: &Burst{Period: 2, Share: 0.8, Time: 0.1}})
	const rate, periods = 1000, 10
	in, before := 0, -1.0
	for i := range rate * 2 * periods {
		at := w.Arrival(float64(i) / rate)
		if at < before {
			t.Fatalf("operation %d arrives at %v, after one at %v", i, at, before)
		}
		before = at
		if math.Mod(at+1e-9, 2) < 0.2 {
			in++
		}
	}
	if want := rate * 2 * periods * 8 / 10; in < want-periods*2 || in > want+periods*2 {
		t.Errorf("%d operations in bursts, want %d", in, want)
	}
	if before < 2*periods-0.1 || before > 2*periods {
		t.Errorf("the last operation arrives at %v, want just before %v", before, 2*periods)
	}
	if plain := mustNew(t, Spec{Workload: "ycsb-a"}); plain.Arrival(1.25) != 1.25 || plain.Bursty() {
		t.Error("a workload without bursts moves arrivals")
	}
}
