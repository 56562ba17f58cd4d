package whitebox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"lsmlab/powerfail/isolation"
)

// ErrNoLSNs says that a transaction of the history has no LSNs: such a history cannot be
// judged here.
var ErrNoLSNs = errors.New("a transaction has no LSNs")

// Check returns the first broken rule of a level as an anomaly, or nil. Its name is "by
// LSNs: " and the rule; its transactions are numbered as in all. Read uncommitted is judged
// as read committed, and repeatable read as serializable: both are stronger.
//
// Reads of aborted transactions count too where they have LSNs: a store must read right
// before anybody knows how a transaction ends. The error is [ErrNoLSNs] if a transaction
// that committed, or may have committed writes, has none.
func Check(all []isolation.Txn, l isolation.Level) (*isolation.Anomaly, error) {
	j := &judge{all: all, keys: map[string][]version{}}
	for i := range all {
		if err := j.add(i); err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	if a := j.order(); a != nil {
		return a, nil
	}
	for i := range all {
		if a := j.transaction(i, l); a != nil {
			return a, nil
		}
	}
	switch {
	case l.Implies(isolation.StrongSnapshotIsolation):
		return j.time(), nil
	case l.Implies(isolation.StrongSessionSnapshotIsolation):
		return j.sessions(), nil
	}
	return nil, nil
}

// judge is a history with the versions of each key.
type judge struct {
	all     []isolation.Txn
	writers []int                // transactions whose writes took place; by commit LSN, once ordered
	keys    map[string][]version // by LSN, once ordered
}

// version is what one transaction made of a key. It is visible from the LSN of its last
// write on, as all of the transaction is.
type version struct {
	lsn    uint64
	txn    int
	values []int64 // the elements appended; of a register what was written, the last of which counts
}

func isWrite(o *isolation.Op) bool {
	return o.Kind == isolation.Append || o.Kind == isolation.Write
}

// writes returns how many writes t made.
func writes(t *isolation.Txn) (n uint64) {
	for i := range t.Ops {
		if isWrite(&t.Ops[i]) {
			n++
		}
	}
	return n
}

// first returns the LSN of the first write of t, which committed.
func first(t *isolation.Txn) uint64 { return t.LSNs.Commit - writes(t) + 1 }

// place returns the LSN at which t takes effect.
func place(t *isolation.Txn) uint64 { return max(t.LSNs.Read, t.LSNs.Commit) }

// add adds the versions of a transaction.
func (j *judge) add(i int) error {
	t := &j.all[i]
	wrote := writes(t) > 0
	switch {
	case t.Outcome == isolation.Aborted:
		return nil
	case t.Outcome == isolation.Unknown && !wrote:
		return nil // whether it committed makes no difference
	case !t.LSNs.Known, t.Outcome == isolation.Unknown && t.LSNs.Commit == 0:
		return ErrNoLSNs
	case !wrote:
		return nil
	}
	j.writers = append(j.writers, i)
	for _, o := range t.Ops {
		if !isWrite(&o) {
			continue
		}
		list := j.keys[o.Key]
		if len(list) == 0 || list[len(list)-1].txn != i {
			list = append(list, version{lsn: t.LSNs.Commit, txn: i})
		}
		v := &list[len(list)-1]
		v.values = append(v.values, o.Value)
		j.keys[o.Key] = list
	}
	return nil
}

func broken(rule string, txns []int, format string, args ...any) *isolation.Anomaly {
	return &isolation.Anomaly{Name: "by LSNs: " + rule, Text: fmt.Sprintf(format, args...), Txns: txns, Count: 1}
}

// order orders writers and versions, and checks that each write has an LSN of its own,
// and that no transaction sees its own writes before it commits.
func (j *judge) order() *isolation.Anomaly {
	slices.SortStableFunc(j.writers, func(a, b int) int { return cmp.Compare(j.all[a].LSNs.Commit, j.all[b].LSNs.Commit) })
	for _, list := range j.keys {
		slices.SortStableFunc(list, func(a, b version) int { return cmp.Compare(a.lsn, b.lsn) })
	}
	for n, i := range j.writers {
		t := &j.all[i]
		if t.LSNs.Commit < t.LSNs.Read+writes(t) {
			return broken("order", []int{i}, "T%d reads at LSN %d, and %d writes of it end at LSN %d", i, t.LSNs.Read, writes(t), t.LSNs.Commit)
		}
		if n == 0 {
			continue
		}
		if before := j.writers[n-1]; j.all[before].LSNs.Commit >= first(t) {
			return broken("order", []int{before, i}, "writes of T%d end at LSN %d, and those of T%d are from LSN %d to %d",
				before, j.all[before].LSNs.Commit, i, first(t), t.LSNs.Commit)
		}
	}
	for i := range j.all {
		if t := &j.all[i]; t.LSNs.Commit != 0 && (writes(t) == 0 || t.Outcome == isolation.Aborted) {
			return broken("order", []int{i}, "T%d has commit LSN %d, and wrote nothing that took place", i, t.LSNs.Commit)
		}
	}
	return nil
}

// upTo returns how many versions of a key there are up to an LSN.
func (j *judge) upTo(key string, lsn uint64) int {
	n, _ := slices.BinarySearchFunc(j.keys[key], lsn+1, func(v version, lsn uint64) int { return cmp.Compare(v.lsn, lsn) })
	return n
}

// transaction checks the reads of a transaction, and its conflicts.
func (j *judge) transaction(i int, l isolation.Level) *isolation.Anomaly {
	t := &j.all[i]
	if !t.LSNs.Known {
		return nil
	}
	known := t.Outcome != isolation.Unknown // else its client does not know what it read
	if known {
		if a := j.reads(i, l > isolation.ReadCommitted); a != nil {
			return a
		}
	}
	if t.LSNs.Commit == 0 || l <= isolation.ReadCommitted {
		return nil
	}
	rule, serializable := "write conflict", l.Implies(isolation.RepeatableRead)
	if serializable {
		rule = "read conflict"
	}
	for k := range t.Ops {
		o := &t.Ops[k]
		if isWrite(o) == serializable || !isWrite(o) && !known {
			continue
		}
		if from := j.upTo(o.Key, t.LSNs.Read); from < j.upTo(o.Key, first(t)-1) {
			v := j.keys[o.Key][from]
			return broken(rule, []int{i, v.txn}, "T%d reads at LSN %d and commits from LSN %d on, and has %s, and T%d wrote that key at LSN %d",
				i, t.LSNs.Read, first(t), o, v.txn, v.lsn)
		}
	}
	return nil
}

// sessions checks that each transaction sees all that committed before it in its process.
func (j *judge) sessions() *isolation.Anomaly {
	last := map[int]int{} // of each process the transaction that took effect last
	for _, i := range j.byBegin() {
		t := &j.all[i]
		before, ok := last[t.Process]
		if ok && place(&j.all[before]) > t.LSNs.Read {
			return j.missed("session", i, before)
		}
		if t.Outcome == isolation.Committed && (!ok || place(t) > place(&j.all[before])) {
			last[t.Process] = i
		}
	}
	return nil
}

// time checks that each transaction sees all that had committed before it began.
func (j *judge) time() *isolation.Anomaly {
	if a := j.sessions(); a != nil {
		return a
	}
	ended := j.byBegin()
	ended = slices.DeleteFunc(ended, func(i int) bool { return j.all[i].Outcome != isolation.Committed })
	slices.SortStableFunc(ended, func(a, b int) int { return cmp.Compare(j.all[a].End, j.all[b].End) })
	last := -1 // of those that ended, the transaction that took effect last
	for _, i := range j.byBegin() {
		t := &j.all[i]
		for len(ended) > 0 && j.all[ended[0]].End < t.Begin {
			if last < 0 || place(&j.all[ended[0]]) > place(&j.all[last]) {
				last = ended[0]
			}
			ended = ended[1:]
		}
		if last >= 0 && place(&j.all[last]) > t.LSNs.Read {
			return j.missed("time", i, last)
		}
	}
	return nil
}

func (j *judge) missed(rule string, i, before int) *isolation.Anomaly {
	return broken(rule, []int{before, i}, "T%d took effect at LSN %d and ended before T%d began, which reads at LSN %d",
		before, place(&j.all[before]), i, j.all[i].LSNs.Read)
}

// byBegin returns the transactions that have a place, by their begin.
func (j *judge) byBegin() (all []int) {
	for i := range j.all {
		if t := &j.all[i]; t.LSNs.Known && (t.Outcome == isolation.Committed || t.LSNs.Commit != 0) {
			all = append(all, i)
		}
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(j.all[a].Begin, j.all[b].Begin) })
	return all
}
