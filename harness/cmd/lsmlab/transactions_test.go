package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/harness/result"
)

// loser is a toy with transactions that take the last writer of a key for the only one.
type loser struct{ *toy }

type loserTxn struct {
	*toy
	batch kv.Batch
}

func (l loser) Begin(kv.TxnOptions) (kv.Txn, error) { return &loserTxn{toy: l.toy}, nil }

func (t *loserTxn) Set(key, value []byte) error  { t.batch.Set(key, value); return nil }
func (t *loserTxn) Delete(key []byte) error      { t.batch.Delete(key); return nil }
func (t *loserTxn) Commit(d kv.Durability) error { return t.Apply(&t.batch, d) }
func (t *loserTxn) Discard()                     {}

// A tiny run of transactions on real engines ends sound, with every figure; engines that
// do not give the level are refused with those that they give.
func TestTransactions(t *testing.T) {
	t.Setenv(asProgram, "real")
	for _, level := range []string{"snapshot", "serializable"} {
		dir := filepath.Join(t.TempDir(), "run")
		o := labWith(t, benchArgs(dir, "--engines", "lsm-bptree,badger,bbolt,pebble", "--keys", "500", "--rounds", "1", "--threads", "3",
			"--workloads", "ycsb-t,smallbank,tpcc,list-append", "--isolation", level)...)
		if o.status != exitSound {
			t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
		}
		for _, c := range cells(t, dir) {
			refused := c.Engine == "pebble" || c.Engine == "badger" && level == "snapshot"
			if refused {
				want := c.Engine + " does not give isolation level " + level + "; it gives "
				if c.Status != result.StatusUnsupported || !strings.HasPrefix(c.Error, want) || strings.HasSuffix(c.Error, want) {
					t.Errorf("%s: %s %q, want %q", c.ID, c.Status, c.Error, want)
				}
				continue
			}
			x := c.Transactions
			if !c.OK() || x == nil || x.Isolation != level || x.Commits < 400 || x.Commits+x.Rollbacks+x.GivenUp != c.Ops ||
				x.CommitsPerSec <= 0 || x.CommitLatency.P999 <= 0 || len(x.Invariants) < 2 || c.LiveBytes <= 0 {
				t.Errorf("%s: %+v %s %+v", c.ID, x, c.Error, c)
			}
		}
	}
}

// Lost updates fail the cell, which says what does not hold.
func TestLostUpdatesFail(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	o := lab(t, benchArgs(dir, "--engines", "loser", "--rounds", "1", "--keys", "10", "--ops", "1500", "--threads", "4", "--workloads", "ycsb-t")...)
	if o.status != exitFinding {
		t.Fatalf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
	all := cells(t, dir)
	failed := slices.IndexFunc(all, func(c result.Cell) bool { return !c.OK() }) // there is one; not every cell meets two at a time
	if c := all[failed]; c.Status != result.StatusFailed || !strings.Contains(c.Error, "audit: invariant violated: ") || !strings.Contains(c.Error, "accounts that differ from what was committed: ") {
		t.Errorf("%s: %s", c.Status, c.Error)
	}
}

// What a plan may not say about transactions.
func TestIsolationErrors(t *testing.T) {
	for want, args := range map[string][]string{
		"--isolation is read-committed: want snapshot or": {"--workloads", "ycsb-t", "--isolation", "read-committed"},
		`isolation level "strict": want`:                  {"--workloads", "ycsb-t", "--isolation", "strict"},
		"no workload of the plan has transactions":        {"--workloads", "ycsb-a", "--isolation", "snapshot"},
	} {
		o := lab(t, benchArgs(filepath.Join(t.TempDir(), "run"), append(args, "--engines", "toy")...)...)
		if o.status != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%v: status %d, %q, want %q", args, o.status, o.stderr, want)
		}
	}
	o := lab(t, benchArgs(filepath.Join(t.TempDir(), "run"), "--engines", "toy", "--workloads", "ycsb-t")...)
	if o.status != exitSound || !strings.Contains(o.stdout, "not supported: toy has no transactions") {
		t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
}
