// Package interval limits, in time, which writes a power failure may take that were not
// synced: it syncs in the background.
package interval

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"lsmlab/engines/kv"
)

// Least is the shortest interval that is accepted.
const Least = time.Millisecond

// Syncer starts a sync every half of an interval. As long as a sync takes no longer
// than this half, all writes that a power failure takes were acknowledged within one
// interval: between the start of the last sync that ended, and the failure.
//
// If a sync takes longer, Late is true until the sync has ended. Engines that
// acknowledge a write then sync it first. So a failure still takes writes of one
// interval only.
type Syncer struct {
	every time.Duration
	sync  func() error
	late  atomic.Bool
}

// Check refuses an interval that is too short; 0 means no interval and is accepted.
func Check(every time.Duration) error {
	if every != 0 && every < Least {
		return fmt.Errorf("%w: sync interval of %v: want at least %v", kv.ErrUnsupported, every, Least)
	}
	return nil
}

// New returns a syncer. Its Run calls sync, which must make everything durable that was
// acknowledged before the call.
func New(every time.Duration, sync func() error) *Syncer { return &Syncer{every: every, sync: sync} }

// Run syncs until stop is closed or a sync fails. It returns the error of that sync,
// after which it is not known how much is durable. A sync that failed because the
// system was out of something ([kv.ErrExhausted]) does not end Run: it tries again, and
// Late stays true until a sync succeeds.
func (s *Syncer) Run(stop <-chan struct{}) error {
	ticker := time.NewTicker(s.every / 2)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-ticker.C:
			if err := s.once(); err != nil {
				return fmt.Errorf("sync in the background: %w", err)
			}
		}
	}
}

// once runs one sync. While it takes longer than half of the interval, late is set.
func (s *Syncer) once() error {
	alarm := time.AfterFunc(s.every/2, func() { s.late.Store(true) })
	err := s.sync()
	// If the alarm goes off right now, Late stays true until the next sync.
	alarm.Stop()
	short := errors.Is(err, kv.ErrExhausted)
	s.late.Store(short)
	if short {
		return nil
	}
	return err
}

// Late says whether writes have to be synced one by one. It is false for a nil Syncer.
func (s *Syncer) Late() bool { return s != nil && s.late.Load() }
