// Package kv is the contract that everything under test stands behind: an
// ordered key-value store with atomic batches, snapshots and a stated
// durability. Every instrument of lsmlab (race, crash, load, study) knows this
// package and nothing else of an engine.
//
// Abilities that only some engines have are one-method interfaces ([Flusher],
// [Compacter], [Metricer], [Verifier], [LSNApplier], [LSNReporter], [WriteChecker],
// [Syncer], [Settler], [Tracer], [Transactor], [Historian], [Checkpointer],
// [ReverseScanner]) found by type assertion:
//
//	if f, ok := e.(kv.Flusher); ok { err = f.Flush() }
package kv

import "io"

// Limits that every engine accepts, but for a lower one of batches that its
// package comment may state. What is above is refused with [ErrTooLarge];
// nothing of its batch is applied: a batch is never cut in pieces.
const (
	MaxKeySize   = 64 << 10 // bytes; the empty key is a key like any other
	MaxValueSize = 16 << 20 // bytes; the empty value is distinct from no value
	MaxBatchSize = 1 << 30  // bytes of an encoded [Batch]
)

// Engine is one open store. It is safe for concurrent use.
//
// When other readers see a write is the engine's choice: most show it before it has
// reached its level, as that lets writers share a sync. So a crash may take back what
// a read saw, if it comes before the write is acknowledged, or if that was asked for
// at a level that does not outlive it. A store that is opened for durable reads
// (engines.Options.DurableReads) shows nothing that a power failure takes back.
// Either way Apply's own caller sees the write once Apply has returned, and so does
// whoever reads after.
//
// After Close every method returns [ErrClosed]; a second Close does too.
// Snapshots and iterators should be closed before the engine.
type Engine interface {
	Reader
	// Apply makes the writes of b visible and durable to level d: all of b or
	// nothing, also across a crash. It returns once level d is reached, with
	// [ErrUnsupported] if this engine cannot give d. Later operations of one
	// batch win over earlier ones on the same key. A batch with range deletes is
	// refused as a whole, with [ErrUnsupported], by an engine that has none. The
	// engine keeps no part of b after Apply returns.
	Apply(b *Batch, d Durability) error
	// Snapshot returns a read-only view of all that was applied before the
	// call. It holds resources until closed.
	Snapshot() (Snapshot, error)
	io.Closer
}

// Reader reads one state of a store: the newest one for an [Engine], a fixed
// one for a [Snapshot]. Keys are ordered bytewise.
type Reader interface {
	// Get appends the value of key to dst and returns the extended slice, or
	// dst unchanged and [ErrNotFound]. The result belongs to the caller.
	Get(dst, key []byte) ([]byte, error)
	// Scan returns an iterator over [lower, upper); nil means unbounded. It
	// sees one consistent state: the one at the call. Errors, also of a closed
	// engine, are reported by the iterator's Close. The bounds must stay
	// unchanged until the iterator is closed.
	Scan(lower, upper []byte) Iterator
}

// Snapshot is a [Reader] on one fixed state; safe for concurrent use. An engine may bound how
// long, or how much, it keeps for one. Then it returns [ErrSnapshotTooOld] from some moment
// on, and its iterators do so from Close; it never shows another state.
type Snapshot interface {
	Reader
	io.Closer
}

// Iterator walks keys in ascending order. It starts before the first key; each
// positioning method says whether it stands on an entry. It is used by one
// goroutine at a time. Next on an iterator that was never positioned is First.
type Iterator interface {
	First() bool
	SeekGE(key []byte) bool // first entry with a key >= key, within the bounds
	Next() bool
	Key() []byte   // view, valid until the next move
	Value() []byte // view, valid until the next move
	// Close releases the iterator and returns the first error that it met. A
	// walk that ended early because of an error looks like its end, so callers
	// that need completeness check Close.
	io.Closer
}

// Flusher moves all buffered writes into tables (or the engine's equivalent)
// and waits for it.
type Flusher interface{ Flush() error }

// Compacter pays the whole compaction debt and waits for it.
type Compacter interface{ Compact() error }

// Metricer reports an engine's counters; see [Metrics].
type Metricer interface{ Metrics() Metrics }

// Verifier checks every checksum and invariant that the engine can check while
// open; damage is reported as [ErrCorrupt].
type Verifier interface{ Verify() error }

// Settler is an engine that can be waited for: Settle returns once no work is
// left in the background that earlier calls caused, or an error if there never
// will be. Who calls it between writes, alone, sees the same operations in the
// same order every time.
type Settler interface{ Settle() error }

// LSNApplier is [Engine.Apply] that also returns the LSN of b's last write; the
// others of b have the LSNs just before it. For an empty batch it is 0.
type LSNApplier interface {
	ApplyLSN(b *Batch, d Durability) (uint64, error)
}

// LSNReporter returns the newest LSN that reads see: a read that begins later
// sees all writes up to it.
type LSNReporter interface{ LSN() uint64 }

// Syncer makes durable, as [Synced] does, all that was applied before the call, at
// whatever durability level.
type Syncer interface{ Sync() error }

// OpenProgress says how far the opening of a store is.
type OpenProgress struct {
	Step        string // what is under way: "tables" or "log"
	Done, Total int64  // tables opened and to be opened, or bytes of the log read and to be read
}

// WriteChecker returns why the engine takes no more writes, or nil. If that wraps
// [ErrExhausted] the cause may pass, and the engine takes writes again by itself.
type WriteChecker interface{ Writable() error }
