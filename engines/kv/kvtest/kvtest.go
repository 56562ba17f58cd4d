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
	// WritersWait says that a write, or the beginning of a transaction that may write,
	// waits for an open transaction that stands in its way: the engine runs one writer at
	// a time, or locks keys. Cases that interleave writers on one goroutine are then
	// skipped, and others see that writers do wait.
	WritersWait bool
	// FalseConflicts, if not empty, says why a transaction may meet kv.ErrConflict
	// that its level does not ask for.
	FalseConflicts string
	// PlainSlips, if not empty, says why a plain write may slip past the check of a
	// transaction that commits at the same time, although its level forbids that.
	PlainSlips string
	// Known are the cases that the engine is known to fail, each with the reason. Run
	// sees that they fail, skips them with the reason, and fails itself once one passes.
	Known map[string]string
}

// storeDir is where a [Machine] has its store. Checkpoints are made beside it.
const storeDir = "/db"

// Machine is a simulated computer.
type Machine interface {
	// Open opens the store in dir, making it if it is missing.
	Open(dir string) (kv.Engine, error)
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
		txnCases, conflictCases, txnLifeCases, txnConcurrentCases, txnCrashCases,
		reverseCases, rangeDeleteCases, checkpointCases, historyCases,
	} {
		all = append(all, topic...)
	}
	return all
}

// Run runs the whole suite, each case on a store of its own.
func Run(t *testing.T, h Harness) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			if why, ok := h.Known[c.Name]; ok {
				runKnown(t, c, h, why)
				return
			}
			c.Run(t, h)
		})
	}
}

// runKnown runs a case that is known to fail.
func runKnown(t testing.TB, c Case, h Harness, why string) {
	text := failure(t, func(t testing.TB) { c.Run(t, h) })
	if text == "" {
		t.Fatalf("it passes, and is in Harness.Known: %s", why)
	}
	t.Skipf("known to fail: %s. It says: %s", why, text)
}

// Durabilities returns the durability levels that e can give, weakest first: those for
// which applying an empty batch is not refused.
func Durabilities(t testing.TB, e kv.Engine) []kv.Durability {
	t.Helper()
	var durabilities []kv.Durability
	for _, d := range []kv.Durability{kv.Volatile, kv.Buffered, kv.Synced} {
		switch err := e.Apply(new(kv.Batch), d); {
		case err == nil:
			durabilities = append(durabilities, d)
		case !errors.Is(err, kv.ErrUnsupported):
			t.Fatalf("empty batch, %v: %v", d, err)
		}
	}
	if len(durabilities) == 0 {
		t.Fatal("the engine supports no durability at all")
	}
	return durabilities
}
