package kvtest

import (
	"fmt"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
)

var txnCrashCases = []Case{
	{"TxnCrash", testTxnCrash},
}

// testTxnCrash commits transactions that write one number to many keys each, and crashes
// the machine with another one open. What a crash leaves is the state after some commit:
// whole, no earlier than the last that was acknowledged at a level that survives, and
// nothing of the open one.
func testTxnCrash(t testing.TB, h Harness) {
	if h.NewMachine == nil {
		t.Skip("the engine cannot run on a machine whose crashes are simulated (Harness.NewMachine)")
	}
	rng := testseed.Rand(t)
	levels := machineLevels(t, h)
	if len(levels) == 0 {
		t.Skip("the engine has no transactions: it is no kv.Transactor, or gives no level")
	}
	for round := range 30 {
		level := levels[round%len(levels)]
		kind := []CrashKind{Kill, PowerOff}[rng.IntN(2)]
		seed := rng.Uint64() % (1 << 16)
		label := fmt.Sprintf("%v, crash %d, seed %d", level, kind, seed)
		commits, size := 1+rng.IntN(40), 1+rng.IntN(200)
		crashTxns(labelled{t, label}, h, level, crashPlan{kind, seed, commits, size, rng.IntN(3) == 0})
	}
}

// machineLevels returns the isolation levels of the engine on a machine.
func machineLevels(t testing.TB, h Harness) []kv.Isolation {
	t.Helper()
	e, err := h.NewMachine().Open(storeDir)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return levelsOf(t, e)
}

// crashPlan is one opening of a store, up to the crash that ends it.
type crashPlan struct {
	kind          CrashKind
	seed          uint64
	commits, size int // size: keys of each transaction
	flushed       bool
}

func crashTxns(t testing.TB, h Harness, level kv.Isolation, plan crashPlan) {
	t.Helper()
	m := h.NewMachine()
	e, err := m.Open(storeDir)
	if err != nil {
		t.Fatal(err)
	}
	s := &store{TB: t, Engine: e, h: h}
	durabilities := Durabilities(t, e)
	floor := 0
	for i := range plan.commits {
		x := s.begin(level)
		for k := range plan.size {
			x.set(fmt.Sprintf("%04d", k), fmt.Sprint(i+1))
		}
		d := durabilities[i%len(durabilities)]
		if err := x.Commit(d); err != nil {
			t.Fatalf("commit %d, %v: %v", i, d, err)
		}
		if d == kv.Synced || d == kv.Buffered && plan.kind == Kill {
			floor = i + 1
		}
		if plan.flushed && i == plan.commits/2 {
			s.flushAndCompact()
		}
	}
	open := s.begin(level)
	for k := range plan.size {
		open.set(fmt.Sprintf("%04d", k), "open")
	}
	m.Crash(plan.kind, plan.seed)
	open.Discard() // what is dead may fail
	e.Close()
	if s.Engine, err = m.Open(storeDir); err != nil {
		t.Fatalf("open after the crash: %v", err)
	}
	s.wantOneCommit(floor, plan)
	if err := s.Engine.Close(); err != nil {
		t.Fatal(err)
	}
}

// wantOneCommit checks that the store is as some commit from floor on left it.
func (s *store) wantOneCommit(floor int, plan crashPlan) {
	s.Helper()
	content := s.dump()
	if len(content) == 0 && floor == 0 {
		return
	}
	found := -1
	for key, value := range content {
		var n int
		if _, err := fmt.Sscan(value, &n); err != nil || n > plan.commits || n < max(floor, 1) || found >= 0 && n != found {
			s.Fatalf("key %s is of transaction %q, others of %d; acknowledged were %d of %d", key, value, found, floor, plan.commits)
		}
		found = n
	}
	if len(content) != plan.size {
		s.Fatalf("%d keys of transaction %d, it wrote %d", len(content), found, plan.size)
	}
}
