package workloads

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
)

// transactional lists the workloads of transactions.
func transactional() (list []string) {
	for _, name := range names() {
		if Transactional(name) {
			list = append(list, name)
		}
	}
	return list
}

// yielding lets other goroutines run within transactions, so that they overlap on one
// core too.
type yielding struct{ *txnModel }

func (y yielding) Begin(o kv.TxnOptions) (kv.Txn, error) {
	t, err := y.txnModel.Begin(o)
	return yieldingTxn{t}, err
}

type yieldingTxn struct{ kv.Txn }

func (y yieldingTxn) Get(dst, key []byte) ([]byte, error) {
	runtime.Gosched()
	return y.Txn.Get(dst, key)
}

// Every workload of transactions, on an engine that is right, keeps its invariants at both
// levels, runs again after conflicts and ends every operation in one way.
func TestTransactions(t *testing.T) {
	for _, name := range transactional() {
		for _, level := range []kv.Isolation{kv.SnapshotIsolation, kv.Serializable} {
			t.Run(name+"/"+level.String(), func(t *testing.T) {
				w := mustNew(t, Spec{Workload: name, Keys: 60, Threads: 4, Operations: 1500, Seed: testseed.New(t), Isolation: level})
				e := newTxnModel()
				e.refuse = 50
				c, err := run(w, yielding{e})
				if err != nil {
					t.Fatal(err)
				}
				found, err := w.Audit(e)
				if err != nil || len(found) < 2 {
					t.Errorf("%v: %v", found, err)
				}
				if total := w.Spec().Operations + w.Spec().Warmup; c.Commits+c.Rollbacks+c.GivenUp != total || c.Conflicts < 50 {
					t.Errorf("%+v: want %d transactions and 50 conflicts or more", c, total)
				}
				t.Logf("%+v", c)
			})
		}
	}
}

// An engine that loses updates is found out by every workload.
func TestLostUpdates(t *testing.T) {
	for _, name := range transactional() {
		t.Run(name, func(t *testing.T) {
			w := mustNew(t, Spec{Workload: name, Keys: 60, Threads: 4, Operations: 1500, Seed: testseed.New(t)})
			e := newTxnModel()
			e.careless = true
			if _, err := run(w, yielding{e}); err != nil {
				t.Fatal(err)
			}
			_, err := w.Audit(e)
			if !errors.Is(err, ErrInvariant) {
				t.Fatalf("%v, want %v", err, ErrInvariant)
			}
			t.Log(err)
		})
	}
}

// One row that changes behind the back of the transactions breaks an invariant, whichever
// of the rows that the audit knows it is; a row that is gone does too.
func TestAuditSeesEachRow(t *testing.T) {
	for name, tables := range map[string]string{"ycsb-t": "u", "smallbank": "cs", "tpcc": "wdoqlh", "list-append": ""} {
		for _, table := range []byte(tables) {
			t.Run(fmt.Sprintf("%s/%c", name, table), func(t *testing.T) {
				w := mustNew(t, Spec{Workload: name, Keys: 400, Operations: 200})
				e := newTxnModel()
				if _, err := run(w, e); err != nil {
					t.Fatal(err)
				}
				it := e.Scan([]byte{table}, []byte{table + 1})
				if !it.First() {
					t.Fatal("no row")
				}
				delete(e.data, string(it.Key()))
				if found, err := w.Audit(e); !errors.Is(err, ErrInvariant) {
					t.Errorf("without row %q: %v %v", it.Key(), found, err)
				}
			})
		}
	}
}

// A transaction that always meets a conflict is given up after maxAttempts, and no part
// of it is counted as written.
func TestGivesUp(t *testing.T) {
	w := mustNew(t, Spec{Workload: "smallbank", Keys: 10, Operations: 50, Warmup: NoWarmup})
	e := newTxnModel()
	if err := preload(w, e); err != nil {
		t.Fatal(err)
	}
	e.refuse = maxAttempts + 3
	x := NewExecutor(w, e, kv.Volatile)
	if err := drain(w.Stream(0), x, nil); err != nil {
		t.Fatal(err)
	}
	if x.Counts.GivenUp != 1 || x.Counts.Conflicts != maxAttempts+3 {
		t.Errorf("%+v", x.Counts)
	}
	if _, err := w.Audit(e); err != nil {
		t.Error(err)
	}
}

// An engine without transactions, or without the level, is refused by its own error.
func TestNoTransactions(t *testing.T) {
	w := mustNew(t, Spec{Workload: "ycsb-t", Keys: 10, Operations: 5})
	if _, err := run(w, newModel()); !errors.Is(err, kv.ErrUnsupported) {
		t.Error(err)
	}
}

// TPC-C has a warehouse for every 160,011 keys, and a smaller one for fewer.
func TestWarehouses(t *testing.T) {
	for keys, want := range map[int64][4]uint64{
		1: {1, 1, 1, 33}, 260_011: {1, 3000, 100_000, 260_011}, 420_021: {1, 3000, 100_000, 260_011}, 1_000_000: {5, 3000, 100_000, 900_055},
	} {
		l := mustNew(t, Spec{Workload: "tpcc", Keys: keys}).ledger.(*tpcc)
		if got := [4]uint64{l.warehouses, l.customers, l.items, uint64(l.rows())}; got != want {
			t.Errorf("%d keys: %v, want %v", keys, got, want)
		}
	}
}

// The sum of an economy that lost money has the paper's anomaly score.
func TestAnomalyScore(t *testing.T) {
	w := mustNew(t, Spec{Workload: "ycsb-t", Keys: 10, Operations: 40, Warmup: NoWarmup})
	e := newTxnModel()
	if _, err := run(w, e); err != nil {
		t.Fatal(err)
	}
	key := string(w.Keys().Append(nil, 3))
	value := row(e.data[key])
	value.add(0, -8)
	e.data[key] = string(value)
	_, err := w.Audit(e)
	if err == nil || !strings.Contains(err.Error(), "sum of all accounts: 9992, want 10000 (anomaly score 0.2)") {
		t.Error(err)
	}
}
