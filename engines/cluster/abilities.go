package cluster

import (
	"errors"
	"sync"

	"lsmlab/engines/kv"
)

// all calls f for the stores of all members at once, and returns all errors.
func (e *Engine) all(f func(store kv.Engine) error) error {
	return e.Do(func() error {
		errs := make([]error, len(e.group.members))
		var calls sync.WaitGroup
		for i, m := range e.group.members {
			calls.Go(func() { errs[i] = f(m.store) })
		}
		calls.Wait()
		return errors.Join(errs...)
	})
}

// Flush implements [kv.Flusher]: each member flushes, if its engine can.
func (e *Engine) Flush() error {
	return e.all(func(store kv.Engine) error {
		if f, ok := store.(kv.Flusher); ok {
			return f.Flush()
		}
		return nil
	})
}

// Compact implements [kv.Compacter]: each member compacts, if its engine can.
func (e *Engine) Compact() error {
	return e.all(func(store kv.Engine) error {
		if c, ok := store.(kv.Compacter); ok {
			return c.Compact()
		}
		return nil
	})
}

// Verify implements [kv.Verifier]: each member is checked, if its engine can.
func (e *Engine) Verify() error {
	return e.all(func(store kv.Engine) error {
		if v, ok := store.(kv.Verifier); ok {
			return v.Verify()
		}
		return nil
	})
}

// Writable implements [kv.WriteChecker].
func (e *Engine) Writable() error {
	return errors.Join(e.Engine.Writable(), e.group.Writable())
}
