package service

import (
	"errors"
	"fmt"

	"lsmlab/engines/kv"
)

// ErrCheckpointing says that one checkpoint is made at a time.
var ErrCheckpointing = errors.New("another checkpoint is being made")

// Checkpoint copies the engine's store to dir, which must not exist, while it serves.
func (s *Store) Checkpoint(dir string) error {
	e := s.engine.Load()
	if e == nil {
		return s.recovering()
	}
	c, ok := e.Engine.(kv.Checkpointer)
	if !ok {
		return fmt.Errorf("%w: checkpoints", kv.ErrUnsupported)
	}
	if !s.checkpointing.TryLock() {
		return ErrCheckpointing
	}
	defer s.checkpointing.Unlock()
	return c.Checkpoint(dir)
}
