// Package interval bounds by time what a power failure may take of writes that were
// not synced: it syncs in the background.
package interval

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"lsmlab/engines/kv"
)

// Least is the shortest interval that is taken.
const Least = time.Millisecond

// Syncer syncs every half of an interval. So while a sync takes no longer than that
// half, all writes that a power failure takes were acknowledged within one interval:
// between the start of the last sync that ended, and the failure.
//
// Where a sync takes longer, Late is true until it has ended: whoever acknowledges a
// write then has it synced first. So it is writes of one interval again that a
// failure takes.
type Syncer struct {
	every time.Duration
	sync  func() error
	late  atomic.Bool
}

// Check refuses an interval that is too short; 0 is none.
func Check(every time.Duration) error {
	if every != 0 && every < Least {
		return fmt.Errorf("%w: sync interval of %v: want at least %v", kv.ErrUnsupported, every, Least)
	}
	return nil
}

// New returns a syncer whose Run calls sync, which makes durable all that was
// acknowledged before the call.
func New(every time.Duration, sync func() error) *Syncer { return &Syncer{every: every, sync: sync} }

// Run syncs until stop is closed or a sync fails, which is what it returns then: how
// much is durable is not known any more. After a sync that failed for want of something
// ([kv.ErrExhausted]) it tries again, and is late until one succeeds.
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

func (s *Syncer) once() error {
	alarm := time.AfterFunc(s.every/2, func() { s.late.Store(true) })
	err := s.sync()
	// An alarm that goes off right now leaves late true up to the next sync.
	alarm.Stop()
	short := errors.Is(err, kv.ErrExhausted)
	s.late.Store(short)
	if short {
		return nil
	}
	return err
}

// Late says whether writes have to be synced one by one. A nil syncer never is.
func (s *Syncer) Late() bool { return s != nil && s.late.Load() }
