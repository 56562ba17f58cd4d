// Package parts treats the stores that an engine is made of as one: what is asked of the
// engine is asked of each store that has the ability.
package parts

import (
	"errors"
	"sync"

	"lsmlab/engines/kv"
)

// Stores are the stores that an engine is made of.
type Stores []kv.Engine

// each calls f for all stores at once, and returns all errors.
func (s Stores) each(f func(store kv.Engine) error) error {
	errs := make([]error, len(s))
	var calls sync.WaitGroup
	for i, store := range s {
		calls.Go(func() { errs[i] = f(store) })
	}
	calls.Wait()
	return errors.Join(errs...)
}

// Flush flushes each store that can.
func (s Stores) Flush() error {
	return s.each(func(store kv.Engine) error {
		if f, ok := store.(kv.Flusher); ok {
			return f.Flush()
		}
		return nil
	})
}

// Compact compacts each store that can.
func (s Stores) Compact() error {
	return s.each(func(store kv.Engine) error {
		if c, ok := store.(kv.Compacter); ok {
			return c.Compact()
		}
		return nil
	})
}

// Verify checks each store that can be checked.
func (s Stores) Verify() error {
	return s.each(func(store kv.Engine) error {
		if v, ok := store.(kv.Verifier); ok {
			return v.Verify()
		}
		return nil
	})
}

// Writable returns why one of the stores takes no more writes, or nil.
func (s Stores) Writable() error {
	return s.each(func(store kv.Engine) error {
		if w, ok := store.(kv.WriteChecker); ok {
			return w.Writable()
		}
		return nil
	})
}

// Close closes all stores.
func (s Stores) Close() error { return s.each(kv.Engine.Close) }
