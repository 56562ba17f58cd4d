package kv

import "errors"

// Errors are matched with errors.Is; engines wrap them with the facts: which
// file, which offset, what was found and what was expected.
var (
	// ErrNotFound says that the key has no value in the state read.
	ErrNotFound = errors.New("not found")
	// ErrClosed says that the engine, snapshot or iterator was closed before.
	ErrClosed = errors.New("closed")
	// ErrCorrupt says that stored bytes fail a check.
	ErrCorrupt = errors.New("corrupt")
	// ErrInUse says that another process, or another handle of this one, has
	// the store open.
	ErrInUse = errors.New("store is in use")
	// ErrTooLarge says that a key, value or batch is over the limits.
	ErrTooLarge = errors.New("too large")
	// ErrExhausted says that the system is out of space, file descriptors or memory,
	// so that the call was refused for now. What is refused so may be tried again: the
	// engine goes on by itself once there is some again. A write that was refused so is
	// visible right after, in its place among the others, or is never found; with
	// durable reads it is visible once it is durable, which may be later.
	ErrExhausted = errors.New("refused for now, the system is out of a resource")
	// ErrConflict says that a transaction may not commit beside one that committed
	// since it began. Nothing of it was applied, and to do its work again in a new
	// transaction may succeed.
	ErrConflict = errors.New("conflict with another transaction, try again")
	// ErrSnapshotTooOld says that versions that a view of the past, a snapshot or a
	// transaction needs may be gone.
	ErrSnapshotTooOld = errors.New("snapshot too old")
	// ErrUnsupported says that the engine cannot give what was asked for.
	ErrUnsupported = errors.New("not supported by this engine")
)
