package kv

import (
	"fmt"
	"time"
)

// Isolation is an isolation level: it says what a transaction is protected from that
// others do meanwhile. The names are those of Berenson et al., "A Critique of ANSI SQL
// Isolation Levels" (SIGMOD 1995), and of Adya's thesis (MIT 1999).
type Isolation int8

// The levels, weakest first. The zero value is snapshot isolation.
const (
	// ReadCommitted: each read sees only what was committed, and each scan one state,
	// but two reads may see two states. Nothing is checked at commit: the last of two
	// writers of a key wins.
	ReadCommitted Isolation = iota - 1
	// SnapshotIsolation: all reads see one state, that of Begin. Of two transactions
	// that ran at the same time and wrote the same key at most one commits.
	SnapshotIsolation
	// Serializable: all reads see one state, and a transaction that wrote commits only
	// if what it read, ranges and absent keys included, is unchanged at its commit. So
	// those that committed could have run one after the other.
	Serializable
)

var isolationNames = map[Isolation]string{
	ReadCommitted: "read-committed", SnapshotIsolation: "snapshot", Serializable: "serializable",
}

// Isolations returns the levels, weakest first.
func Isolations() []Isolation { return []Isolation{ReadCommitted, SnapshotIsolation, Serializable} }

// String returns the name used by flags and results.
func (i Isolation) String() string {
	if name, ok := isolationNames[i]; ok {
		return name
	}
	return fmt.Sprintf("isolation(%d)", int8(i))
}

// ParseIsolation is the inverse of [Isolation.String].
func ParseIsolation(s string) (Isolation, error) {
	for i, name := range isolationNames {
		if s == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("isolation level %q: want read-committed, snapshot or serializable", s)
}

// MarshalText implements [encoding.TextMarshaler].
func (i Isolation) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (i *Isolation) UnmarshalText(text []byte) (err error) {
	*i, err = ParseIsolation(string(text))
	return err
}

// TxnOptions say what kind of transaction to begin. The zero value is one that reads
// and writes under snapshot isolation.
type TxnOptions struct {
	Isolation Isolation
	// ReadOnly promises that the transaction writes nothing: Set and Delete are refused
	// with [ErrUnsupported]. It never meets [ErrConflict].
	ReadOnly bool
}

// Transactor is an engine with transactions.
//
// [Engine.Apply] is a transaction of one step that read nothing. It never meets a
// conflict itself, but a transaction meets one with it: where the level compares
// writes or reads with those of others, it compares them with plain writes too. That
// other write may not be visible yet: what counts is the order in which writes are made
// durable.
type Transactor interface {
	// Begin returns a transaction that sees all that was applied or committed before
	// the call. If the engine does not give the isolation level the error is
	// [ErrUnsupported], for transactions that only read too; an engine never gives a weaker
	// level than was asked for. Where an engine runs one writer at a time, Begin waits for
	// the transaction that may write, and so does Apply; one that locks keys has writers of
	// the same key wait. A program that then waits for itself waits for ever.
	Begin(o TxnOptions) (Txn, error)
}

// Txn is a transaction. It is used by one goroutine at a time, and ends with Commit or
// Discard; until then it holds resources, also the versions that it may yet read. After
// the engine was closed its methods return [ErrClosed], and Discard ends it still.
//
// An engine may bound how long, or how much, it keeps for a transaction. One that is cut for
// that returns [ErrSnapshotTooOld] from all methods from then on, Commit too, and so do
// its iterators from Close, which move no more. It is ended as any other.
//
// It reads what its isolation level says, and its own writes over that. An iterator
// sees the writes that were made before the call of Scan and may be used only until the
// transaction ends; it must be closed before.
//
// Keys and values that are given are copied. After the end every method but Discard
// returns [ErrClosed].
type Txn interface {
	Reader
	// Set and Delete add a write, which nobody else sees before Commit. They return
	// [ErrTooLarge] for what a batch would refuse, and the transaction goes on without
	// it; and [ErrConflict] if the engine can tell already that Commit will return that.
	Set(key, value []byte) error
	Delete(key []byte) error
	// Commit makes all writes visible at once and durable to level d: all of them or
	// nothing, also across a crash. It returns once level d is reached.
	//
	// [ErrConflict] says that the level forbids this commit and that nothing was
	// applied; the caller begins a new transaction and does its work again. After any
	// other error the outcome of the writes is that of [Engine.Apply] with the same error.
	// The transaction has ended in each case.
	Commit(d Durability) error
	// Discard ends the transaction and drops its writes. After the end it does
	// nothing, so that it may be deferred.
	Discard()
}

// LSNTxn is a [Txn] that tells its place in the order of commits, for those who judge
// a history by it.
type LSNTxn interface {
	// ReadLSN is the LSN of the newest write that the transaction sees.
	ReadLSN() uint64
	// CommitLSN is the LSN of the last write of a transaction that committed; 0 if it
	// did not, or wrote nothing.
	CommitLSN() uint64
}

// Historian is an engine that reads the past while it keeps it. How long that is is a
// setting of the engine.
type Historian interface {
	// SnapshotAt returns a view of the state right after the write with this LSN, or
	// [ErrSnapshotTooOld] if versions that this view needs may be gone. An LSN that was
	// not given out yet is refused with [ErrNotFound]. An LSN inside a batch means the
	// state before that batch.
	SnapshotAt(lsn uint64) (Snapshot, error)
	// SnapshotAtTime returns a view of the newest state that was not later than t, as
	// the engine's clock went and as finely as it notes the time of writes, or
	// [ErrSnapshotTooOld]. It is never one that is later than t.
	SnapshotAtTime(t time.Time) (Snapshot, error)
}

// Checkpointer copies the store while it is in use. Checkpoint makes a store in the
// directory dir, which must not exist: a copy of one state that holds at least all that
// was acknowledged before the call, and of later batches each whole or not at all. The
// copy is durable when the call returns, shares no file that either store will change,
// and is opened as any store. After an error dir is not there.
type Checkpointer interface{ Checkpoint(dir string) error }

// ReverseScanner is a [Reader] that also scans downwards. Bounds and state are those of
// Scan. Engines, snapshots and transactions may have it, all or none of one engine.
type ReverseScanner interface {
	ScanReverse(lower, upper []byte) ReverseIterator
}

// ReverseIterator walks keys in descending order; else it is as [Iterator]. Prev on one
// that was never positioned is Last.
type ReverseIterator interface {
	Last() bool
	SeekLT(key []byte) bool // last entry with a key < key, within the bounds
	Prev() bool
	Key() []byte   // view, valid until the next move
	Value() []byte // view, valid until the next move
	Close() error  // as [Iterator]
}
