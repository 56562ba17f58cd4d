package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"lsmlab/engines/kv"
)

// Exhausted says whether err means only that the system was out of something which
// others may free again: space or quota of the file system, file descriptors, or
// memory. An operation that failed with such an error did not happen, and may be tried
// again.
//
// An error of a sync is never of this kind, whatever its number: the kernel may have
// dropped the data that the sync had to cover, so a second sync that succeeds would
// prove nothing. The one exception is the descriptor that [FS.SyncDir] opens: it may be
// lacking before anything is synced.
func Exhausted(err error) bool {
	found := false
	return allExhausted(err, false, &found) && found
}

// allExhausted walks through all that err wraps and says whether no part contradicts
// [Exhausted]. synced says that an enclosing operation is a sync. found is set if there
// is an errno at all.
func allExhausted(err error, synced bool, found *bool) bool {
	switch e := err.(type) {
	case nil:
		return true
	case syscall.Errno:
		*found = true
		return exhaustedErrno(e, synced)
	case *fs.PathError:
		return allExhausted(e.Err, synced || isSync(e.Op), found)
	}
	if errors.Is(err, kv.ErrCorrupt) || errors.Is(err, kv.ErrClosed) {
		return false
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return allExhausted(e.Unwrap(), synced, found)
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			if !allExhausted(part, synced, found) {
				return false
			}
		}
	}
	return true // text that wraps an errno
}

// exhaustedErrno says whether e is a shortage. synced says that a sync failed with it.
func exhaustedErrno(e syscall.Errno, synced bool) bool {
	switch e {
	case syscall.EMFILE, syscall.ENFILE:
		return true // a sync of an open file needs no descriptor
	case syscall.ENOSPC, syscall.EDQUOT, syscall.ENOMEM:
		return !synced
	}
	return false
}

// isSync says whether the operation of a *fs.PathError is a sync. The name is one of
// package os or one of this package.
func isSync(op string) bool {
	switch op {
	case "sync", "fdatasync", OpSync.String(), OpSyncData.String(), OpSyncDir.String():
		return true
	}
	return false
}

// OutOfSpace says whether err is [Exhausted] for want of space or quota.
func OutOfSpace(err error) bool {
	return (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)) && Exhausted(err)
}

// MarkExhausted returns err, wrapped so that it also is [kv.ErrExhausted] if it is
// [Exhausted].
func MarkExhausted(err error) error {
	if !Exhausted(err) || errors.Is(err, kv.ErrExhausted) {
		return err
	}
	return fmt.Errorf("%w: %w", kv.ErrExhausted, err)
}
