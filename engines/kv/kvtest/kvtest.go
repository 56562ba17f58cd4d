// Package kvtest is the one conformance suite that every [kv.Engine] passes
// unchanged, and the randomised test that judges an engine by a naive model.
//
//	var harness = kvtest.Harness{Open: func(dir string) (kv.Engine, error) { ... }}
//
//	func TestEngine(t *testing.T)  { kvtest.Run(t, harness) }
//	func TestRandom(t *testing.T)  { kvtest.Random(t, harness) }
//	func FuzzEngine(f *testing.F)  { kvtest.Fuzz(f, harness) }
//
// The suite is shown to be able to fail: broken_test.go runs it on engines with
// planted faults.
package kvtest

import (
	"errors"
	"testing"

	"lsmlab/engines/kv"
)

// Harness says how a test gets an engine.
type Harness struct {
	// Open opens the store in dir, making it if it is missing.
	Open func(dir string) (kv.Engine, error)
	// MaxBatchSize is the engine's own limit, if it is below kv.MaxBatchSize.
	MaxBatchSize int
	// NewMachine, if not nil, returns a fresh machine whose crashes can be
	// simulated. Random and Fuzz then run on it, and crash it.
	NewMachine func() Machine
}

// Machine is a simulated computer that holds one store.
type Machine interface {
	// Open opens the store, making it if it is missing.
	Open() (kv.Engine, error)
	// Crash makes the next Open see what this crash leaves; seed decides among
	// all that it may leave. The engine that was open sees no crash and is
	// closed by the caller after: nothing that it does may reach the next Open.
	Crash(kind CrashKind, seed uint64)
}

// CrashKind says what a crash takes.
type CrashKind uint8

// The kinds of crash.
const (
	Kill     CrashKind = iota // the process dies: what the OS was handed stays
	PowerOff                  // the machine dies: what was synced stays
)

// Case is one named part of the suite.
type Case struct {
	Name string
	Run  func(t testing.TB, h Harness)
}

// Cases returns the suite, for those that run parts of it.
func Cases() []Case {
	var all []Case
	for _, topic := range [][]Case{
		readCases, batchCases, sizeCases, scanCases, snapshotCases,
		lifecycleCases, durabilityCases, abilityCases, concurrentCases,
	} {
		all = append(all, topic...)
	}
	return all
}

// Run runs the whole suite, each case on a store of its own.
func Run(t *testing.T, h Harness) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, h) })
	}
}

// Rungs returns the durabilities that e can give, weakest first: those for
// which applying an empty batch is not refused.
func Rungs(t testing.TB, e kv.Engine) []kv.Durability {
	t.Helper()
	var rungs []kv.Durability
	for _, d := range []kv.Durability{kv.Volatile, kv.Buffered, kv.Synced} {
		switch err := e.Apply(new(kv.Batch), d); {
		case err == nil:
			rungs = append(rungs, d)
		case !errors.Is(err, kv.ErrUnsupported):
			t.Fatalf("empty batch, %v: %v", d, err)
		}
	}
	if len(rungs) == 0 {
		t.Fatal("the engine supports no durability at all")
	}
	return rungs
}
