package workloads

import (
	"errors"
	"fmt"
	"strings"

	"lsmlab/engines/kv"
)

// ErrInvariant says that a store, after a run, breaks what the transactions of the
// workload keep.
var ErrInvariant = errors.New("invariant violated")

// ledger is one run of a transactional workload: what is stored first, the programs, and
// what must hold of the store afterwards.
type ledger interface {
	// rows is the number of entries to preload; addRow adds one of them to b.
	rows() int64
	addRow(b *kv.Batch, i uint64)
	// choices is the number of items (accounts, warehouses, ..) that streams draw from
	// the distribution of the spec.
	choices() uint64
	// client returns what draws the transactions of stream i.
	client(i int) client
	// audit reads the whole store, after all streams have ended.
	audit(r kv.Reader) ([]Invariant, error)
}

// client makes the transactions of one stream.
type client interface {
	// draw sets Index, ReadOnly and program of op, whose Kind is set.
	draw(op *Op, s *Stream)
}

// Invariant is one thing that must hold of a store after a run, whatever the order of the
// transactions was, at snapshot isolation and above.
type Invariant struct {
	Name      string
	Want, Got int64
	Detail    string // more on a violation
}

// holds says whether the invariant holds.
func (i Invariant) holds() bool { return i.Want == i.Got }

// String says what was found.
func (i Invariant) String() string {
	text := fmt.Sprintf("%s: %d, want %d", i.Name, i.Got, i.Want)
	if i.Detail != "" {
		text += " (" + i.Detail + ")"
	}
	return text
}

// Transactional says whether the workload is one of transactions. Its engine must be a
// [kv.Transactor] that gives the isolation level of the spec.
func (w *Workload) Transactional() bool { return w.ledger != nil }

// Transactional says whether the workload of that name is one of transactions.
func Transactional(name string) bool {
	d, err := define(name)
	return err == nil && d.open != nil
}

// Audit reads the whole store and returns what must hold of it. It is called once all
// streams have ended. All operations of the streams must have been carried out on this
// store, each with success, and nothing else. An error wraps [ErrInvariant] if something
// does not hold. A workload without transactions has nothing to audit.
func (w *Workload) Audit(r kv.Reader) ([]Invariant, error) {
	if w.ledger == nil {
		return nil, nil
	}
	found, err := w.ledger.audit(r)
	if err != nil {
		return nil, err
	}
	var broken []string
	for _, i := range found {
		if !i.holds() {
			broken = append(broken, i.String())
		}
	}
	if len(broken) > 0 {
		return found, fmt.Errorf("%w: %s", ErrInvariant, strings.Join(broken, "; "))
	}
	return found, nil
}

// tally is what one stream knows of its committed transactions. Only the stream's
// goroutine writes it, and the audit reads it afterwards.
type tally struct {
	commits int64
	amount  int64 // payments of TPC-C, cents; appended elements
	orders  int64 // of TPC-C
	_       [40]byte
}

// tallies are those of all streams.
type tallies []tally

func (ts tallies) sum() (sum tally) {
	for _, t := range ts {
		sum.commits += t.commits
		sum.amount += t.amount
		sum.orders += t.orders
	}
	return sum
}

// scanTable calls f with every entry whose key begins with a letter. f keeps nothing.
func scanTable(r kv.Reader, table byte, f func(key []byte, value row) error) error {
	it := r.Scan([]byte{table}, []byte{table + 1})
	var err error
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		err = f(it.Key(), it.Value())
	}
	return errors.Join(err, it.Close())
}

// scanRows is scanTable for rows of at least size bytes.
func scanRows(r kv.Reader, table byte, size int, f func(key []byte, value row) error) error {
	return scanTable(r, table, func(key []byte, value row) error {
		if err := value.check(key, size); err != nil {
			return err
		}
		return f(key, value)
	})
}
