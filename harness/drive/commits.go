package drive

import (
	"lsmlab/engines/kv"
	"lsmlab/harness/clock"
	"lsmlab/harness/result"
	"lsmlab/workloads/dist"
)

// commitTimer is an engine as one thread sees it that measures how long its commits take:
// those that succeed, in the measured part, of transactions that may write. The thread
// has one transaction at a time.
type commitTimer struct {
	kv.Engine
	transactor kv.Transactor
	clock      clock.Clock
	times      *recorder // channel 0
	measuring  bool
	txn        timedTxn
}

// timedTxn is the transaction of a commitTimer.
type timedTxn struct {
	kv.Txn
	timer *commitTimer
}

func newCommitTimer(e kv.Engine, t kv.Transactor, c clock.Clock) *commitTimer {
	m := &commitTimer{Engine: e, transactor: t, clock: c, times: newRecorder(1)}
	m.times.prepare(0)
	return m
}

// Begin implements [kv.Transactor].
func (m *commitTimer) Begin(o kv.TxnOptions) (kv.Txn, error) {
	t, err := m.transactor.Begin(o)
	if err != nil || o.ReadOnly || !m.measuring {
		return t, err
	}
	m.txn = timedTxn{t, m}
	return &m.txn, nil
}

// Commit implements [kv.Txn].
func (t *timedTxn) Commit(d kv.Durability) error {
	begin := t.timer.clock.Now()
	err := t.Txn.Commit(d)
	if err == nil {
		t.timer.times.add(0, t.timer.clock.Now()-begin)
	}
	return err
}

// transactions returns the figures of a workload of transactions; nil for others.
func (d *Drive) transactions() *result.Transactions {
	if !d.workload.Transactional() {
		return nil
	}
	c, _ := d.Counts()
	spec := d.workload.Spec()
	t := &result.Transactions{
		Isolation: spec.Isolation.String(), Distribution: spec.Distribution,
		Commits: c.Commits, Rollbacks: c.Rollbacks, GivenUp: c.GivenUp, Conflicts: c.Conflicts, Retries: c.Conflicts - c.GivenUp,
		CommitLatency: d.commitTimes().latency(),
	}
	if dist.Skewed(spec.Distribution) {
		t.Theta = spec.Theta
	}
	if d.length > 0 {
		t.CommitsPerSec = float64(c.Commits) / d.length.Seconds()
	}
	if attempts := c.Commits + c.Rollbacks + c.Conflicts; attempts > 0 {
		t.AbortRate = float64(c.Conflicts) / float64(attempts)
	}
	return t
}

// commitTimes returns how long the commits of all threads took.
func (d *Drive) commitTimes() *hist {
	var h hist
	for _, t := range d.threads {
		if t.commits != nil {
			t.commits.times.fold()
			h.merge(&t.commits.times.channels[0])
		}
	}
	return &h
}
